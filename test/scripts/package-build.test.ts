/** An app of another project, built into a binary by the installed package. It needs the cross compiler. */
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type Installed, installPackage, linkPackage, run } from '../support/installed-package.ts';
import { suite } from '../support/suite.ts';

const test = suite('package: build');

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

let one: Installed;

test.before(() => {
  one = installPackage();
});

test.after(() => {
  rmSync(one.root, { recursive: true, force: true });
});

test('an app of another project is built into a binary, and says what it needs for that', () => {
  const { root, installed, manifest } = one;
  writeFileSync(join(root, 'app.ts'), APP);
  const command = join(installed, manifest.bin['streambed'] ?? '');
  const missing = spawnSync(command, ['build', 'app.ts', '--target', 'x86_64'], { cwd: root, encoding: 'utf8' });
  assert.is(missing.status, 1);
  assert.is(missing.stderr, 'streambed build: esbuild is not installed: npm install esbuild\n');
  for (const name of Object.keys(manifest.optionalDependencies)) linkPackage(root, name);
  run(command, ['build', 'app.ts', '--target', 'x86_64'], root);
  for (const start of [0, 1]) assert.is(run('./app-x86_64', ['log'], root).stdout, `start ${start}\n`);
});
