/** Commands of the machine that the target builds use, and what installs them when they are missing. */
import { execFileSync, spawnSync } from 'node:child_process';

/** What is wrong, in words for people: printed without a stack. */
export class BuildError extends Error {}

/** Runs a command and gives its output; fails with what it said. */
export function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 1 << 26,
  });
  if (status === 0) return stdout;
  const said = [error?.message, stderr, stdout].filter((text) => text !== undefined && text !== '').join('\n');
  throw new BuildError(`${command} ${args.join(' ')}: ${said.trim()}`);
}

export function isInstalled(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
}

/** Installs the Debian packages of those commands that are missing. */
export function installMissing(packages: Readonly<Record<string, string>>): void {
  const missing = Object.entries(packages).flatMap(([command, name]) => (isInstalled(command) ? [] : [name]));
  if (missing.length === 0) return;
  console.log(`installing ${missing.join(', ')}`);
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo'];
  for (const args of [
    ['update', '-q'],
    ['install', '-q', '-y', '--no-install-recommends', ...missing],
  ]) {
    const [command = '', ...rest] = [...asRoot, 'apt-get', ...args];
    execFileSync(command, rest, { stdio: ['ignore', 'ignore', 'inherit'] });
  }
}
