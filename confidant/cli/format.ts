/** How replies are printed: a table for people, JSON or YAML for programs, or one field as it is. */
import { CommandError } from '../../targets/command-line/command-error.ts';
import { type Flag, UsageError } from '../../targets/command-line/flags.ts';
import { table } from '../../targets/command-line/table.ts';
import type { SecretData } from '../secret-store.ts';
import { type Context, EXIT_DONE, print } from './command.ts';

export const FORMAT_FLAG: Flag = { name: 'format', value: 'FORMAT', help: 'table (default), json or yaml' };
export const FIELD_FLAG: Flag = { name: 'field', value: 'NAME', help: 'print this field alone, without a line end' };
export const OUTPUT_FLAGS: readonly Flag[] = [FIELD_FLAG, FORMAT_FLAG];

const FORMATS = ['table', 'json', 'yaml'] as const;
type Format = (typeof FORMATS)[number];

export interface Answer {
  /** For programs. */
  readonly whole: unknown;
  /** What `--field` may name; left out: nothing. */
  readonly fields?: SecretData;
  /** For people. */
  readonly text: () => string;
}

/** Errors: `UsageError`. */
export function formatOf({ flags }: Pick<Context, 'flags'>): Format {
  const text = flags.text('format') ?? 'table';
  const format = FORMATS.find((one) => one === text);
  if (format === undefined) throw new UsageError(`--format is ${text}: want ${FORMATS.join(', ')}`);
  return format;
}

export async function printAnswer(context: Context, { whole, fields = {}, text }: Answer): Promise<number> {
  const format = formatOf(context);
  const field = context.flags.text('field');
  if (field === undefined) await print(context, format === 'table' ? text() : printed(format, whole));
  else {
    if (!Object.hasOwn(fields, field)) throw new CommandError(`field ${JSON.stringify(field)} is not there`);
    const value = fields[field];
    await print(context, format === 'table' ? cellOf(value) : printed(format, value));
  }
  return EXIT_DONE;
}

function printed(format: Exclude<Format, 'table'>, value: unknown): string {
  return format === 'json' ? `${JSON.stringify(value, null, 2)}\n` : `${yamlOf(value, '')}\n`;
}

/** Two columns, as the Vault command line prints them. */
export function keyValueTable(data: SecretData): string {
  const rows = Object.entries(data).map(([name, value]) => [name, cellOf(value)]);
  return table([['Key', 'Value'], ['---', '-----'], ...rows]);
}

export function cellOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return `[${value.map(cellOf).join(' ')}]`;
  return value === null || value === undefined ? 'n/a' : JSON.stringify(value);
}

/** YAML of a JSON value: all texts in double quotes, so that none is taken for something else. */
function yamlOf(value: unknown, indent: string): string {
  if (typeof value !== 'object' || value === null) return scalarOf(value);
  const isList = Array.isArray(value);
  const lines = Object.entries(value).map(([name, item]) => {
    const key = isList ? '-' : `${isPlain(name) ? name : scalarOf(name)}:`;
    const isBlock = typeof item === 'object' && item !== null && Object.keys(item).length > 0;
    return `${indent}${key}${isBlock ? `\n${yamlOf(item, `${indent}  `)}` : ` ${emptyOr(item)}`}`;
  });
  return lines.length === 0 ? emptyOr(value) : lines.join('\n');
}

/** What no YAML takes for another type. */
function isPlain(name: string): boolean {
  return /^[a-z_]\w*$/i.test(name) && !/^(y|n|yes|no|on|off|true|false|null)$/i.test(name);
}

function emptyOr(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? '[]' : '{}';
  return scalarOf(value);
}

/** JSON is YAML, but for characters that YAML wants escaped. */
function scalarOf(value: unknown): string {
  // oxlint-disable-next-line no-control-regex
  return (JSON.stringify(value) ?? 'null').replace(/[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
