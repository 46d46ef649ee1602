import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as assert from 'uvu/assert';
import { programUnderTest } from '../support/program.ts';
import { suite } from '../support/suite.ts';
import { StreambedClient, type StreambedRecord } from '../support/streambed-client.ts';
import type { Served } from './program-server.ts';
import { serve } from './server.ts';

const test = suite("streambed's own client");

let served: Served;
test.before.each(async () => {
  served = await serve();
});
test.after.each(() => served.stop());

async function fill(topic: string, count: number, valueBytes: number, partition = 0): Promise<void> {
  const records = Array.from({ length: count }, (_, index) => ({
    partition,
    key: new Uint8Array([0, 0, 0, 0, 0, 0, index >> 8, index & 255]),
    value: new Uint8Array(valueBytes).fill(index),
  }));
  for (let at = 0; at < count; at += 100) await served.log.produceBatch(topic, records.slice(at, at + 100));
}

async function take(client: StreambedClient, topics: readonly string[], count: number): Promise<StreambedRecord[]> {
  const records: StreambedRecord[] = [];
  for await (const record of client.subscribe(topics)) if (records.push(record) === count) break;
  return records;
}

for (const [name, count, valueBytes, extra] of [
  ['295 B', 1000, 130, 0],
  ['3 KB', 500, 2200, 0],
  ['20 KB', 150, 15_000, 4],
  ['300 KB', 10, 225_000, 10],
] as const) {
  const title = `${count} records of ${name} of backlog: none lost, none twice, in order`;
  if (valueBytes > 200_000 && programUnderTest().name !== 'node') {
    test.skip(title, 'how much of a reply the client finds at once is a matter of luck when both are processes');
    continue;
  }
  test(title, async () => {
    await fill('ns:t', count, valueBytes);
    const client = new StreambedClient(served.port);
    const records = await take(client, ['ns:t'], count);
    client.close();
    assert.equal(
      records.map(({ offset }) => offset),
      Array.from({ length: count }, (_, offset) => offset),
    );
    for (const { offset, key, value } of records) {
      assert.is(key, offset);
      assert.ok(Buffer.from(value, 'base64').equals(Buffer.alloc(valueBytes, offset)));
    }
    assert.ok(client.requests <= count + extra, `${client.requests} requests`);
  });
}

test('records that come while it waits, from several partitions and topics', async () => {
  await served.log.createTopic('t', { partitions: 2 });
  const client = new StreambedClient(served.port);
  const taken = take(client, ['t', 'later'], 120);
  for (let round = 0; round < 20; round += 1) {
    await fill('t', 2, 100, 0);
    await fill('t', 2, 3000, 1);
    await new Promise((resolve) => setImmediate(resolve));
    if (round >= 10) await fill('later', 4, 50);
  }
  const records = await taken;
  client.close();
  for (const [topic, partition, count] of [
    ['t', 0, 40],
    ['t', 1, 40],
    ['later', 0, 40],
  ] as const) {
    assert.equal(
      records.filter((one) => one.topic === topic && one.partition === partition).map(({ offset }) => offset),
      Array.from({ length: count }, (_, offset) => offset),
    );
  }
});

test('the emulation loses records of a server that writes them back to back', async () => {
  const record = (offset: number) => ({
    topic: 't',
    headers: [],
    key: 0,
    value: 'A'.repeat(3000),
    partition: 0,
    offset,
  });
  const naive = createServer((_request, response) => {
    for (let offset = 0; offset < 300; offset += 1) response.write(JSON.stringify(record(offset)));
    response.write(JSON.stringify({ ...record(300), value: '' }));
  });
  await new Promise<void>((resolve) => naive.listen(0, '127.0.0.1', resolve));
  const client = new StreambedClient((naive.address() as AddressInfo).port);
  const records: StreambedRecord[] = [];
  for await (const one of client.subscribe(['t'])) if (records.push(one) && one.offset === 300) break;
  client.close();
  naive.close();
  assert.ok(records.length < 301 && client.dropped > 0, `${records.length} records`);
});
