/** What a client asks for when it creates a consumer instance. */
import { KafkaHttpError } from '../errors.ts';
import type { RecordFormat } from '../embedded.ts';
import type { JsonObject } from '../wire.ts';

export interface InstanceConfig {
  /** Null: one is made up. */
  readonly name: string | null;
  readonly format: RecordFormat;
  /** Where a partition without a commit begins. */
  readonly offsetReset: 'earliest' | 'latest' | 'none';
  readonly autoCommit: boolean;
  /** A poll is answered as soon as it has so many bytes. */
  readonly fetchMinBytes: number;
  /** The longest wait of a poll, and its wait when it names none. */
  readonly requestTimeoutMs: number;
}

const members = new Set([
  'id',
  'name',
  'format',
  'auto.offset.reset',
  'auto.commit.enable',
  'fetch.min.bytes',
  'consumer.request.timeout.ms',
]);

/** Kafka's names and, for v1, those of its predecessors. */
const offsetResets: ReadonlyMap<unknown, InstanceConfig['offsetReset']> = new Map([
  [undefined, 'latest'],
  ['latest', 'latest'],
  ['largest', 'latest'],
  ['earliest', 'earliest'],
  ['smallest', 'earliest'],
  ['none', 'none'],
]);

const namePattern = /^[^\p{Cc}]{1,255}$/u;

/**
 * Members that are null are absent; numbers and booleans may come as strings. Errors: 422 for an unknown member or
 * format, 42204 for a value that is none of the possible ones.
 */
export function parseInstanceConfig(body: JsonObject): InstanceConfig {
  const unknown = Object.keys(body).find((member) => !members.has(member));
  if (unknown !== undefined) throw new KafkaHttpError(422, `Unrecognized field: ${unknown}`);
  const at = (member: string): unknown => body[member] ?? undefined;
  return {
    name: nameOf(at('id') ?? at('name')),
    format: formatOf(at('format')),
    offsetReset: offsetResetOf(at('auto.offset.reset')),
    autoCommit: booleanOf('auto.commit.enable', at('auto.commit.enable')),
    fetchMinBytes: integerOf('fetch.min.bytes', at('fetch.min.bytes'), -1, 10_000_000, -1),
    requestTimeoutMs: integerOf('consumer.request.timeout.ms', at('consumer.request.timeout.ms'), 1, 2 ** 31 - 1, 1000),
  };
}

function nameOf(value: unknown): string | null {
  if (value === undefined) return null;
  if (typeof value === 'string' && namePattern.test(value)) return value;
  throw invalid('name must be 1 to 255 characters and no control characters');
}

function formatOf(value: unknown): RecordFormat {
  const format = typeof value === 'string' ? value.toLowerCase() : value;
  if (format === undefined || format === 'binary') return 'binary';
  if (format === 'json') return 'json';
  throw new KafkaHttpError(422, 'Invalid format type: binary and json are supported');
}

function offsetResetOf(value: unknown): InstanceConfig['offsetReset'] {
  const reset = offsetResets.get(value);
  if (reset !== undefined) return reset;
  throw invalid('auto.offset.reset must be earliest, latest or none');
}

function booleanOf(member: string, value: unknown): boolean {
  if (value === undefined || value === false || value === 'false') return false;
  if (value === true || value === 'true') return true;
  throw invalid(`${member} must be true or false`);
}

function integerOf(member: string, value: unknown, least: number, most: number, otherwise: number): number {
  if (value === undefined) return otherwise;
  const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= least && number <= most) return number;
  throw invalid(`${member} must be an integer from ${least} to ${most}`);
}

function invalid(message: string): KafkaHttpError {
  return new KafkaHttpError(42204, `Invalid consumer configuration: ${message}`);
}
