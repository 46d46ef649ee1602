/** Confluent's own old client for Node, which speaks v1: it reads metadata and produces. */
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { fromBase64 } from '../support/text.ts';
import { serve } from './server.ts';

const test = suite('npm kafka-rest');

// The package has no types, and the test says what it expects of it.
// oxlint-disable-next-line typescript/no-explicit-any
const Client = createRequire(import.meta.url)('kafka-rest') as any;

test('brokers, topics, partitions, produce, and errors', async () => {
  const served = await serve();
  const { log, url } = served;
  await log.createTopic('t', { partitions: 2 });
  const client = new Client({ url });
  // oxlint-disable-next-line typescript/no-explicit-any
  const call = (object: any, method: string, ...args: unknown[]): Promise<any> =>
    promisify(object[method].bind(object))(...args);

  assert.equal(
    (await call(client.brokers, 'list')).map(({ id }: { id: number }) => id),
    [1],
  );
  assert.equal(
    (await call(client.topics, 'list')).map(({ name }: { name: string }) => name),
    ['t'],
  );
  const topic = await call(client.topic('t'), 'get');
  assert.is(topic.raw.name, 't');
  assert.is((await call(client.topic('t').partitions, 'list')).length, 2);
  assert.is((await call(client.topicPartition('t', 1), 'get')).raw.partition, 1);

  const produced = await call(
    client.topic('t'),
    'produce',
    { key: 'k', value: 'v', partition: 1 },
    { value: 'w', partition: 1 },
  );
  assert.equal(
    produced.offsets.map(({ partition, offset }: { partition: number; offset: number }) => [partition, offset]),
    [
      [1, 0],
      [1, 1],
    ],
  );
  assert.is((await call(client.topicPartition('t', 1), 'produce', 'x')).offsets[0].offset, 2);
  const stored = await (await fetch(`${url}/streams?topics=t&idle_timeout=0`)).text();
  const values = stored.match(/(?<="value":")[^"]*/g)?.map(fromBase64);
  assert.equal(values, ['v', 'w', 'x']);

  const error = await call(client.topic('none'), 'get').catch((thrown: unknown) => thrown);
  assert.match(String(error), /40401|Topic not found/);
  const instance = await call(client.consumer('g'), 'join', { format: 'binary', 'auto.offset.reset': 'smallest' });
  assert.match(instance.id, /^rest-consumer-/);
  await call(instance, 'shutdown');
  await served.stop(0);
});
