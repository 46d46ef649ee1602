/**
 * The built service over HTTP: synced produce by v2 and v3, one and 100 records a request over 64 connections, against
 * a plain hono route on the same stack; and consumption as a stream. Client and servers are processes of their own.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { median, print, seconds } from './figure.ts';
import { requestsPerSecond } from './http-load.ts';
import { inDirectory } from './workplace.ts';

const CONNECTIONS = 64;
const ROUNDS = 7;
const BINARY = 'application/vnd.kafka.binary.v2+json';
const VALUE = Buffer.alloc(100, 7).toString('base64');
const STREAMED = 200_000;

interface Workload {
  readonly name: string;
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
  readonly records: number;
  readonly requests: number;
}

const v2Body = (count: number) => JSON.stringify({ records: Array.from({ length: count }, () => ({ value: VALUE })) });
const v3Record = JSON.stringify({ value: { type: 'BINARY', data: VALUE } });
const v2 = { path: '/topics/bench', contentType: BINARY };
const v3 = { path: '/v3/clusters/streambed/topics/bench-v3/records', contentType: 'application/json' };
const WORKLOADS: readonly Workload[] = [
  { name: 'http/v2/1-per-request', ...v2, body: v2Body(1), records: 1, requests: 6000 },
  { name: 'http/v2/100-per-request', ...v2, body: v2Body(100), records: 100, requests: 1000 },
  { name: 'http/v3/1-per-request', ...v3, body: v3Record, records: 1, requests: 6000 },
  {
    name: 'http/v3/100-per-request',
    ...v3,
    body: Array.from({ length: 100 }, () => v3Record).join('\n'),
    records: 100,
    requests: 1000,
  },
];

const beside = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

await inDirectory(async (directory) => {
  const plain = fork(beside('./http-plain.js'), { stdio: 'inherit' });
  const plainPort = await new Promise<number>((resolve) => plain.once('message', (port) => resolve(port as number)));
  const service = spawn(
    process.execPath,
    [beside('../node/streambed.js'), 'serve', '--data', directory, '--kafka', '127.0.0.1:0', '--vault', 'off'],
    { stdio: ['ignore', 'inherit', 'pipe'] },
  );
  try {
    const port = await portOf(service);
    await createTopic(port, 'bench-v3');
    for (const workload of WORKLOADS) await produce(workload, port, plainPort);
    await stream(port);
  } finally {
    plain.kill();
    service.kill();
    await once(service, 'exit');
  }
});

/** Reads on after it, and passes on what the service says. */
function portOf(service: ChildProcess): Promise<number> {
  let said = '';
  return new Promise((resolve, reject) => {
    service.once('exit', () => reject(new Error(`the service did not start: ${said}`)));
    service.stderr?.on('data', (chunk: Buffer) => {
      process.stderr.write(chunk);
      said += String(chunk);
      const port = /http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
  });
}

async function createTopic(port: number, topic: string): Promise<void> {
  const reply = await fetch(`http://127.0.0.1:${port}/v3/clusters/streambed/topics`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ topic_name: topic }),
  });
  if (reply.status !== 201) throw new Error(`topic ${topic}: ${await reply.text()}`);
}

async function produce(workload: Workload, port: number, plainPort: number): Promise<void> {
  const load = { ...workload, connections: CONNECTIONS };
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    bare.push(await requestsPerSecond({ ...load, port: plainPort }));
    ours.push(await requestsPerSecond({ ...load, port }));
  }
  const value = median(ours);
  const limit = 'a plain hono route that parses the same body';
  const { name, records } = workload;
  print({ name, value, unit: 'requests/s', ratio: value / median(bare), limit });
  if (records > 1) print({ name: `${name}/records`, value: value * records, unit: 'records/s' });
}

async function stream(port: number): Promise<void> {
  const load = { port, path: '/topics/streamed', contentType: BINARY, body: v2Body(1000) };
  await requestsPerSecond({ ...load, connections: 8, requests: STREAMED / 1000 });
  const bytesPerSecond: number[] = [];
  const recordsPerSecond: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    let streamedBytes = 0;
    const took = await seconds(async () => {
      streamedBytes = await readStream(port);
    });
    bytesPerSecond.push(streamedBytes / took);
    recordsPerSecond.push(STREAMED / took);
  }
  print({ name: 'http/stream', value: median(bytesPerSecond) / 1e6, unit: 'MB/s' });
  print({ name: 'http/stream/records', value: median(recordsPerSecond), unit: 'records/s' });
}

/** The bytes of all records as lines. */
async function readStream(port: number): Promise<number> {
  const url = `http://127.0.0.1:${port}/streams?topics=streamed&from=beginning&idle_timeout=0`;
  const reply = await fetch(url, { headers: { accept: 'application/x-ndjson' } });
  let streamedBytes = 0;
  let records = 0;
  for await (const chunk of reply.body ?? []) {
    streamedBytes += chunk.length;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) records++;
  }
  if (records !== STREAMED) throw new Error(`streamed ${records} of ${STREAMED} records`);
  return streamedBytes;
}
