/** `logged dump`: what stands in a segment file, damaged or not, as lines of JSON. */
import type { Bytes } from '../../../targets/host.ts';
import type { ConsumerRecord } from '../../commit-log.ts';
import { type DumpedItem, dumpSegment } from '../../inspection/dump.ts';
import { printTime } from '../../codecs/rfc3339.ts';
import { type Command, type Context, EXIT_DAMAGED, EXIT_DONE, print } from '../command.ts';

export const dumpCommand: Command = {
  name: 'dump',
  words: 'FILE...',
  wordCount: [1, Number.POSITIVE_INFINITY],
  summary: 'print what segment files hold, frame by frame, as lines of JSON',
  flags: [],
  notes: `FILE is one of DIR/topics/TOPIC/PARTITION/*.log. The kinds of lines are header, frame, record
(of the frame above it) and bad: bytes that are nothing of these. Keys and values are base64.
`,
  run: dump,
};

async function dump(context: Context): Promise<number> {
  const { host, words } = context;
  let isIntact = true;
  for (const path of words) {
    const lines: string[] = [];
    dumpSegment(host, path, (item) => {
      if (item.kind === 'bad') isIntact = false;
      for (const line of linesOf(item, host.bytes)) lines.push(line);
    });
    await print(context, lines.map((line) => `${line}\n`).join(''));
  }
  return isIntact ? EXIT_DONE : EXIT_DAMAGED;
}

function linesOf(item: DumpedItem, bytes: Bytes): string[] {
  if (item.kind === 'header') {
    const { createdAt, ...header } = item.header;
    return [JSON.stringify({ kind: item.kind, ...header, createdAt: printTime(createdAt) })];
  }
  if (item.kind === 'bad') return [JSON.stringify(item)];
  const { records, appendedAt, ...frame } = item;
  const line = { ...frame, recordCount: records.length, appendedAt: printTime(appendedAt) };
  return [JSON.stringify(line), ...records.map((record) => recordLine(record, bytes))];
}

function recordLine(record: Omit<ConsumerRecord, 'topic' | 'partition'>, bytes: Bytes): string {
  const base64 = (value: Uint8Array | null) => (value === null ? null : bytes.encodeBase64(value));
  return JSON.stringify({
    kind: 'record',
    offset: record.offset,
    timestamp: record.timestamp === null ? null : printTime(record.timestamp),
    key: base64(record.key),
    value: base64(record.value),
    headers: record.headers.map(({ name, value }) => ({ name, value: base64(value) })),
  });
}
