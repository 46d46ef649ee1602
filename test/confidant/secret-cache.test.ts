/** What the cache of secrets saves, what bounds it, and that it never serves what is no more. Reads are counted, not timed. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { SecretCache } from '../../confidant/engines/kv/secret-cache.ts';
import type { Operation, SecretData } from '../../confidant/secret-store.ts';
import { FaultHost } from '../support/fault-host/fault-host.ts';
import { failEach } from '../support/fault-host/plan.ts';
import { MemoryClock } from '../support/memory-host/clock.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';
import { clock } from '../support/platform.ts';
import { some } from '../support/share.ts';
import { suite } from '../support/suite.ts';
import { MatrixStore, refusalOf, ROOT_TOKEN } from './support/matrix-store.ts';

const test = suite('the cache of secrets');

const KEPT_MS = 60_000;
const MOST_ENTRIES = 64;
const MOST_LENGTH = 16_384;

class Counted {
  readonly host: FaultHost;
  readonly store: MatrixStore;

  private constructor(host: FaultHost, store: MatrixStore) {
    this.host = host;
    this.store = store;
  }

  static async start(): Promise<Counted> {
    const host = new FaultHost(new MemoryDisk());
    const store = await MatrixStore.open(host);
    await store.store.initialize(1, 1, ROOT_TOKEN);
    return new Counted(host, store);
  }

  get clock(): MemoryClock {
    return this.host.disk.clock;
  }

  ask(operation: Operation, path: string, data: SecretData = {}) {
    return this.store.ask(operation, `secret/${path}`, data);
  }

  write(path: string, x: unknown) {
    return this.ask('update', `data/${path}`, { data: { x } });
  }

  /** The field `x` of a version; undefined: there is none. */
  async look(path: string, version = 0): Promise<unknown> {
    try {
      const { data } = await this.ask('read', `data/${path}`, { version });
      return ((data?.['data'] ?? {}) as SecretData)['x'];
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'absent') return undefined;
      throw error;
    }
  }

  /** How often the host's files were asked for something meanwhile. */
  async calls(run: () => Promise<unknown>): Promise<number> {
    const before = this.host.calls;
    await run();
    return this.host.calls - before;
  }

  async isCached(path: string, version = 0): Promise<boolean> {
    return (await this.calls(() => this.look(path, version))) === 0;
  }
}

test('a secret is read from its file once, each version of it once', async () => {
  const server = await Counted.start();
  await server.write('a', 1);
  await server.write('a', 2);
  for (const [version, x] of [[0, 2] as const, [1, 1] as const]) {
    assert.is(await server.isCached('a', version), false);
    assert.is(await server.isCached('a', version), true);
    assert.is(await server.look('a', version), x);
  }
  assert.is(await server.calls(() => server.ask('read', 'metadata/a')), 0);
});

test('that a secret is absent is read once, and it is seen at once when it is made', async () => {
  const server = await Counted.start();
  const makings: readonly (readonly [Operation, string, SecretData])[] = [
    ['update', 'data/', { data: { x: 1 } }],
    ['update', 'metadata/', { custom_metadata: { k: 'v' } }],
  ];
  for (const [i, [operation, below, data]] of makings.entries()) {
    const path = `a${i}`;
    const ask = () => refusalOf(server.ask('read', `metadata/${path}`));
    assert.ok((await server.calls(ask)) > 0);
    assert.is(await server.calls(ask), 0);
    assert.is((await ask()).code, 'absent');
    await server.ask(operation, `${below}${path}`, data);
    assert.ok((await server.ask('read', `metadata/${path}`)).data, path);
    await server.ask('delete', `metadata/${path}`);
    assert.is((await ask()).code, 'absent', path);
    assert.is(await server.calls(ask), 0);
  }
});

