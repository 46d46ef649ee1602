/** What v2 routes read and write, by media type. */
import type { Context } from 'hono';
import type { RecordFormat } from '../embedded.ts';
import { KafkaHttpError, plainError } from '../errors.ts';
import { embeddedFormat, mediaTypeName, negotiate } from '../media-types.ts';

const plainTypes = [
  'application/vnd.kafka.v2+json',
  'application/vnd.kafka+json',
  'application/vnd.kafka.v1+json',
  'application/json',
];

/** The type of a reply without embedded data, or 406. */
export function replyType(c: Context): string {
  const type = negotiate(c.req.header('accept'), plainTypes);
  if (type === null) throw plainError(406);
  return type;
}

/**
 * The type of a reply with records in a format: its own type, or any plain one, which means the format that there is.
 * 40601 when the client asks for another format, 406 when for something else.
 */
export function recordsType(c: Context, format: RecordFormat): string {
  const accept = c.req.header('accept');
  const own = `application/vnd.kafka.${format}.v2+json`;
  const type = negotiate(accept, [own, `application/vnd.kafka.${format}.v1+json`, ...plainTypes]);
  if (type !== null) return type === plainTypes[0] ? own : type;
  const other = format === 'json' ? 'binary' : 'json';
  if (
    negotiate(accept, [`application/vnd.kafka.${other}.v2+json`, `application/vnd.kafka.${other}.v1+json`]) === null
  ) {
    throw plainError(406);
  }
  throw new KafkaHttpError(
    40601,
    'The requested embedded data format does not match the deserializer for this consumer instance',
  );
}

/** The format of a stateless read: as asked for, `binary` when any will do. */
export function askedFormat(c: Context): RecordFormat {
  const formats: readonly RecordFormat[] = ['binary', 'json'];
  const types = formats.map((format) => `application/vnd.kafka.${format}.v2+json`);
  const type = negotiate(c.req.header('accept'), [...types, ...plainTypes]);
  if (type === null) throw plainError(406);
  return embeddedFormat(type) ?? 'binary';
}

/** The format of a produce request's body: `binary` when the type names none. 415 for any other type. */
export function bodyFormat(c: Context): RecordFormat {
  const format = embeddedFormat(c.req.header('content-type'));
  if (format === undefined) throw unsupported();
  return format ?? 'binary';
}

/** A body without embedded data: any of Confluent's types, plain JSON, or none at all. Else 415. */
export function requirePlainBody(c: Context): void {
  const type = c.req.header('content-type') ?? '';
  if (type === '' || mediaTypeName(type) === 'application/json' || embeddedFormat(type) !== undefined) return;
  throw unsupported();
}

function unsupported(): KafkaHttpError {
  return plainError(415);
}
