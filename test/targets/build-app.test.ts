/** `streambed build`: what it makes of an app, and what it says about one that cannot be built. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import * as assert from 'uvu/assert';
import { bundleApp, readPackage } from '../../scripts/targets/app/bundle.ts';
import { FEATURES, labelsWithout } from '../../scripts/targets/features.ts';
import { BuildError } from '../../scripts/targets/system.ts';
import { suite } from '../support/suite.ts';

const test = suite('build app');
const own = readPackage(process.cwd());
let directory = '';

test.before(() => {
  directory = mkdtempSync(`${tmpdir()}/streambed-app-`);
});

test.after(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** Writes the files of an app, in a directory of their own; the path of `app.ts`. */
function write(name: string, files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(`${directory}/${name}/${path}`), { recursive: true });
    writeFileSync(`${directory}/${name}/${path}`, text);
  }
  return `${directory}/${name}/app.ts`;
}

async function bundle(app: string, features = FEATURES.join(',')): Promise<string> {
  const { modules } = await bundleApp(own, app, labelsWithout(features));
  return modules.map(({ text }) => text).join('');
}

/** What is said about an app that is refused, with the directory of the tests left out. */
async function refusal(app: string): Promise<string> {
  try {
    await bundle(app);
  } catch (error) {
    assert.instance(error, BuildError);
    return (error as Error).message.replaceAll(/[^\s"]*streambed-app-\w+\//g, '');
  }
  throw new Error('it was not refused');
}

function build(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/node/streambed.js', 'build', ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

const GREETING = `import type { Main } from 'streambed/app';
export const main: Main = async ({ host, terminal }) => {
  await terminal.write(host.bytes.encodeUtf8(\`\${terminal.env('GREETING')} \${terminal.args.join(' ')}\\n\`));
  if (terminal.args.includes('fail')) throw new Error('on purpose');
  return 3;
};
`;

test('a binary has arguments, environment and output, and ends with the code of main', () => {
  const app = write('greeting', { 'app.ts': GREETING });
  const output = `${directory}/greeting/binary`;
  assert.is(build(app, '--target', 'x86_64', '--output', output).status, 0);
  assert.is(statSync(output).mode & 0o777, 0o755);
  const env = { GREETING: 'hello' };
  const { status, stdout } = spawnSync(output, ['big', 'world'], { encoding: 'utf8', env });
  assert.is(`${status} ${stdout}`, '3 hello big world\n');
  const failed = spawnSync(output, ['fail'], { encoding: 'utf8', env });
  assert.is(`${failed.status} ${failed.stdout}`, '1 hello fail\n');
  assert.match(failed.stderr, 'on purpose');
  const again = `${directory}/greeting/again`;
  assert.is(build(app, '--target', 'x86_64', '--output', again).status, 0);
  assert.ok(readFileSync(again).equals(readFileSync(output)), 'the same sources give the same bytes');
});

test('the licences of everything in a binary stand beside it', () => {
  const app = write('licensed', {
    'app.ts': `import a from 'with-text';
import b from '@some/name-only';
import c from 'without';
import type { Main } from 'streambed/app';
export const main: Main = async () => a + b + c;
`,
    'node_modules/with-text/package.json': '{ "main": "index.js", "license": "MIT" }',
    'node_modules/with-text/index.js': 'export default 1;',
    'node_modules/with-text/LICENSE.md': 'You may.\n',
    'node_modules/with-text/NOTICE': 'Made by somebody.\n',
    'node_modules/@some/name-only/package.json': '{ "main": "index.js", "license": "0BSD" }',
    'node_modules/@some/name-only/index.js': 'export default 2;',
    'node_modules/without/package.json': '{ "main": "index.js" }',
    'node_modules/without/index.js': 'export default 3;',
    'node_modules/unused/package.json': '{ "main": "index.js" }',
    'node_modules/unused/index.js': 'export default 4;',
  });
  const output = `${directory}/licensed/binary`;
  const texts = (...more: readonly string[]): Map<string, string> => {
    assert.is(build(app, '--target', 'x86_64', '--output', output, ...more).status, 0);
    const parts = readFileSync(`${output}.LICENSES`, 'utf8')
      .split(/^==== (.*)\n\n/m)
      .slice(1);
    return new Map(parts.flatMap((name, at) => (at % 2 === 0 ? [[name, (parts[at + 1] ?? '').trim()] as const] : [])));
  };
  const all = texts();
  const own = ['Streambed', 'QuickJS', 'LMDB', 'libsodium', 'BearSSL', 'musl', "zig's run-time"];
  assert.equal([...all.keys()], [...own, '@some/name-only', 'with-text', 'without']);
  assert.is(all.get('with-text'), 'You may.\n\nMade by somebody.');
  assert.is(all.get('@some/name-only'), '0BSD');
  assert.is(all.get('without'), 'It names no licence.');
  assert.match(all.get('Streambed') ?? '', 'Apache License');
  assert.match(all.get('QuickJS') ?? '', 'Fabrice Bellard');
  assert.match(all.get('LMDB') ?? '', /Howard Chu[^]*OpenLDAP Public License/);
  assert.match(all.get('libsodium') ?? '', 'Frank Denis');
  assert.match(all.get('BearSSL') ?? '', 'Thomas Pornin');
  assert.match(all.get('musl') ?? '', 'Rich Felker');
  assert.match(all.get("zig's run-time") ?? '', 'Zig contributors');
  const some = [...texts('--features', 'kafka-v2,logged').keys()];
  assert.equal(
    some.slice(0, 5),
    own.filter((name) => name !== 'libsodium' && name !== 'BearSSL'),
  );
});

test('wrong calls are told from failures', () => {
  const app = write('calls', { 'app.ts': GREETING });
  const cases: readonly (readonly [status: number, text: string, ...args: string[]])[] = [
    [2, 'want one app'],
    [2, 'want one app', app, app, '--target', 'x86_64'],
    [2, '--target is missing', app],
    [2, '--target z80: want x86_64, mipsel_24kc, mips_24kc', app, '--target', 'z80'],
    [2, "Unknown option '--flag'", app, '--flag'],
    [1, '--features basic', app, '--target', 'x86_64', '--features', 'basic'],
    [1, 'no such file', `${app}x`, '--target', 'x86_64'],
  ];
  for (const [status, text, ...args] of cases) {
    const ended = build(...args);
    assert.is(ended.status, status, args.join(' '));
    assert.match(ended.stderr, `streambed build: `);
    assert.match(ended.stderr, text);
  }
});

test('a module of Node is refused, with the imports that lead to it', async () => {
  const app = write('direct', {
    'app.ts': "import { load } from './load.ts';\nexport const main = async () => load();\n",
    'load.ts': "import { readFileSync } from 'node:fs';\nexport const load = () => readFileSync('x').length;\n",
  });
  const said = 'there is no Node in a binary, and these are modules of Node:\n';
  assert.is(await refusal(app), `${said}  direct/app.ts -> direct/load.ts -> node:fs`);
  const packaged = write('packaged', {
    'app.ts': "import { size } from 'needy';\nexport const main = async () => size();\n",
    'node_modules/needy/package.json': '{ "name": "needy", "main": "index.js" }',
    'node_modules/needy/index.js': "exports.size = () => require('os').cpus().length + require('fs/promises').x;",
  });
  const needy = 'packaged/app.ts -> packaged/node_modules/needy/index.js';
  assert.is(await refusal(packaged), `${said}  ${needy} -> fs/promises\n  ${needy} -> os`);
  assert.match(
    await refusal(
      write('node', { 'app.ts': "import { nodeHost } from 'streambed/node';\nexport const main = nodeHost;" }),
    ),
    /node\/app\.ts -> dist\/lib\/targets\/node\/host\.js -> .*node:[^]*\n {2}and \d+ more$/,
  );
});

test('what nothing uses is no reason, and a package may have the name of a module of Node', async () => {
  const app = write('unused', {
    'app.ts': "import { a } from './both.ts';\nimport emit from 'events';\nexport const main = async () => a + emit;\n",
    'both.ts': "import { cpus } from 'node:os';\nexport const a = 1;\nexport const b = () => cpus();\n",
    'node_modules/events/package.json': '{ "name": "events", "main": "index.js" }',
    'node_modules/events/index.js': 'module.exports = 4711;',
  });
  const text = await bundle(app);
  assert.match(text, '4711');
  assert.not.match(text, 'cpus');
});

test('an app that is none is refused in words', async () => {
  const cases = {
    'No matching export in "none/app.ts" for import "main"': 'export const start = 1;',
    'Could not resolve "absent"': "import x from 'absent';\nexport const main = x;",
    'the package has no streambed/absent': "import x from 'streambed/absent';\nexport const main = x;",
    'streambed/host has types only: import type': "import x from 'streambed/host';\nexport const main = x;",
    'Expected ";" but found "is"': 'this is no program',
  };
  for (const [text, source] of Object.entries(cases)) {
    assert.match((await refusal(write('none', { 'app.ts': source }))).replaceAll('../', ''), text.slice(0, 40));
  }
});

test('features leave out what has their label, in the package and in the app', async () => {
  const app = write('features', {
    'app.ts': `import { builtDialects } from 'streambed/http-api/dialects';
export const main = async () => {
  KAFKA_V3: return builtDialects().length + 4711;
  return builtDialects().length;
};
`,
  });
  const all = await bundle(app);
  const some = await bundle(app, 'kafka-v2');
  const [v2, v3] = ['registerV2', 'registerV3'];
  assert.equal(
    [v2, v3, '4711'].map((what) => all.includes(what)),
    [true, true, true],
  );
  assert.equal(
    [v2, v3, '4711'].map((what) => some.includes(what)),
    [true, false, false],
  );
  assert.ok(some.length < all.length * 0.8, `${some.length} of ${all.length}`);
});

const CRYPTOGRAPHY = `import type { Main } from 'streambed/app';
export const main: Main = async ({ host, terminal }) => {
  const key = new Uint8Array(32);
  const attempts: [string, () => unknown][] = [
    ['aes', () => host.aes.gcmSeal(key, new Uint8Array(12), key, key).length],
    ['ctr', () => host.aes.ctr(key, new Uint8Array(16), key).length],
    ['sodium', async () => (await host.sodium()).hmac('sha2-256', key, key).length],
  ];
  for (const [name, attempt] of attempts) {
    const said = await Promise.resolve().then(attempt).catch((error) => [error.code, error.message].join(' '));
    await terminal.write(host.bytes.encodeUtf8(name + ': ' + said + '\\n'));
  }
  return 0;
};
`;

test('cryptography is in the binary unless the features leave it out, and then it says so', () => {
  const app = write('cryptography', { 'app.ts': CRYPTOGRAPHY });
  const [whole, some] = [`${directory}/cryptography/whole`, `${directory}/cryptography/some`];
  assert.is(build(app, '--target', 'x86_64', '--output', whole).status, 0);
  assert.is(spawnSync(whole, { encoding: 'utf8' }).stdout, 'aes: 48\nctr: 32\nsodium: 32\n');
  assert.is(build(app, '--target', 'x86_64', '--output', some, '--features', 'kafka-v2,logged').status, 0);
  const { stdout } = spawnSync(some, { encoding: 'utf8' });
  for (const name of ['aes', 'ctr', 'sodium']) {
    assert.match(stdout, new RegExp(`^${name}: ENOTSUP ENOTSUP: this build has no cryptography`, 'm'));
  }
  const saved = statSync(whole).size - statSync(some).size;
  assert.ok(saved > 30_000, `${saved} bytes less`);
});

test('the log of an app knows its own errors, whichever module they come from', async () => {
  const app = write('errors', {
    'app.ts': `import { FileLog } from 'streambed/logged';
import { CommitLogError } from 'streambed/logged/commit-log';
export const main = async ({ host, terminal }) => {
  const log = await FileLog.open(host, { root: terminal.args[0] });
  const error = await log.describeTopic('absent').catch((thrown) => thrown);
  await terminal.write(host.bytes.encodeUtf8(\`\${error instanceof CommitLogError} \${error.code}\\n\`));
  await log.close();
  return 0;
};
`,
  });
  const output = `${directory}/errors/binary`;
  assert.is(build(app, '--target', 'x86_64', '--output', output).status, 0);
  assert.is(spawnSync(output, [`${directory}/errors/log`], { encoding: 'utf8' }).stdout, 'true unknown-topic\n');
});
