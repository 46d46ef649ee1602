/** What a build leaves out when it is told to: the code, its routes, and its name in `--version`. */
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import * as assert from 'uvu/assert';
import { CPUS } from '../../scripts/targets/cpus.ts';
import { FEATURES, labelsWithout, needsCryptography } from '../../scripts/targets/features.ts';
import { compileProgram, linkProgram, measureBundle } from '../../scripts/targets/program.ts';
import { findSources } from '../../scripts/targets/sources.ts';
import { findToolchain } from '../../scripts/targets/toolchain.ts';
import { programUnderTest } from '../support/program.ts';
import { spawnService, startService } from '../support/service.ts';
import { suite } from '../support/suite.ts';

const test = suite('features');

/** What only that feature needs, and a route of it. */
const parts: Readonly<Record<string, readonly [path: string, route: string | null]>> = {
  'kafka-streambed': ['http-api/kafka/streambed/consumers', null],
  'kafka-v2': ['http-api/kafka/v2/consumer', '/topics'],
  'kafka-v3': ['http-api/kafka/v3/topics', '/v3/clusters'],
  'kafka-streams': ['http-api/kafka/streams/', '/streams'],
  openapi: ['openapi:', '/openapi.json'],
  vault: ['http-api/vault/', null],
  logged: ['logged/cli/', null],
  confidant: ['confidant/cli/', null],
};

/** Constants that the bundler cannot know to be without effect. */
const remainderBytes = 250;

async function sourcesOf(features: readonly string[]): Promise<readonly string[]> {
  const dropLabels = labelsWithout(features.join(','));
  const modules = await measureBundle({ entry: 'targets/quickjs/main.ts', dropLabels });
  return [...modules.values()].flatMap((files) =>
    files.filter(([, bytes]) => bytes > remainderBytes).map(([path]) => path),
  );
}

test('every feature has code of its own, which is not there without it', async () => {
  assert.equal(Object.keys(parts), FEATURES);
  const all = await sourcesOf(FEATURES);
  for (const [feature, [path]] of Object.entries(parts)) {
    assert.ok(
      all.some((source) => source.startsWith(path)),
      `${feature}: ${path}`,
    );
    const left = await sourcesOf(FEATURES.filter((name) => name !== feature));
    assert.equal(
      left.filter((source) => source.startsWith(path)),
      [],
      feature,
    );
  }
});

test('the secret store is left out when neither of the two that use it is wanted', async () => {
  const left = await sourcesOf(FEATURES.filter((name) => name !== 'vault' && name !== 'confidant'));
  assert.equal(
    left.filter((source) => source.startsWith('confidant/')),
    [],
  );
});

test('an unknown feature is an error', () => {
  assert.throws(() => labelsWithout('kafka-v2,kafka-v4'), /--features kafka-v4: want some of kafka-streambed,kafka-v2/);
  assert.equal(labelsWithout('kafka-v3,logged,openapi,vault'), [
    'KAFKA_STREAMBED',
    'KAFKA_V2',
    'KAFKA_STREAMS',
    'CONFIDANT',
  ]);
  assert.equal(labelsWithout(FEATURES.join(',')), []);
});

/** 1.1 MiB. */
const LOG_BINARY_BYTES = 1_153_434;

test('the binaries for the device without the secret store are without its libraries, and small', async () => {
  const dropLabels = labelsWithout(FEATURES.filter((name) => name !== 'vault' && name !== 'confidant').join(','));
  const hasCryptography = needsCryptography(dropLabels);
  assert.is(hasCryptography, false);
  const build = { sources: findSources(undefined), toolchain: findToolchain(), hasCryptography };
  const root = mkdtempSync(join(tmpdir(), 'streambed-features-'));
  try {
    const modules = await compileProgram(build, { entry: 'targets/quickjs/main.ts', dropLabels }, `${root}/program`);
    for (const cpu of CPUS.filter(({ isMips }) => isMips)) {
      linkProgram(build, cpu, modules, `${root}/${cpu.name}`);
      const { size } = statSync(`${root}/${cpu.name}`);
      assert.ok(size <= LOG_BINARY_BYTES, `${cpu.name}: ${size} bytes`);
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test('either of the features that encrypt brings cryptography', () => {
  for (const name of FEATURES) {
    assert.is(needsCryptography(labelsWithout(name)), name === 'vault' || name === 'confidant', name);
  }
});

const withVault = { STREAMBED_VAULT: '127.0.0.1:0' };

test('a service without them does not serve them, and says so', async () => {
  const root = mkdtempSync(join(tmpdir(), 'streambed-features-'));
  try {
    mkdirSync(join(root, 'dist'));
    for (const name of ['node_modules', 'package.json']) symlinkSync(resolve(name), join(root, name));
    symlinkSync(resolve('dist/openapi.json'), join(root, 'dist/openapi.json'));
    for (const wanted of [[], ['kafka-v2'], ['kafka-v3', 'openapi'], ['kafka-v3', 'kafka-streams']]) {
      const file = join(root, 'dist/node', `${wanted.join('-')}.js`);
      await build({
        entryPoints: ['targets/node/streambed.ts'],
        outfile: file,
        bundle: true,
        format: 'esm',
        platform: 'node',
        packages: 'external',
        dropLabels: labelsWithout(wanted.join(',')),
      });
      const program = { ...programUnderTest(), streambed: [process.execPath, file] };
      const { output, ended } = spawnService(['--version'], {}, program);
      await ended;
      assert.match(output.join(''), new RegExp(`^features: ${wanted.join(' ')}$`, 'm'));
      const service = await startService(join(root, 'data'), [], program);
      for (const [feature, [, route]] of Object.entries(parts)) {
        if (route === null) continue;
        const { status } = await fetch(service.url + route);
        if (wanted.includes(feature)) assert.is.not(status, 404, `${wanted}: ${feature}`);
        else assert.is(status, 404, `${wanted}: ${feature}`);
      }
      await service.end('SIGTERM');
      const withAuth = spawnService(['serve', '--data', root, '--kafka-auth', 'token'], withVault, program);
      assert.is((await withAuth.ended).code, 1);
      assert.match(withAuth.lines.join('\n'), /this build has no secret store$/);
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