test('whether a write would make a secret is known of those that are cached, and asked of the disk for others', async () => {
  const server = await Counted.start();
  const policy = 'path "secret/data/*" { capabilities = ["create"] }';
  await server.store.ask('update', 'sys/policies/acl/maker', { policy });
  await server.store.ask('update', 'auth/token/create', { id: 'maker', policies: ['maker'] });
  const make = (path: string) =>
    server.store.ask('update', `secret/data/${path}`, { data: { x: 1 } }, { token: 'maker' });
  for (const path of ['unknown', 'known']) {
    if (path === 'known') await server.look(path);
    await make(path);
    assert.is((await refusalOf(make(path))).code, 'forbidden', path);
  }
  await server.look('known');
  assert.is(await server.calls(() => refusalOf(make('known'))), 0);
  await server.ask('delete', 'metadata/known');
  await make('known');
});

test('nothing is kept longer than a minute, however often it is read', async () => {
  const server = await Counted.start();
  await server.write('a', 1);
  await server.write('a', 2);
  for (const path of ['a', 'absent']) await server.look(path);
  await server.clock.advance(KEPT_MS - 1);
  for (const path of ['a', 'absent']) assert.is(await server.isCached(path), true, path);
  await server.look('a', 1);
  await server.clock.advance(1);
  for (const path of ['a', 'absent']) {
    assert.is(await server.isCached(path), false, path);
    assert.is(await server.isCached(path), true, path);
  }
  server.clock.setNow(0);
  assert.is(await server.isCached('a'), true);
});

test('the secrets that were read last are kept, so many and no more', async () => {
  const server = await Counted.start();
  for (let i = 0; i < MOST_ENTRIES; i += 1) await server.look(`absent${i}`);
  assert.is(await server.isCached('absent0'), true);
  await server.look('one-more');
  assert.is(await server.isCached('absent0'), true);
  for (let i = MOST_ENTRIES - 1; i > 1; i -= 1) assert.is(await server.isCached(`absent${i}`), true, String(i));
  assert.is(await server.isCached('absent1'), false);
});

test('large secrets make others leave, one that is too large is not kept', async () => {
  const server = await Counted.start();
  for (const [path, length] of [['a', 7000] as const, ['b', 7000] as const, ['c', 7000] as const]) {
    await server.write(path, 'x'.repeat(length));
  }
  await server.write('huge', 'x'.repeat(MOST_LENGTH));
  for (let i = 0; i < 5; i += 1) for (const path of ['a', 'b']) await server.look(path);
  for (const path of ['a', 'b']) assert.is(await server.isCached(path), true, path);
  assert.is(await server.isCached('huge'), false);
  assert.is(await server.isCached('huge'), false);
  for (const path of ['a', 'b']) assert.is(await server.isCached(path), true, `${path} after the huge one`);
  await server.look('b');
  await server.look('c');
  assert.equal(
    [await server.isCached('b'), await server.isCached('c'), await server.isCached('a')],
    [true, true, false],
  );
});

test('the bounds are those that they are said to be', () => {
  const cache = new SecretCache<string>(new MemoryClock(0));
  cache.set('a', 'A', MOST_LENGTH);
  assert.is(cache.get('a'), 'A');
  cache.set('none', null, 0);
  assert.equal([cache.get('a'), cache.get('none'), cache.get('other')], ['A', null, undefined]);
  cache.set('b', 'B', 1);
  assert.equal([cache.get('a'), cache.get('b')], [undefined, 'B']);
  cache.set('b', 'too large', MOST_LENGTH + 1);
  assert.is(cache.get('b'), undefined);
  cache.set('a', 'A', MOST_LENGTH);
  assert.is(cache.get('a'), 'A', 'what has left leaves its room');
  cache.forget('a');
  cache.forget('a');
  for (const half of ['b', 'c']) cache.set(half, half, MOST_LENGTH / 2);
  assert.equal([cache.get('b'), cache.get('c')], ['b', 'c']);
});

