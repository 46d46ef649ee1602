/** The topics of the kill test, and what must be in them. */
import type { KillProducer } from './producer.ts';

/** Small segments, so that kills also meet the making of new ones. */
const segments = { name: 'segment.bytes', value: '65536' };

export const TOPICS = [
  { name: 'synced', partitions: 3, config: [segments] },
  { name: 'ns:written', partitions: 1, config: [segments, { name: 'streambed.durability', value: 'os' }] },
];

interface Stored {
  readonly partition: number;
  readonly offset: number;
  readonly value: string;
}

export async function checkTopic(
  url: string,
  topic: string,
  partitions: number,
  producers: readonly KillProducer[],
): Promise<string[]> {
  const wrong: string[] = [];
  const places = new Map<string, string[]>();
  for (let partition = 0; partition < partitions; partition += 1) {
    let last = -1;
    for (const { offset, value } of await readPartition(url, topic, partition)) {
      if (offset <= last) wrong.push(`${topic} ${partition}: offset ${offset} behind ${last}`);
      last = offset;
      places.set(value, [...(places.get(value) ?? []), `${partition}@${offset}`]);
    }
  }
  for (const producer of producers) {
    for (const [value, place] of producer.acknowledgedIn(topic)) {
      const found = places.get(value) ?? [];
      if (!found.includes(place))
        wrong.push(`${topic}: ${value} was acknowledged at ${place} and is at ${found.join(' ') || 'no place'}`);
    }
    for (const value of producer.sentTo(topic)) {
      const found = places.get(value) ?? [];
      if (found.length > 1 && producer.isRepeatable)
        wrong.push(`${topic}: ${value} is there ${found.length} times: ${found.join(' ')}`);
      places.delete(value);
    }
  }
  for (const value of places.keys()) wrong.push(`${topic}: ${value} was never sent`);
  return wrong;
}

async function readPartition(url: string, topic: string, partition: number): Promise<Stored[]> {
  const accept = 'application/vnd.kafka.binary.v2+json';
  const all: Stored[] = [];
  for (let offset = 0; ; ) {
    const path = `/topics/${topic}/partitions/${partition}/records?offset=${offset}&timeout=0&max_bytes=1000000`;
    const response = await fetch(url + path, { headers: { accept } });
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    const part = (await response.json()) as Stored[];
    const last = part.at(-1);
    if (last === undefined) return all;
    for (const record of part) all.push({ ...record, value: Buffer.from(record.value, 'base64').toString() });
    offset = last.offset + 1;
  }
}
