/** What the query of a stream asks for. */
import type { Context } from 'hono';
import type { ConsumedOffset, StartPosition } from '../../../logged/commit-log.ts';
import { parseTime } from '../../../logged/codecs/rfc3339.ts';
import type { RecordFormat } from '../embedded.ts';
import { KafkaHttpError } from '../errors.ts';
import { queryInteger } from '../wire.ts';

export interface StreamRequest {
  readonly topics: readonly string[];
  readonly offsets: readonly ConsumedOffset[];
  readonly from: StartPosition;
  readonly format: RecordFormat;
  readonly idleTimeoutMs: number | undefined;
}

/** The table in `routes.ts`. 400 for what is not as it says. */
export function parseStreamRequest(c: Context): StreamRequest {
  const topics = (c.req.query('topics') ?? '').split(',').filter((topic) => topic !== '');
  if (topics.length === 0) throw new KafkaHttpError(400, 'query parameter topics must name one or more topics');
  const idleTimeoutMs = queryInteger(c, 'idle_timeout', Number.POSITIVE_INFINITY);
  if (idleTimeoutMs < 0) throw new KafkaHttpError(400, 'query parameter idle_timeout must not be negative');
  return {
    topics: [...new Set(topics)],
    offsets: parsePositions(c.req.header('last-event-id') ?? c.req.query('offsets')).filter(({ topic }) =>
      topics.includes(topic),
    ),
    from: startOf(c.req.query('from'), c.req.query('group')),
    format: formatOf(c.req.query('format')),
    idleTimeoutMs: idleTimeoutMs === Number.POSITIVE_INFINITY ? undefined : idleTimeoutMs,
  };
}

/** The inverse of `parsePositions`: the name of an event. */
export function printPositions(positions: Iterable<ConsumedOffset>): string {
  return [...positions].map(({ topic, partition, offset }) => `${topic},${partition},${offset}`).join(';');
}

function parsePositions(text: string | undefined): readonly ConsumedOffset[] {
  if (text === undefined || text === '') return [];
  return text.split(';').map((entry) => {
    const match = /^([^,]+),(\d{1,4}),(\d{1,16})$/.exec(entry);
    const offset = Number(match?.[3]);
    if (match?.[1] === undefined || !Number.isSafeInteger(offset)) {
      throw new KafkaHttpError(400, 'offsets must be topic,partition,offset, with a semicolon between several');
    }
    return { topic: match[1], partition: Number(match[2]), offset };
  });
}

function startOf(from: string | undefined, group: string | undefined): StartPosition {
  const start = fromOf(from ?? 'beginning');
  if (group === undefined) return start;
  if (start !== 'beginning' && start !== 'end') {
    throw new KafkaHttpError(400, 'with group, from must be beginning or end: where to begin without a commit');
  }
  return { group, otherwise: start };
}

function fromOf(from: string): Exclude<StartPosition, { readonly group: string }> {
  if (from === 'beginning' || from === 'end') return from;
  if (/^\d{1,15}$/.test(from)) return { offset: Number(from) };
  const time = from.startsWith('@') ? from.slice(1) : '';
  const timestamp = /^\d{1,15}$/.test(time) ? Number(time) : parseTime(time);
  if (timestamp !== null) return { timestamp };
  throw new KafkaHttpError(400, 'from must be beginning, end, an offset, @milliseconds or @time in RFC 3339');
}

function formatOf(format: string | undefined): RecordFormat {
  if (format === undefined || format === 'binary') return 'binary';
  if (format === 'json') return 'json';
  throw new KafkaHttpError(400, 'format must be binary or json');
}
