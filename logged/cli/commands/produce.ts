/** `logged produce`: appends records from lines, streambed's JSON or plain text. */
import type { Bytes } from '../../../targets/host.ts';
import { type CommitLog, CommitLogError, type Header, type ProducerRecord } from '../../commit-log.ts';
import { parseRecord } from '../../codecs/record-json.ts';
import { type Command, type Context, EXIT_DONE, EXIT_INTERRUPTED, TOPIC_FLAG, VOLATILE_FLAG } from '../command.ts';
import { type Flags, UsageError } from '../../../targets/command-line/flags.ts';
import { fileSource, readLines } from '../../../targets/command-line/line-reader.ts';
import { unescape } from './record-format.ts';

/** Room for a record of the default `max.message.bytes` in base64. */
const DEFAULT_MAX_LINE_BYTES = 1_048_576;
const PLAIN_ONLY = ['partition', 'key', 'key-delimiter', 'header', 'tombstones'];

type LineParser = (line: Uint8Array) => ProducerRecord | null;

interface NumberedRecord {
  readonly line: number;
  readonly record: ProducerRecord;
}

export const produceCommand: Command = {
  name: 'produce',
  summary: 'append records from lines of JSON, or of plain text with --topic',
  flags: [
    { name: 'file', short: 'f', value: 'FILE', help: 'read lines from this file, - is standard input (default -)' },
    { name: 'max-line-len', value: 'BYTES', help: `refuse longer lines (default ${DEFAULT_MAX_LINE_BYTES})` },
    { ...TOPIC_FLAG, help: 'lines are plain text: values for this topic' },
    { name: 'partition', short: 'p', value: 'N', help: 'append to this partition (default: chosen by the key)' },
    { name: 'key', short: 'k', value: 'KEY', help: 'the key of all records whose line has none' },
    {
      name: 'key-delimiter',
      short: 'K',
      value: 'TEXT',
      help: 'what separates key and value in a line, \\t or the like',
    },
    { name: 'header', short: 'H', value: 'NAME=VALUE', help: 'add a header to all records, may be repeated' },
    { name: 'tombstones', short: 'Z', help: 'an empty value behind a key delimiter is none: it deletes the key' },
    VOLATILE_FLAG,
  ],
  notes: `Lines of JSON are streambed's:
  {"topic":"my-topic","headers":[],"timestamp":null,"key":0,"value":"SGkgdGhlcmU=","partition":0}
where headers, timestamp and partition may be left out, values are base64 and keys whole
numbers up to 18446744073709551615. Empty lines are passed over. Topics that do not exist are
created. At the first wrong line it stops: what stands above it is stored, what follows is not.
`,
  run: produce,
};

async function produce(context: Context): Promise<number> {
  const { terminal, host, flags } = context;
  const parse = flags.has('topic') ? plainParser(flags, host.bytes) : jsonParser(flags, host.bytes);
  const path = flags.text('file') ?? '-';
  const read = path === '-' ? () => terminal.read() : fileSource(host.files, path);
  const progress = new Progress(context);
  const log = await context.openLog();
  let lineCount = 0;
  try {
    for await (const lines of readLines(read, flags.count('max-line-len', 1) ?? DEFAULT_MAX_LINE_BYTES)) {
      const { records, failure } = parseLines(lines, lineCount, parse);
      lineCount += lines.length;
      await store(log, records, progress);
      if (failure !== null) throw failure;
      if (terminal.interrupted.aborted) break;
    }
  } finally {
    progress.end();
  }
  return terminal.interrupted.aborted ? EXIT_INTERRUPTED : EXIT_DONE;
}

function parseLines(lines: readonly Uint8Array[], linesBefore: number, parse: LineParser) {
  const records: NumberedRecord[] = [];
  for (const [i, bytes] of lines.entries()) {
    const line = linesBefore + i + 1;
    try {
      const record = bytes.length === 0 ? null : parse(bytes);
      if (record !== null) records.push({ line, record });
    } catch (error) {
      return { records, failure: atLine(line, error) };
    }
  }
  return { records, failure: null };
}

