/** The package for OpenWrt as bytes: what opkg and an SDK would find in it. What it does is in device.test.ts. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { buildIpk, feedFiles, feedMakefile, packageVersion } from '../../scripts/openwrt/package.ts';
import { tar } from '../../scripts/openwrt/tar.ts';
import { suite } from '../support/suite.ts';

const test = suite('OpenWrt package');

const program = Buffer.from('#!/bin/sh\necho a program\n');
const licences = Buffer.from('==== A program\n\nDo what you like.\n');
const built = { program, licences };
const source = 'targets/openwrt';
let scratch = '';

test.before(() => {
  scratch = mkdtempSync(`${tmpdir()}/streambed-openwrt-`);
  writeFileSync(`${scratch}/p.ipk`, buildIpk('mipsel_24kc', '1.2.3', built));
  mkdirSync(`${scratch}/control`);
  run('tar', '-xzf', `${scratch}/p.ipk`, '-C', scratch);
  run('tar', '-xzf', `${scratch}/control.tar.gz`, '-C', `${scratch}/control`);
});

test.after(() => {
  rmSync(scratch, { recursive: true, force: true });
});

test('the same sources give the same bytes', () => {
  assert.ok(buildIpk('mipsel_24kc', '1.2.3', built).equals(readFileSync(`${scratch}/p.ipk`)));
  assert.not.ok(buildIpk('mips_24kc', '1.2.3', built).equals(readFileSync(`${scratch}/p.ipk`)));
});

test('it is the three parts of an .ipk, in their order', () => {
  const parts = run('tar', '-tzf', `${scratch}/p.ipk`);
  assert.is(parts, './debian-binary\n./data.tar.gz\n./control.tar.gz\n');
  assert.is(readFileSync(`${scratch}/debian-binary`, 'utf8'), '2.0\n');
});

test('everything belongs to root and has its mode', () => {
  const list = run('tar', '--numeric-owner', '-tvzf', `${scratch}/data.tar.gz`).trim().split('\n');
  const found = Object.fromEntries(
    list.map((line) => {
      const [mode, owner, , , , path] = line.split(/\s+/);
      return [path, `${mode} ${owner}`];
    }),
  );
  assert.equal(found, {
    './': 'drwxr-xr-x 0/0',
    './etc/': 'drwxr-xr-x 0/0',
    './etc/config/': 'drwxr-xr-x 0/0',
    './etc/config/streambed': '-rw------- 0/0',
    './etc/init.d/': 'drwxr-xr-x 0/0',
    './etc/init.d/streambed': '-rwxr-xr-x 0/0',
    './lib/': 'drwxr-xr-x 0/0',
    './lib/upgrade/': 'drwxr-xr-x 0/0',
    './lib/upgrade/keep.d/': 'drwxr-xr-x 0/0',
    './lib/upgrade/keep.d/streambed': '-rw-r--r-- 0/0',
    './usr/': 'drwxr-xr-x 0/0',
    './usr/bin/': 'drwxr-xr-x 0/0',
    './usr/bin/streambed': '-rwxr-xr-x 0/0',
    './usr/share/': 'drwxr-xr-x 0/0',
    './usr/share/licenses/': 'drwxr-xr-x 0/0',
    './usr/share/licenses/streambed/': 'drwxr-xr-x 0/0',
    './usr/share/licenses/streambed/LICENSES': '-rw-r--r-- 0/0',
  });
  const inPackage = { './usr/bin/streambed': program, './usr/share/licenses/streambed/LICENSES': licences };
  for (const [path, content] of Object.entries(inPackage)) {
    assert.equal(Buffer.from(run('tar', '-xOzf', `${scratch}/data.tar.gz`, path)), content);
  }
});

test('no time in it is later than the clock of a router that was built years ago', () => {
  const times = run('tar', '--full-time', '--utc', '-tvzf', `${scratch}/data.tar.gz`);
  for (const line of times.trim().split('\n')) assert.match(line, ' 2020-01-01 00:00:00 ');
});

test('control has what opkg asks for', () => {
  const control = readFileSync(`${scratch}/control/control`, 'utf8');
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(control)?.[1];
  assert.is(field('Package'), 'streambed');
  assert.is(field('Version'), '1.2.3-r1');
  assert.is(field('Architecture'), 'mipsel_24kc');
  assert.is(field('License'), 'Apache-2.0 ISC MIT OLDAP-2.8');
  assert.is(field('Require-User'), 'streambed=8082:streambed=8082');
  const bytes = [program, licences, ...feedFiles().map(([, content]) => content)].reduce(
    (sum, { length }) => sum + length,
    0,
  );
  assert.is(Number(field('Installed-Size')), bytes);
  assert.match(control, /\nDescription: .+\n .+\n$/);
  assert.not.match(control, /^Depends:/m);
});

test('a version that apk would refuse is refused', () => {
  for (const version of ['1.2', '1.2.3-beta', 'v1.2.3', '1.2.3.4', '']) assert.throws(() => packageVersion(version));
  assert.match(packageVersion('0.10.0'), /^\d+\.\d+\.\d+-r\d+$/);
});

test('the Makefile of the feed makes the same package', () => {
  const makefile = feedMakefile('1.2.3', ['mipsel_24kc', 'mips_24kc', 'x86_64']);
  assert.not.match(makefile, /@[A-Z]+@/);
  assert.match(makefile, 'PKG_VERSION:=1.2.3\nPKG_RELEASE:=1\n');
  assert.match(makefile, 'PKG_LICENSE:=Apache-2.0 ISC MIT OLDAP-2.8\n');
  assert.match(makefile, 'DEPENDS:=@(mipsel||mips||x86_64)\n');
  assert.match(makefile, 'USERID:=streambed=8082:streambed=8082\n');
  const conffiles = readFileSync(`${scratch}/control/conffiles`, 'utf8');
  assert.match(makefile, `define Package/streambed/conffiles\n${conffiles}endef\n`);
  for (const [command, path] of [
    ['BIN', 'usr/bin/streambed'],
    ['DATA', 'usr/share/licenses/streambed/LICENSES'],
  ] as const) {
    const name = path.replace(/.*\//, '');
    assert.match(makefile, `\t$(INSTALL_${command}) ./bin/$(ARCH_PACKAGES)/${name} $(1)/${path}\n`);
  }
  const commands = { [0o755]: 'BIN', [0o600]: 'CONF', [0o644]: 'DATA' } as Readonly<Record<number, string>>;
  for (const [path, , mode] of feedFiles()) {
    const target = path.replace(/^root/, '');
    assert.match(makefile, `\t$(INSTALL_${commands[mode]}) ./${path} $(1)${target}\n`);
  }
});

test('what stands in the source is in the package', () => {
  const inSource = readdirSync(`${source}/root`, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(source.length + 1));
  assert.equal(
    inSource.sort(),
    feedFiles().map(([path]) => path),
  );
  assert.equal(readdirSync(`${source}/control`).sort(), ['conffiles', 'postinst', 'prerm']);
});

test('a conffile is a file of the package', () => {
  for (const path of readFileSync(`${source}/control/conffiles`, 'utf8').trim().split('\n')) {
    assert.ok(
      feedFiles().some(([own]) => own === `root${path}`),
      path,
    );
  }
});

test('every value of the configuration is the default of its validation', () => {
  const config = readFileSync(`${source}/root/etc/config/streambed`, 'utf8');
  const init = readFileSync(`${source}/root/etc/init.d/streambed`, 'utf8');
  const written = [...config.matchAll(/^\toption (\w+) '(.*)'$/gm)].map(([, name, value]) => `${name}=${value}`);
  const defaults = [...init.matchAll(/^\t\t'(\w+):[^:\n]*:(.*)' ?\\?$/gm)].map(([, name, value]) => `${name}=${value}`);
  assert.equal(written.sort(), defaults.sort());
  assert.ok(written.length > 10);
});

test('an archive has whole blocks, and refuses what does not fit into its header', () => {
  const archive = tar([{ path: './a', mode: 0o644, content: Buffer.alloc(513) }]);
  assert.is(archive.length, 512 * (1 + 2 + 2));
  assert.throws(() => tar([{ path: 'x'.repeat(101), mode: 0o644, content: null }]), /longer than 100 bytes/);
});

function run(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  assert.is(status, 0, stderr);
  return stdout;
}
