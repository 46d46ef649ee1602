/**
 * Real data through the built service: both data sets go in by every dialect that produces, while the service is
 * killed and started again, and are read back by every dialect that reads, record by record.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type Service, startService } from '../support/service.ts';
import { StreambedClient } from '../support/streambed-client.ts';
import { FULL } from '../support/share.ts';
import { suite } from '../support/suite.ts';

const test = suite('real input');

const V2 = 'application/vnd.kafka.v2+json';
const BINARY = 'application/vnd.kafka.binary.v2+json';
const JSON_V2 = 'application/vnd.kafka.json.v2+json';
const data = 'node_modules/vega-datasets/data';

/** A line of the file, and the date that it begins with. */
const weather = readFileSync(`${data}/seattle-weather.csv`, 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => ({ key: line.slice(0, line.indexOf(',')), line }));

interface Flight {
  readonly origin: string;
}

const allFlights = JSON.parse(readFileSync(`${data}/flights-5k.json`, 'utf8')) as Flight[];
const flights = FULL ? allFlights : allFlights.slice(0, 2000);

const b64 = (text: string): string => Buffer.from(text).toString('base64');
const text = (base64: string): string => Buffer.from(base64, 'base64').toString();

/** A key that no JavaScript number holds, and that ends in the index. */
const streambedKey = (index: number): string => String(18_446_744_073_709_551_615n - BigInt(index));

/** The service, which may be another process from one call to the next. */
class Host {
  readonly #data: string;
  #service: Promise<Service>;

  constructor(directory: string) {
    this.#data = directory;
    this.#service = startService(directory);
  }

  get service(): Promise<Service> {
    return this.#service;
  }

  async killAndStart(): Promise<void> {
    const service = await this.#service;
    this.#service = service.end('SIGKILL').then(() => startService(this.#data));
    await this.#service;
  }