function jsonParser(flags: Flags, bytes: Bytes): LineParser {
  const flag = PLAIN_ONLY.find((name) => flags.has(name));
  if (flag !== undefined) throw new UsageError(`--${flag} is for plain lines: it needs --topic`);
  return (line) => {
    let text: string;
    try {
      text = bytes.decodeUtf8(line);
    } catch (error) {
      throw new CommitLogError('invalid-record', 'not UTF-8', { cause: error });
    }
    return text.trim() === '' ? null : parseRecord(text, bytes);
  };
}

function plainParser(flags: Flags, bytes: Bytes): LineParser {
  const delimiterText = flags.text('key-delimiter');
  const delimiter = delimiterText === undefined ? null : unescape(delimiterText, bytes);
  if (delimiter?.length === 0) throw new UsageError('--key-delimiter is empty');
  const keyText = flags.text('key');
  const topic = flags.text('topic')!;
  const partition = flags.count('partition', 0);
  const fixedKey = keyText === undefined ? null : bytes.encodeUtf8(keyText);
  const headers = flags.texts('header').map((text) => headerOf(text, bytes));
  const tombstones = flags.has('tombstones');
  return (line) => {
    const at = delimiter === null ? -1 : indexOf(line, delimiter);
    if (at < 0) return { topic, partition, key: fixedKey, value: line, headers };
    const value = line.subarray(at + delimiter!.length);
    const isTombstone = tombstones && value.length === 0;
    return { topic, partition, key: line.subarray(0, at), value: isTombstone ? null : value, headers };
  };
}

function headerOf(text: string, bytes: Bytes): Header {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`--header is ${text}: want NAME=VALUE`);
  return { name: text.slice(0, at), value: bytes.encodeUtf8(text.slice(at + 1)) };
}

function indexOf(bytes: Uint8Array, part: Uint8Array): number {
  for (let at = bytes.indexOf(part[0]!); at >= 0; at = bytes.indexOf(part[0]!, at + 1)) {
    if (part.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}

/** One batch per topic, so that one sync does for all. Fails with the first line that failed. */
async function store(log: CommitLog, records: readonly NumberedRecord[], progress: Progress): Promise<void> {
  const byTopic = new Map<string, NumberedRecord[]>();
  for (const numbered of records) {
    const batch = byTopic.get(numbered.record.topic);
    if (batch) batch.push(numbered);
    else byTopic.set(numbered.record.topic, [numbered]);
  }
  const stores = [...byTopic].map(([topic, batch]) => storeBatch(log, topic, batch, progress));
  const failures = (await Promise.all(stores)).filter((failure) => failure !== null);
  const first = failures.sort((a, b) => a.line - b.line)[0];
  if (first) throw atLine(first.line, first.error);
}

interface LineFailure {
  readonly line: number;
  readonly error: unknown;
}

async function storeBatch(
  log: CommitLog,
  topic: string,
  batch: readonly NumberedRecord[],
  progress: Progress,
): Promise<LineFailure | null> {
  try {
    const results = await log.produceBatch(
      topic,
      batch.map(({ record }) => record),
    );
    const failed = results.findIndex((result) => 'error' in result);
    progress.add(results.filter((result) => !('error' in result)).length);
    const result = results[failed];
    return result && 'error' in result ? { line: batch[failed]!.line, error: result.error } : null;
  } catch (error) {
    // Nothing of the batch was appended, and the error does not say which record it means: one by one it will.
    if (batch.length === 1) return { line: batch[0]!.line, error };
    for (const single of batch) {
      const failure = await storeBatch(log, topic, [single], progress);
      if (failure) return failure;
    }
    return null;
  }
}

function atLine(line: number, error: unknown): Error {
  if (!(error instanceof CommitLogError)) return error as Error;
  const place = error.place === null ? {} : { place: error.place };
  return new CommitLogError(error.code, `line ${line}: ${error.message}`, { cause: error, ...place });
}

/** What was stored so far, for a person who watches. */
class Progress {
  readonly #context: Context;
  #count = 0;
  #shownAt = Number.NEGATIVE_INFINITY;

  constructor(context: Context) {
    this.#context = context;
  }

  add(count: number): void {
    this.#count += count;
    const now = this.#context.host.clock.monotonic();
    if (now - this.#shownAt < 250) return;
    this.#shownAt = now;
    this.#show('');
  }

  end(): void {
    this.#show('\n');
  }

  #show(end: string): void {
    const { terminal } = this.#context;
    if (terminal.showsProgress) terminal.warn(`\rstored ${this.#count} records${end}`);
  }
}
