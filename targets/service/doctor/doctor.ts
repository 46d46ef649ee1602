/**
 * `streambed doctor [--data DIR] [--json]`: looks at the machine and the data directory as the service would find them,
 * also while the service runs. Exit code 0: all is well; 1: something is wrong. Changes nothing that stays.
 */
import { isHostError, UsageError } from '../failure.ts';
import type { Platform } from '../platform.ts';
import { checkDirectory, checkFileSystem, checkLock, checkSync } from './directory-checks.ts';
import type { Check, Finding } from './finding.ts';
import { checkByteOrder, checkClock, checkMemory } from './machine-checks.ts';

export const doctorHelp = `usage: streambed doctor [--data DIR] [--json]

  --data DIR                        the data directory to look at (STREAMBED_DATA); without it, the machine alone
  --json                            print one JSON object
`;

const machineChecks: readonly Check[] = [
  ['byte order', checkByteOrder],
  ['memory', checkMemory],
  ['clock', checkClock],
];
const directoryChecks: readonly Check[] = [
  ['file system', checkFileSystem],
  ['directory', checkDirectory],
  ['lock', checkLock],
  ['fsync', checkSync],
];

export async function runDoctor(platform: Platform, args: readonly string[]): Promise<number> {
  const { directory, isJson } = parseArgs(platform, args);
  const findings = await examine(platform, directory);
  const isWell = findings.every(({ ok }) => ok);
  await platform.print(isJson ? printJson(isWell, findings) : printTable(findings));
  return isWell ? 0 : 1;
}

async function examine(platform: Platform, directory: string | null): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const [name, check] of [...machineChecks, ...(directory === null ? [] : directoryChecks)]) {
    try {
      findings.push({ name, ...(await check(platform, directory ?? '')) });
    } catch (error) {
      if (!isHostError(error)) throw error;
      findings.push({ name, ok: false, text: error.message, details: { code: error.code } });
    }
  }
  return findings;
}

function parseArgs(platform: Platform, args: readonly string[]) {
  let directory = platform.env('STREAMBED_DATA') || null;
  let isJson = false;
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    if (arg === '--json') isJson = true;
    else if (arg.startsWith('--data=')) directory = arg.slice('--data='.length);
    else if (arg === '--data') directory = args[(at += 1)] ?? '';
    else throw new UsageError(`doctor ${arg}: unknown; see streambed doctor --help`);
    if (directory === '') throw new UsageError('--data: want a directory');
  }
  return { directory, isJson };
}

function printTable(findings: readonly Finding[]): string {
  return findings.map(({ name, ok, text }) => `${ok ? 'ok   ' : 'WRONG'}  ${name.padEnd(12)} ${text}\n`).join('');
}

function printJson(isWell: boolean, findings: readonly Finding[]): string {
  return `${JSON.stringify({ ok: isWell, checks: findings })}\n`;
}
