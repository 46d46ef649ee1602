/**
 * A client that numbers its records and makes every call again until it is acknowledged, over kills, power cuts and
 * failures at every call of the host: each record is there once, in order, and the client is told where.
 */
import * as assert from 'uvu/assert';
import { CommitLogError, type CommitLog, type ProduceResult } from '../../logged/commit-log.ts';
import { FaultHost } from '../support/fault-host/fault-host.ts';
import { failAt, type HostCall, type Plan, shortWriteAt } from '../support/fault-host/plan.ts';
import { runUntil } from '../support/fault-host/run-until.ts';
import { isChanging, isChosen, replayable } from '../support/matrix/matrix.ts';
import { SEED } from '../support/share.ts';
import { openLog } from '../support/matrix/verdict.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';
import { cutChoices } from '../support/memory-host/power-cut.ts';
import { suite } from '../support/suite.ts';
import { fromUtf8 } from '../support/text.ts';

const test = suite('crash matrix: numbered records');

const PARTITIONS = 2;
/** More than are remembered of one producer. */
const CALLS = 20;
const TOGETHER = 4;

interface Call {
  readonly sequence: number;
  readonly values: readonly string[];
  /** The places that the client was told. */
  acked: readonly string[] | null;
}

/** A client that has four calls under way at a time. */
class Client {
  readonly id: number;
  readonly calls: readonly Call[];

  constructor(id: number) {
    this.id = id;
    let sequence = 0;
    this.calls = Array.from({ length: CALLS }, (_, number) => {
      const values = Array.from({ length: 1 + (number % 3) }, (_unused, i) => `${id}-${sequence + i}`);
      sequence += values.length;
      return { sequence: sequence - values.length, values, acked: null };
    });
  }

  /** What it knows at this moment. */
  copy(): Client {
    const copy = new Client(this.id);
    copy.calls.forEach((call, i) => {
      call.acked = this.calls[i]?.acked ?? null;
    });
    return copy;
  }

