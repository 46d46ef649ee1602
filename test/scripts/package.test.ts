/**
 * The package as npm would publish it, from the build in `dist/`: what is in it, that a TypeScript program of somebody
 * else compiles against its declarations and runs, and that its commands are the ones that npx runs.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { installPackage, type Manifest, run } from '../support/installed-package.ts';
import { suite } from '../support/suite.ts';

const test = suite('package');

let root = '';
let installed = '';
let manifest: Manifest;

test.before(() => {
  ({ root, installed, manifest } = installPackage());
});

test.after(() => {
  rmSync(root, { recursive: true, force: true });
});

test('holds the build, the licence and nothing of the development', () => {
  const found = readdirSync(installed).sort();
  assert.equal(found, ['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json', 'targets']);
  const inDist = readdirSync(join(installed, 'dist')).sort();
  assert.equal(inDist, ['build', 'lib', 'node', 'openapi.json', 'types']);
  // What `streambed build` compiles.
  assert.equal(readdirSync(join(installed, 'targets')), ['quickjs']);
  assert.equal(readdirSync(join(installed, 'targets/quickjs')), ['engine', 'native']);
});

test('holds every file that package.json promises', () => {
  const exported = Object.values(manifest.exports).flatMap((one) =>
    typeof one === 'string' ? [one] : Object.values(one),
  );
  for (const path of [...Object.values(manifest.bin), ...exported]) assert.ok(existsSync(join(installed, path)), path);
});

test('its commands can be executed', () => {
  for (const [name, path] of Object.entries(manifest.bin)) {
    const { stdout } = run(join(installed, path), ['--help'], root);
    assert.ok(stdout.includes(name), stdout);
  }
});

test('npx in this checkout runs its own commands', () => {
  // npx keeps the names of a checkout's commands for as long as it keeps anything.
  const cache = `--cache=${join(root, 'npm-cache')}`;
  for (const [name, path] of Object.entries(manifest.bin)) {
    const own = run(resolve(path), ['--help'], '.').stdout;
    assert.is(run('npx', [cache, '--offline', name, '--help'], '.').stdout, own);
  }
});

const COMPILER = {
  compilerOptions: {
    target: 'es2022',
    module: 'nodenext',
    strict: true,
    skipLibCheck: true, // @types/node does not pass it
    types: ['node'],
    outDir: 'out',
  },
  files: ['consumer.ts'],
};

test('another program compiles against it and runs', () => {
  writeFileSync(join(root, 'tsconfig.json'), JSON.stringify(COMPILER));
  writeFileSync(join(root, 'consumer.ts'), readFileSync('test/fixtures/consumer.ts'));
  run(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', root], root);
  const { stdout } = run(process.execPath, ['out/consumer.js', join(root, 'data')], root);
  assert.is(stdout, 'read back: my-topic 0 0 Hi there\nover HTTP: ["my-topic"]\nunknown-topic\n');
});