test('a secret that is removed is served no more, also when its removal fails half way', async () => {
  const server = await Counted.start();
  await server.write('a', 1);
  assert.is(await server.look('a'), 1);
  await server.ask('delete', 'metadata/a');
  assert.is(await server.look('a'), undefined);
  await server.write('b', 1);
  assert.is(await server.look('b'), 1);
  server.host.plan = failEach('syncDir', 'EIO');
  assert.is((await refusalOf(server.ask('delete', 'metadata/b'))).code, 'host-failed');
  server.host.plan = () => null;
  assert.is(await server.isCached('b'), false);
  assert.is(await server.look('b'), undefined);
});

test('a write that fails leaves what the file says, before the rename and behind it', async () => {
  for (const [call, x] of [['rename', 1] as const, ['syncDir', 2] as const]) {
    const server = await Counted.start();
    await server.write('a', 1);
    assert.is(await server.look('a'), 1);
    server.host.plan = failEach(call, 'EIO');
    assert.is((await refusalOf(server.write('a', 2))).code, 'host-failed');
    server.host.plan = () => null;
    assert.is(await server.look('a'), x, call);
  }
});

test('what is read while it is written is no more when that is acknowledged', async () => {
  const server = await Counted.start();
  await server.write('a', 0);
  for (let x = 1; x < 9; x += 1) {
    let isDone = false;
    const written = server.write('a', x).then(() => {
      isDone = true;
    });
    while (!isDone) {
      assert.ok([x - 1, x].includes((await server.look('a')) as number));
      await new Promise<void>((resolve) => {
        clock.soon(resolve);
      });
    }
    await written;
    assert.is(await server.look('a'), x);
  }
});

test('writers at the same time, with readers between them, each get a version of their own', async () => {
  const server = await Counted.start();
  const writes = Array.from({ length: 9 }, async (_, x) => {
    await server.look('a');
    const { data } = await server.write('a', x);
    assert.is(await server.look('a', Number(data?.['version'])), x);
    return data?.['version'];
  });
  assert.equal((await Promise.all(writes)).sort(), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

type Kind = 'write' | 'patch' | 'delete' | 'undelete' | 'destroy' | 'remove' | 'pass';
interface Version {
  readonly x: number;
  state: 'live' | 'deleted' | 'destroyed';
}

async function take(server: Counted, versions: Version[], kind: Kind, path: string, number: number, x: number) {
  const [version, newest] = [versions[number - 1], versions.at(-1)];
  if (kind === 'pass') await server.clock.advance(40_000);
  else if (kind === 'write') {
    await server.write(path, x);
    versions.push({ x, state: 'live' });
  } else if (kind === 'patch') {
    await server.ask('patch', `data/${path}`, { data: { x } }).catch(() => undefined);
    if (newest?.state === 'live') versions.push({ x, state: 'live' });
  } else if (kind === 'remove') {
    await server.ask('delete', `metadata/${path}`);
    versions.length = 0;
  } else {
    await server.ask('update', `${kind}/${path}`, { versions: [number] });
    const states = { delete: 'deleted', undelete: 'live', destroy: 'destroyed' } as const;
    if (version !== undefined && version.state !== 'destroyed') version.state = states[kind];
  }
}

test('whatever is done, what is read is what was written last', async () => {
  const kinds = fc.constantFrom<Kind>('write', 'write', 'patch', 'delete', 'undelete', 'destroy', 'remove', 'pass');
  const step = fc.record({
    kind: kinds,
    path: fc.constantFrom('a', 'b', '__proto__', 'constructor'),
    number: fc.integer({ min: 1, max: 3 }),
    looks: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 10 }), async (steps) => {
      const server = await Counted.start();
      const model = new Map<string, Version[]>();
      for (const [x, { kind, path, number, looks }] of steps.entries()) {
        const versions = model.get(path) ?? [];
        model.set(path, versions);
        if (looks) for (const one of [0, 1, 2]) await server.look(path, one);
        await take(server, versions, kind, path, number, x);
        for (const [one, { x: value, state }] of versions.entries()) {
          assert.is(await server.look(path, one + 1), state === 'live' ? value : undefined);
        }
        if (versions.length === 0) assert.is(await server.look(path), undefined);
      }
      await server.store.close();
    }),
    { numRuns: some(100) },
  );
});
