/** The package as npm would publish it, from the build in `dist/`, installed in a directory of its own. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import * as assert from 'uvu/assert';

export interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
}

export interface Installed {
  /** The project that has it. To be removed in the end. */
  readonly root: string;
  readonly installed: string;
  readonly manifest: Manifest;
}

/** Packs and installs as npm does, but without a registry: the dependencies are links to those of this checkout. */
export function installPackage(): Installed {
  const root = mkdtempSync(join(tmpdir(), 'streambed-package-'));
  run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', root], '.');
  const archive = readdirSync(root).find((name) => name.endsWith('.tgz')) ?? '';
  run('tar', ['-xzf', archive], root);
  const installed = join(root, 'node_modules/streambed');
  mkdirSync(dirname(installed));
  run('mv', ['package', installed], root);
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as Manifest;
  for (const name of [...Object.keys(manifest.dependencies), '@types/node', 'undici-types']) linkPackage(root, name);
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
  return { root, installed, manifest };
}

export function linkPackage(root: string, name: string): void {
  mkdirSync(join(root, 'node_modules', dirname(name)), { recursive: true });
  symlinkSync(resolve('node_modules', name), join(root, 'node_modules', name));
}

export function run(command: string, args: readonly string[], cwd: string): SpawnSyncReturns<string> {
  const end = spawnSync(command, args, { cwd, encoding: 'utf8' });
  assert.is(end.status, 0, `${command} ${args.join(' ')}: ${end.error?.message ?? ''}${end.stdout}${end.stderr}`);
  return end;
}
