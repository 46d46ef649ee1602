/**
 * The package as npm would publish it, from the build in `dist/`: what is in it, that a TypeScript program of somebody
 * else compiles against its declarations and runs, and that its commands are the ones that npx runs.
 */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';

const test = suite('package');

const APP = `import type { Main } from 'streambed/app';
import { FileLog } from 'streambed/logged';

export const main: Main = async ({ host, terminal }) => {
  const log = await FileLog.open(host, { root: terminal.args[0] ?? '' });
  const { offset } = await log.produce({ topic: 'starts', key: null, value: null });
  await terminal.write(host.bytes.encodeUtf8(\`start \${offset}\\n\`));
  await log.close();
  return 0;
};
`;

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
}

let root = '';
let installed = '';
let manifest: Manifest;

/** Packs and installs as npm does, but without a registry: the dependencies are links to those of this checkout. */
test.before(() => {
  root = mkdtempSync(join(tmpdir(), 'streambed-package-'));
  run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', root], '.');
  const archive = readdirSync(root).find((name) => name.endsWith('.tgz')) ?? '';
  run('tar', ['-xzf', archive], root);
  installed = join(root, 'node_modules/streambed');
  mkdirSync(dirname(installed));
  run('mv', ['package', installed], root);
  manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as Manifest;
  for (const name of [...Object.keys(manifest.dependencies), '@types/node', 'undici-types']) {
    mkdirSync(join(root, 'node_modules', dirname(name)), { recursive: true });
    symlinkSync(resolve('node_modules', name), join(root, 'node_modules', name));
  }
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
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
  assert.equal(readdirSync(join(installed, 'targets/quickjs')), ['native']);
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

test('an app of another project is built into a binary, and says what it needs for that', () => {
  writeFileSync(join(root, 'app.ts'), APP);
  const command = join(installed, manifest.bin['streambed'] ?? '');
  const missing = spawnSync(command, ['build', 'app.ts', '--target', 'x86_64'], { cwd: root, encoding: 'utf8' });
  assert.is(missing.status, 1);
  assert.is(missing.stderr, 'streambed build: esbuild is not installed: npm install esbuild\n');
  for (const name of Object.keys(manifest.optionalDependencies)) {
    symlinkSync(resolve('node_modules', name), join(root, 'node_modules', name));
  }
  run(command, ['build', 'app.ts', '--target', 'x86_64'], root);
  for (const start of [0, 1]) assert.is(run('./app-x86_64', ['log'], root).stdout, `start ${start}\n`);
});

function run(command: string, args: readonly string[], cwd: string): SpawnSyncReturns<string> {
  const end = spawnSync(command, args, { cwd, encoding: 'utf8' });
  assert.is(end.status, 0, `${command} ${args.join(' ')}: ${end.error?.message ?? ''}${end.stdout}${end.stderr}`);
  return end;
}
