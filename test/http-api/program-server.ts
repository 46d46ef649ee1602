/** The Kafka face of a program in a process of its own, with as much of its log as HTTP gives. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import type { KafkaLimits } from '../../http-api/limits.ts';
import type { CreateTopicOptions, ProducerRecord } from '../../logged/commit-log.ts';
import { startService } from '../support/service.ts';
import { bytes } from '../support/platform.ts';
import { BINARY } from './harness.ts';

/** What the tests of the server ask of a log, whose answer they do not look at. */
export interface ServedLog {
  createTopic(name: string, options?: CreateTopicOptions): Promise<unknown>;
  produce(record: ProducerRecord): Promise<unknown>;
  produceBatch(topic: string, records: readonly Omit<ProducerRecord, 'topic'>[]): Promise<unknown>;
}

export interface Served {
  readonly log: ServedLog;
  readonly url: string;
  readonly port: number;
  readonly reported: readonly string[];
  stop(graceMs?: number): Promise<void>;
}

export async function serveByProgram(
  { maxConnections = 100 }: { readonly maxConnections?: number },
  { bodyBytes, waits }: Partial<KafkaLimits>,
): Promise<Served> {
  const data = mkdtempSync(`${tmpdir()}/streambed-`);
  const flags = { 'max-connections': maxConnections, 'max-body-bytes': bodyBytes, 'max-waits': waits };
  const given = Object.entries(flags).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, `${value}`],
  );
  const service = await startService(data, given);
  return {
    log: logOver(service.url),
    url: service.url,
    port: service.port,
    reported: service.lines,
    stop: async (graceMs = 5000) => {
      await service.end(graceMs === 0 ? 'SIGKILL' : 'SIGTERM');
      rmSync(data, { recursive: true, force: true });
    },
  };
}

function logOver(url: string): ServedLog {
  const post = async (path: string, type: string, body: object): Promise<void> => {
    const init = { method: 'POST', headers: { 'content-type': type }, body: JSON.stringify(body) };
    const response = await fetch(url + path, init);
    assert.ok(response.status < 300, `${path}: ${await response.text()}`);
  };
  const produceBatch: ServedLog['produceBatch'] = (topic, records) => {
    const encode = (part: Uint8Array | null): string | null => (part === null ? null : bytes.encodeBase64(part));
    const entries = records.map(({ partition, key, value }) => {
      return { partition: partition ?? null, key: encode(key), value: encode(value) };
    });
    return post(`/topics/${topic}`, BINARY, { records: entries });
  };
  return {
    createTopic: (topic_name, { partitions: partitions_count = 1 } = {}) =>
      post('/v3/clusters/streambed/topics', 'application/json', { topic_name, partitions_count }),
    produce: ({ topic, ...record }) => produceBatch(topic, [record]),
    produceBatch,
  };
}