  /** Asks until there is an answer: the request must be repeatable. */
  async ask(path: string, type: string, body: string, headers: Readonly<Record<string, string>>): Promise<string> {
    for (;;) {
      const service = await this.#service;
      try {
        const init = { method: 'POST', headers: { 'content-type': type, ...headers }, body };
        const response = await fetch(service.url + path, init);
        const answer = await response.text();
        assert.is(response.status, 200, answer);
        return answer;
      } catch (error) {
        if (error instanceof assert.Assertion) throw error;
        if (service === (await this.#service)) await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }
}

interface Push {
  readonly path: string;
  readonly type: string;
  /** The bodies, and how many records are in each. */
  readonly bodies: readonly { readonly body: string; readonly count: number }[];
}

let acknowledged = 0;
let woken = (): void => {};

/** Waits until so many records have been acknowledged. */
async function acknowledgedAre(count: number): Promise<void> {
  while (acknowledged < count) {
    await new Promise<void>((resolve) => {
      woken = resolve;
    });
  }
}

/** Sends the bodies one after the other, each under a sequence, and checks the offsets that come back. */
async function push(host: Host, id: number, { path, type, bodies }: Push): Promise<void> {
  let sequence = 0;
  for (const { body, count } of bodies) {
    const headers = { 'Streambed-Producer-Id': String(id), 'Streambed-Producer-Sequence': String(sequence) };
    const answer = await host.ask(path, type, body, headers);
    const offsets = [...answer.matchAll(/"offset":(\d+)/g)].map(([, offset]) => Number(offset));
    assert.equal(
      offsets,
      Array.from({ length: count }, (_, index) => sequence + index),
      `${path}: ${answer.slice(0, 300)}`,
    );
    sequence += count;
    acknowledged += count;
    woken();
  }
}

function inGroups<T>(items: readonly T[], size: number, body: (group: readonly T[], first: number) => string) {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, group) => {
    const part = items.slice(group * size, (group + 1) * size);
    return { body: body(part, group * size), count: part.length };
  });
}

const records = (list: readonly unknown[]): string => JSON.stringify({ records: list });

function streambedBody(topic: string, value: string, index: number): string {
  const record = {
    topic,
    headers: [{ key: 'index', value: b64(String(index)) }],
    timestamp: null,
    key: 0,
    value,
    partition: 0,
  };
  return records([record]).replace('"key":0', `"key":${streambedKey(index)}`);
}

const pushes: readonly Push[] = [
  {
    path: '/topics/weather-v2',
    type: BINARY,
    bodies: inGroups(weather, 10, (rows) =>
      records(rows.map(({ key, line }) => ({ key: b64(key), value: b64(line) }))),
    ),
  },
  {
    path: '/topics/flights-v2',
    type: JSON_V2,
    bodies: inGroups(flights, 50, (part) => records(part.map((value) => ({ key: value.origin, value })))),
  },
  {
    path: '/v3/clusters/streambed/topics/flights-v3/records',
    type: 'application/json',
    bodies: inGroups(flights, 250, (part) =>
      part
        .map((flight) =>
          JSON.stringify({ key: { type: 'STRING', data: flight.origin }, value: { type: 'JSON', data: flight } }),
        )
        .join('\n'),
    ),
  },
  {
    path: '/topics/ns:weather',
    type: 'application/json',
    bodies: inGroups(weather, 1, ([row], index) => streambedBody('ns:weather', b64(row?.line ?? ''), index)),
  },
];

let root = '';
let host: Host;
test.before(async () => {
  root = mkdtempSync(join(tmpdir(), 'streambed-'));
  host = new Host(join(root, 'data'));
  await host.service;
});
test.after(async () => {
  await (await host.service).end('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

test('goes in by four dialects, while the service is killed three times', async () => {
  const total = 2 * weather.length + 2 * flights.length;
  const pushed = Promise.all(pushes.map((one, id) => push(host, id + 1, one)));
  const killed = (async () => {
    for (const part of [0.2, 0.5, 0.8]) {
      await acknowledgedAre(total * part);
      await host.killAndStart();
    }
  })();
  await Promise.all([pushed, killed]);
  assert.is(acknowledged, total);
  await host.killAndStart();
  const { url } = await host.service;
  const { data: topics } = (await (await fetch(`${url}/v3/clusters/streambed/topics`)).json()) as {
    data: { topic_name: string }[];
  };
  assert.equal(
    topics.map(({ topic_name }) => topic_name).filter((name) => !name.startsWith('__')),
    ['flights-v2', 'flights-v3', 'ns:weather', 'weather-v2'],
  );
});

interface Consumed {
  readonly key: unknown;
  readonly value: unknown;
  readonly offset: number;
}

/** All records of a topic by a v2 consumer instance. */
async function consume(topic: string, format: 'binary' | 'json'): Promise<Consumed[]> {
  const { url } = await host.service;
  const post = (path: string, body: unknown) =>
    fetch(path, { method: 'POST', headers: { 'content-type': V2 }, body: JSON.stringify(body) });
  const created = await post(`${url}/consumers/readers`, { format, 'auto.offset.reset': 'earliest' });
  const { base_uri } = (await created.json()) as { base_uri: string };
  assert.is((await post(`${base_uri}/subscription`, { topics: [topic] })).status, 204);
  const all: Consumed[] = [];
  for (;;) {
    const accept = format === 'json' ? JSON_V2 : BINARY;
    const response = await fetch(`${base_uri}/records?max_bytes=20000&timeout=50`, { headers: { accept } });
    const part = (await response.json()) as Consumed[];
    if (part.length === 0) break;
    all.push(...part);
  }
  assert.is((await fetch(base_uri, { method: 'DELETE' })).status, 204);
  return all;
}

/** Compares them one by one, with offsets that go up from 0. */
function same(consumed: readonly Consumed[], expected: readonly { key: unknown; value: unknown }[]): void {
  assert.is(consumed.length, expected.length);
  for (const [index, record] of consumed.entries()) {
    assert.equal(
      { ...expected[index], offset: index },
      { key: record.key, value: record.value, offset: record.offset },
    );
  }
}

const flightRecords = flights.map((value) => ({ key: value.origin, value }));
const weatherRecords = weather.map(({ key, line }) => ({ key: b64(key), value: b64(line) }));

test('v2 binary reads what v2 binary wrote', async () => {
  same(await consume('weather-v2', 'binary'), weatherRecords);
});

test('v2 JSON reads what v2 JSON wrote', async () => {
  same(await consume('flights-v2', 'json'), flightRecords);
});

test('v2 binary reads what v3 wrote', async () => {
  const consumed = await consume('flights-v3', 'binary');
  const decoded = consumed.map(({ key, value, offset }) => ({
    key: text(String(key)),
    value: JSON.parse(text(String(value))) as unknown,
    offset,
  }));
  same(decoded, flightRecords);
});

test('lines of JSON from a stream, of what v3 wrote', async () => {
  const { url } = await host.service;
  const response = await fetch(`${url}/streams?topics=flights-v3&idle_timeout=0`);
  const lines = (await response.text()).trimEnd().split('\n');
  const consumed = lines.map((line) => JSON.parse(line) as { key: string; value: string; offset: number });
  const decoded = consumed.map(({ key, value, offset }) => ({
    key: text(key),
    value: JSON.parse(text(value)) as unknown,
    offset,
  }));
  same(decoded, flightRecords);
});

test("Redpanda's read without state, of what v2 JSON wrote", async () => {
  const { url } = await host.service;
  const consumed: Consumed[] = [];
  while (consumed.length < flights.length) {
    const path = `/topics/flights-v2/partitions/0/records?offset=${consumed.length}&timeout=100&max_bytes=50000`;
    const response = await fetch(url + path, { headers: { accept: BINARY } });
    const part = (await response.json()) as Consumed[];
    assert.ok(part.length > 0, String(consumed.length));
    consumed.push(...part);
  }
  const json = ({ key, value, offset }: Consumed) => ({
    key: JSON.parse(text(String(key))) as unknown,
    value: JSON.parse(text(String(value))) as unknown,
    offset,
  });
  same(consumed.map(json), flightRecords);
});

test("streambed's client reads what streambed's dialect wrote, and what v2 wrote", async () => {
  const { port } = await host.service;
  for (const topic of ['ns:weather', 'weather-v2']) {
    const client = new StreambedClient(port);
    const consumed: Consumed[] = [];
    for await (const { key, value, offset } of client.subscribe([topic])) {
      if (consumed.push({ key: null, value, offset }) === weather.length) break;
      assert.ok(key > 0);
    }
    client.close();
    assert.is(client.dropped, 0);
    same(
      consumed,
      weatherRecords.map(({ value }) => ({ key: null, value })),
    );
  }
});

test('keys of 64 bits and headers come back to the last digit', async () => {
  const { url } = await host.service;
  const headers = { 'content-type': 'application/json' };
  for (const index of [0, 7, weather.length - 1]) {
    const offsets = index === 0 ? null : [{ topic: 'ns:weather', partition: 0, offset: index - 1 }];
    const body = JSON.stringify({ offsets, subscriptions: [{ topic: 'ns:weather' }] });
    const response = await fetch(`${url}/consumers/g`, { method: 'POST', headers, body });
    assert.is(
      await response.text(),
      `{"topic":"ns:weather","headers":[{"key":"index","value":"${b64(String(index))}"}],"timestamp":null,` +
        `"key":${streambedKey(index)},"value":"${b64(weather[index]?.line ?? '')}","partition":0,"offset":${index}}`,
    );
  }
});

test('offsets and lags agree with the files', async () => {
  const { url } = await host.service;
  for (const [topic, count] of [
    ['weather-v2', weather.length],
    ['flights-v3', flights.length],
  ] as const) {
    const v2 = await fetch(`${url}/topics/${topic}/partitions/0/offsets`, { headers: { accept: V2 } });
    assert.equal(await v2.json(), { beginning_offset: 0, end_offset: count });
    const own = await fetch(`${url}/topics/${topic}/partitions/0/offsets`);
    assert.equal(await own.json(), { beginning_offset: 0, end_offset: count - 1 });
    const v3 = await fetch(
      `${url}/v3/clusters/streambed/topics/${topic}/partitions/0/offset?offset_type=earliest_and_latest`,
    );
    const { earliest_offset, latest_offset } = (await v3.json()) as Record<string, number>;
    assert.equal([earliest_offset, latest_offset], [0, count]);
  }
});
