/** One producer of the kill test: a request at a time, each repeated until it is acknowledged. */
import { randomFrom } from './random.ts';
import { TOPICS } from './topics.ts';

interface Request {
  readonly topic: string;
  readonly values: readonly string[];
  readonly sequence: number;
}

interface Entry {
  readonly partition?: number;
  readonly partition_id?: number;
  readonly offset: number;
}

type Dialect = 'v2' | 'v3' | 'streambed';
const dialects: readonly Dialect[] = ['v2', 'v3', 'streambed'];

export class KillProducer {
  readonly #index: number;
  readonly #random: () => number;
  readonly #dialect: Dialect;
  /** Whether its requests name a producer id and a sequence; without, a repeated one may be there twice. */
  readonly isRepeatable: boolean;
  /** By topic: value to `partition@offset`. */
  readonly #acknowledged = new Map<string, Map<string, string>>();
  readonly #sent = new Map<string, string[]>();
  /** Sequences are counted by topic. */
  readonly #sequences = new Map<string, number>();
  #open: Request | null = null;

  constructor(index: number, seed: number) {
    this.#index = index;
    this.#random = randomFrom(seed * 2 ** 32);
    this.#dialect = dialects[index % dialects.length] ?? 'v2';
    this.isRepeatable = index % 4 !== 3;
  }

  get acknowledged(): number {
    return [...this.#acknowledged.values()].reduce((sum, values) => sum + values.size, 0);
  }

  acknowledgedIn(topic: string): ReadonlyMap<string, string> {
    return this.#acknowledged.get(topic) ?? new Map();
  }

  sentTo(topic: string): readonly string[] {
    return this.#sent.get(topic) ?? [];
  }

  /** Produces until the service is gone. */
  async run(url: string): Promise<void> {
    for (;;) {
      this.#open ??= this.#next();
      try {
        await this.#send(url, this.#open);
      } catch (error) {
        if (error instanceof Refused) throw error;
        return;
      }
      this.#open = null;
    }
  }

  /** Repeats what the kill has cut off; tells what is wrong with the answer. */
  async finish(url: string): Promise<string[]> {
    try {
      if (this.#open !== null) await this.#send(url, this.#open);
      this.#open = null;
      return [];
    } catch (error) {
      return [`producer ${this.#index}: ${String(error)}`];
    }
  }

  #next(): Request {
    const topic = TOPICS[Math.floor(this.#random() * TOPICS.length)]?.name ?? '';
    const sequence = this.#sequences.get(topic) ?? 0;
    const count = this.#dialect === 'streambed' ? 1 : 1 + Math.floor(this.#random() * 5);
    const padding = 'x'.repeat(this.#random() < 0.05 ? 8000 : Math.floor(this.#random() * 100));
    const values = Array.from({ length: count }, (_, i) => `${this.#index}-${sequence + i}-${padding}`);
    this.#sequences.set(topic, sequence + count);
    this.#sent.set(topic, [...this.sentTo(topic), ...values]);
    return { topic, values, sequence };
  }

  async #send(url: string, { topic, values, sequence }: Request): Promise<void> {
    const { path, type, body } = this.#encode(topic, values);
    const id = 1000 + this.#index;
    const own = { 'streambed-producer-id': String(id), 'streambed-producer-sequence': String(sequence) };
    const headers = { 'content-type': type, ...(this.isRepeatable ? own : {}) };
    const response = await fetch(url + path, { method: 'POST', headers, body });
    const answer = await response.text();
    if (response.status !== 200) throw new Refused(`${path}: ${response.status} ${answer}`);
    const entries = this.#entries(answer);
    if (entries.length !== values.length) throw new Refused(`${path}: ${answer}`);
    const acknowledged = this.#acknowledged.get(topic) ?? new Map<string, string>();
    for (const [index, value] of values.entries()) {
      const entry = entries[index];
      if (typeof entry?.offset !== 'number') throw new Refused(`${path}: ${answer}`);
      acknowledged.set(value, `${entry.partition ?? entry.partition_id}@${entry.offset}`);
    }
    this.#acknowledged.set(topic, acknowledged);
  }

  #encode(topic: string, values: readonly string[]): { path: string; type: string; body: string } {
    const b64 = (value: string): string => Buffer.from(value).toString('base64');
    if (this.#dialect === 'v3') {
      const records = values.map((value) => JSON.stringify({ value: { type: 'BINARY', data: b64(value) } }));
      return {
        path: `/v3/clusters/streambed/topics/${topic}/records`,
        type: 'application/json',
        body: records.join(''),
      };
    }
    const path = `/topics/${topic}`;
    if (this.#dialect === 'streambed') {
      const record = {
        topic,
        headers: [],
        timestamp: null,
        key: this.#index,
        value: b64(values[0] ?? ''),
        partition: 0,
      };
      return { path, type: 'application/json', body: JSON.stringify({ records: [record] }) };
    }
    const records = values.map((value) => ({ value: b64(value) }));
    return { path, type: 'application/vnd.kafka.binary.v2+json', body: JSON.stringify({ records }) };
  }

  /** A stream of v3 that was cut off has fewer reports than records, and then is no answer. */
  #entries(answer: string): readonly Entry[] {
    if (this.#dialect !== 'v3') return (JSON.parse(answer) as { offsets: Entry[] }).offsets;
    return answer
      .split('\r\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Entry);
  }
}

/** An answer that no running service may give. */
class Refused extends Error {}
