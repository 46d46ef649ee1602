/** The linter must see what a type checker sees: a dropped promise above all. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';

const test = suite('lint');

const STATEMENTS: Readonly<Record<string, string>> = {
  'typescript(no-floating-promises)': 'export function a(): void { later(); }',
  'typescript(no-misused-promises)': 'export function a(): void { [1].forEach(async () => { await later(); }); }',
  'typescript(await-thenable)': 'export async function a(): Promise<number> { await later(); return await 1; }',
  'typescript(no-explicit-any)': 'export function a(b: any): number { return b.c; }',
  'import(no-default-export)': 'export default function a(): void {}',
  'eslint(no-empty)': 'export function a(): void { try { void later(); } catch {} }',
  'eslint(no-unused-vars)': 'const unused = 1;',
  'eslint(max-lines)': '\n'.repeat(400),
  'eslint(max-lines-per-function)': `export function a(): void {${'\n'.repeat(70)}}`,
};

/** All of them at once, each in a file of its own: the linter takes longer to start than to look. */
const NOTHING_TO_SAY = 'export async function a(): Promise<void> { await later(); }';
const names = [...Object.keys(STATEMENTS), 'nothing'];
let linted = { code: 0 as number | null, lines: [] as string[] };

test.before(() => {
  const root = mkdtempSync(join(tmpdir(), 'streambed-lint-'));
  try {
    writeFileSync(join(root, 'tsconfig.json'), '{ "compilerOptions": { "strict": true, "types": [] } }');
    for (const [i, source] of [...Object.values(STATEMENTS), NOTHING_TO_SAY].entries()) {
      writeFileSync(join(root, `code-${i}.ts`), `export async function later(): Promise<void> {}\n${source}\n`);
    }
    const args = ['-c', '.oxlintrc.json', '--format', 'unix', root];
    const { status, stdout } = spawnSync('node_modules/.bin/oxlint', args, { encoding: 'utf8' });
    linted = { code: status, lines: stdout.split('\n') };
  } finally {
    rmSync(root, { recursive: true });
  }
});

const saidOf = (name: string): string =>
  linted.lines.filter((line) => line.includes(`/code-${names.indexOf(name)}.ts:`)).join('\n');

test('nothing to say about a promise that is awaited', () => {
  assert.is(saidOf('nothing'), '');
  assert.is(linted.code, 1, 'of the others there is');
});

for (const rule of Object.keys(STATEMENTS)) {
  test(rule, () => assert.ok(saidOf(rule).includes(rule), linted.lines.join('\n')));
}
