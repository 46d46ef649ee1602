/**
 * Errors as the Kafka REST proxies answer them: `{"error_code":40401,"message":"Topic not found."}`, where the HTTP
 * status is the first three digits of the code. This is the only place where a CommitLogError meets a number.
 */
import { CommitLogError, type CommitLogErrorCode } from '../../logged/commit-log.ts';

export type Dialect = 'v2' | 'v3';

export class KafkaHttpError extends Error {
  readonly errorCode: number;

  constructor(errorCode: number, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'KafkaHttpError';
    this.errorCode = errorCode;
  }

  get status(): number {
    return Number(String(this.errorCode).slice(0, 3));
  }
}

/** Number in v2 and streambed's dialect, number in v3, fixed text (null: the message of the error itself). */
type Row = readonly [v2: number, v3: number, v2Text: string | null, v3Text: string | null];

const noTopicPartition = 'This server does not host this topic-partition.';

const table: Readonly<Record<CommitLogErrorCode, Row>> = {
  'unknown-topic': [40401, 40403, 'Topic not found.', noTopicPartition],
  'unknown-partition': [40402, 40403, 'Partition not found.', noTopicPartition],
  'unknown-group': [40405, 40405, 'Consumer group id not found.', 'Consumer group id not found.'],
  'topic-exists': [40002, 40002, null, null],
  'invalid-topic': [422, 42206, null, null],
  'invalid-group': [422, 422, null, null],
  'invalid-config': [40002, 40002, null, null],
  'invalid-record': [422, 422, null, null],
  'record-too-large': [413, 413, null, null],
  'stale-sequence': [409, 409, null, null],
  locked: [50302, 50302, null, null],
  'read-only': [50002, 50002, null, null],
  'no-space': [50003, 50003, null, null],
  'io-failed': [50003, 50003, null, null],
  busy: [42901, 42901, null, null],
  damaged: [50002, 50002, null, null],
  'unknown-version': [50002, 50002, null, null],
  closed: [50302, 50302, null, null],
};

/** Codes after which the same call may succeed. */
const retriable: ReadonlySet<CommitLogErrorCode> = new Set(['locked', 'no-space', 'io-failed', 'busy', 'closed']);

/** Any failure as the error that the client gets. What is not known to be meant for it says nothing. */
export function toHttpError(error: unknown, dialect: Dialect): KafkaHttpError {
  if (error instanceof KafkaHttpError) return error;
  if (!(error instanceof CommitLogError)) return new KafkaHttpError(500, 'Internal Server Error', error);
  const [v2, v3, v2Text, v3Text] = table[error.code];
  const text = dialect === 'v2' ? v2Text : v3Text;
  return new KafkaHttpError(dialect === 'v2' ? v2 : v3, text ?? withResumption(error), error);
}

/** A consumer that meets damage has to be told where to go on. */
function withResumption({ message, place }: CommitLogError): string {
  const offset = place?.resumeOffset ?? null;
  return offset === null ? message : `${message}; what follows can be read from offset ${offset}`;
}

/** A refusal that has no other words than its status. */
export function plainError(status: number): KafkaHttpError {
  return new KafkaHttpError(status, `HTTP ${status} ${statusTexts[status] ?? 'Error'}`);
}

export function printError({ errorCode, message }: KafkaHttpError): string {
  return JSON.stringify({ error_code: errorCode, message });
}

const statusTexts: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  408: 'Request Timeout',
  415: 'Unsupported Media Type',
  431: 'Request Header Fields Too Large',
  503: 'Service Unavailable',
};

/** The code of one failed record in a v2 reply that is a 200 otherwise: Confluent knows only these two. */
export function recordErrorCode(error: CommitLogError): 50002 | 50003 {
  return retriable.has(error.code) ? 50003 : 50002;
}