  /** Sends what is not acknowledged, in order, `TOGETHER` at a time, each again until it is taken. */
  async send(log: CommitLog): Promise<void> {
    for (let from = 0; from < CALLS; from += TOGETHER) {
      const calls = this.calls.slice(from, from + TOGETHER);
      for (let tries = 0; calls.some(({ acked }) => acked === null); tries += 1) {
        assert.ok(tries < 6, 'calls are refused for ever');
        await Promise.all(calls.filter(({ acked }) => acked === null).map((call) => this.#call(log, call)));
      }
    }
  }

  /** Makes a call that was acknowledged once more, as if the answer had been lost. */
  async repeat(log: CommitLog, call: Call): Promise<void> {
    const before = call.acked;
    call.acked = null;
    await this.#call(log, call);
    assert.equal(call.acked, before, `call ${call.sequence} made again`);
  }

  async #call(log: CommitLog, call: Call): Promise<void> {
    const records = call.values.map((value) => ({ key: null, value: padded(value) }));
    try {
      const results = await log.produceBatch('t', records, { id: this.id, sequence: call.sequence });
      for (const result of results) if ('error' in result) throw result.error;
      call.acked = results.map(place);
    } catch (error) {
      if (!(error instanceof CommitLogError) || !['no-space', 'io-failed', 'unknown-topic'].includes(error.code))
        throw error;
    }
  }
}

const place = (result: ProduceResult): string => ('error' in result ? '' : `${result.partition}/${result.offset}`);

/** So large that segments are rolled and the window goes from one to the next. */
function padded(value: string): Uint8Array {
  const bytes = new Uint8Array(300).fill(0x2e);
  bytes.set(new TextEncoder().encode(value));
  return bytes;
}

async function run(host: FaultHost, clients: readonly Client[]): Promise<void> {
  const log = await openLog(host);
  while (host.stoppedAt === null) {
    try {
      await log.createTopic('t', { partitions: PARTITIONS, config: { 'segment.bytes': '4096' } });
      break;
    } catch (error) {
      if (error instanceof CommitLogError && error.code === 'topic-exists') break;
      if (!(error instanceof CommitLogError)) throw error;
    }
  }
  await Promise.all(clients.map((client) => client.send(log)));
  await log.close();
}

/** The clients find the log as it is now, go on, and then everything is there once. */
async function finish(disk: MemoryDisk, clients: readonly Client[], inOrder = true): Promise<void> {
  const host = new FaultHost(disk);
  await run(host, clients);
  const log = await openLog(disk.host());
  const found = new Map<string, string>();
  const last = new Map<string, number>();
  for await (const { partition, offset, value } of log.subscribe({
    subscriptions: [{ topic: 't' }],
    idleTimeoutMs: 0,
  })) {
    const name = (value === null ? '' : fromUtf8(value)).replaceAll('.', '');
    assert.ok(!found.has(name), `${name} is there twice, at ${found.get(name)} and ${partition}/${offset}`);
    found.set(name, `${partition}/${offset}`);
    const [id, sequence] = name.split('-');
    const line = `${id} in ${partition}`;
    // A call that was refused, with others behind it under way, comes after those.
    assert.ok(!inOrder || (last.get(line) ?? -1) < Number(sequence), `${name} stands behind ${last.get(line)}`);
    last.set(line, Number(sequence));
  }
  for (const { calls } of clients) {
    for (const { values, acked } of calls)
      assert.equal(
        values.map((value) => found.get(value)),
        acked,
      );
  }
  for (const client of clients) for (const call of client.calls.slice(-2)) await client.repeat(log, call);
  disk.kill();
}

const newClients = (): Client[] => [new Client(7), new Client(2 ** 52)];

test('power cut at every call', async () => {
  const host = new FaultHost(new MemoryDisk(SEED));
  const clients = newClients();
  const ends: { id: string; what: string; run: () => Promise<void> }[] = [];
  host.observer = ({ number, name, path }) => {
    if (!isChanging(name)) return;
    cutChoices(host.disk.pendingCount, SEED * 65_537 + number).forEach((choice, i) => {
      const id = `numbered@${number}/${i}`;
      if (!isChosen(id, 6)) return;
      const [left, known] = [host.disk.powerCut(choice), clients.map((client) => client.copy())];
      const what = `power cut before ${name} ${path}, ${JSON.stringify(choice)}`;
      ends.push({ id, what, run: () => finish(left, known) });
    });
  };
  await run(host, clients);
  await replayable(ends);
});

test('kill at every call', async () => {
  const { calls } = await runUntil(new MemoryDisk(SEED), Number.POSITIVE_INFINITY, (host) => run(host, newClients()));
  const ends = [];
  for (let number = 1; number <= calls; number += 1) {
    const id = `numbered@${number}/kill`;
    if (!isChosen(id, 15)) continue;
    const end = async (): Promise<void> => {
      const disk = new MemoryDisk(SEED);
      const clients = newClients();
      await runUntil(disk, number, (host) => run(host, clients));
      const known = clients.map((client) => client.copy());
      disk.kill();
      await finish(disk, known);
    };
    ends.push({ id, what: `killed before call ${number}`, run: end });
  }
  await replayable(ends);
});

test('failure of every call', async () => {
  const all: HostCall[] = [];
  const host = new FaultHost(new MemoryDisk(SEED));
  host.observer = (call) => all.push(call);
  await run(host, newClients());
  const ends = all.flatMap(({ number, name, path }) => {
    const plans: Record<string, Plan> = { EIO: failAt(number, 'EIO'), ENOSPC: shortWriteAt(number, 400) };
    return Object.entries(plans).flatMap(([failure, plan]) => {
      const id = `numbered@${number}/${failure}`;
      if (name === 'close' || !isChosen(id, 10)) return [];
      const end = async (): Promise<void> => {
        const disk = new MemoryDisk(SEED);
        const failing = new FaultHost(disk);
        failing.plan = plan;
        const clients = newClients();
        await run(failing, clients);
        disk.kill();
        await finish(disk.powerCut({ kind: 'lose' }), clients, false);
      };
      return [{ id, what: `${failure} at ${name} ${path}`, run: end }];
    });
  });
  await replayable(ends);
});

test('a full disk refuses many calls at once, and takes them all when there is room', async () => {
  const disk = new MemoryDisk(SEED);
  const log = await openLog(disk.host());
  await log.createTopic('t', { partitions: PARTITIONS });
  const client = new Client(1);
  await log.produceBatch(
    't',
    [0, 1].map((partition) => ({ partition, key: null, value: null })),
  );
  disk.capacityBytes = 2000;
  const send = (): Promise<PromiseSettledResult<ProduceResult[] | readonly ProduceResult[]>[]> =>
    Promise.allSettled(
      client.calls.map(({ sequence, values }) =>
        log.produceBatch(
          't',
          values.map((value) => ({ key: null, value: padded(value) })),
          { id: 1, sequence },
        ),
      ),
    );
  const refused = (await send()).flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  assert.ok(refused.some((result) => 'error' in result && result.error.code === 'no-space'));
  disk.capacityBytes = 2 ** 40;
  const taken = (await send()).flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  assert.equal(
    taken.filter((result) => 'error' in result),
    [],
  );
});

test('a call made again with more behind it, while the first is under way and then fails', async () => {
  const host = new FaultHost(new MemoryDisk(SEED));
  const log = await openLog(host);
  await log.createTopic('t');
  await log.produce({ topic: 't', key: null, value: padded('before') });
  const records = ['a', 'b', 'c'].map((value) => ({ key: null, value: padded(value) }));
  const writes: Plan = ({ name }) => (name === 'write' ? { kind: 'fail', code: 'ENOSPC' } : null);
  host.plan = writes;
  const producer = { id: 1, sequence: 0 };
  const both = [log.produceBatch('t', records.slice(0, 2), producer), log.produceBatch('t', records, producer)];
  const codes = (await Promise.all(both)).flat().map((result) => ('error' in result ? result.error.code : 'taken'));
  assert.equal(
    codes,
    Array.from({ length: 5 }, () => 'no-space'),
  );
  host.plan = () => null;
  const again = (await log.produceBatch('t', records, producer)).map((result) =>
    'error' in result ? -1 : result.offset,
  );
  assert.equal(again, [1, 2, 3]);
});
