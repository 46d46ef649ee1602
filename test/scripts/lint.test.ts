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

function lint(source: string): { readonly code: number | null; readonly output: string } {
  const root = mkdtempSync(join(tmpdir(), 'streambed-lint-'));
  try {
    writeFileSync(join(root, 'tsconfig.json'), '{ "compilerOptions": { "strict": true, "types": [] } }');
    writeFileSync(join(root, 'code.ts'), `export async function later(): Promise<void> {}\n${source}\n`);
    const args = ['-c', '.oxlintrc.json', '--format', 'unix', root];
    const { status, stdout } = spawnSync('node_modules/.bin/oxlint', args, { encoding: 'utf8' });
    return { code: status, output: stdout };
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('nothing to say about a promise that is awaited', () => {
  const end = lint('export async function a(): Promise<void> { await later(); }');
  assert.is(end.code, 0, end.output);
});

for (const [rule, source] of Object.entries(STATEMENTS)) {
  test(rule, () => {
    const end = lint(source);
    assert.ok(end.output.includes(rule), end.output);
    assert.is(end.code, 1);
  });
}
