/**
 * The README's table out of the figures of a run: `npm run --silent bench > figures.jsonl`, then
 * `npx tsx scripts/bench/table.ts figures.jsonl`. Names the machine it runs on, Node's version and the commit.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, cpus, release, totalmem } from 'node:os';
import { nodeFiles } from '../../targets/node/files.ts';
import type { Figure } from './figure.ts';

const lines = readFileSync(process.argv[2] ?? 0, 'utf8').split('\n');
const figures = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Figure);

const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ', changed';
const [cpu] = cpus();
const memory = Math.round(totalmem() / 2 ** 30);

process.stdout.write(
  [
    `${cpus().length} cores of ${cpu?.model ?? arch()}, ${memory} GiB, Linux ${release()}, ${nodeFiles.space('.').fileSystem};`,
    `Node ${process.version}; commit ${git('rev-parse', '--short', 'HEAD')}${changed}.`,
    '',
    '| figure | value | ratio |',
    '|---|---:|---|',
    ...figures.map(row),
    '',
  ].join('\n'),
);

function row({ name, value, unit, ratio, limit }: Figure): string {
  const compared = ratio === undefined ? '' : `${ratio.toFixed(2)} of ${limit}`;
  return `| \`${name}\` | ${grouped(value)} ${unit} | ${compared} |`;
}

function grouped(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 4 });
}
