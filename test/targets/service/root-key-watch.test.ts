/** The root key's file is followed: while sealed, over failures, in place, and with one line for each change of state. */
import * as assert from 'uvu/assert';
import { Barrier } from '../../../confidant/sealing/barrier.ts';
import { readStaticSeal } from '../../../targets/service/secrets/root-key.ts';
import { RootKeyWatch } from '../../../targets/service/secrets/root-key-watch.ts';
import { MemoryDisk } from '../../support/memory-host/disk.ts';
import { suite } from '../../support/suite.ts';
import { utf8 } from '../../support/text.ts';

const test = suite('the watch of the root key');
/** In memory: it can be written when the medium is full. */
const KEY = '/run/key';
const [FIRST, SECOND, THIRD] = ['1a', '2b', '3c'].map((byte) => `${byte.repeat(32)}\n`) as [string, string, string];

class Device {
  readonly disk = new MemoryDisk();
  readonly host = this.disk.host();
  readonly lines: string[] = [];
  #barrier: Barrier | null = null;
  #watch: RootKeyWatch | null = null;

  get barrier(): Barrier {
    if (this.#barrier === null) throw new Error('not started');
    return this.#barrier;
  }

  /** Opens the store, made when there is none, with the key in its file. */
  async start(previousRootKeyFile: string | null = null): Promise<this> {
    const seal = await this.seal(KEY, previousRootKeyFile);
    const barrier = await Barrier.open(this.host, '/data/secrets', seal);
    this.#barrier = barrier;
    if (!barrier.status().initialized) await barrier.init({ shares: 0, threshold: 0 });
    await barrier.unseal(null);
    const store = {
      useRootKeys: (next: typeof seal) => barrier.useRootKeys(next),
      get rootKeyId() {
        return barrier.status().rootKeyId;
      },
    };
    const journal = { say: (text: string, level = 'info') => void this.lines.push(`${level}: ${text}`) };
    this.#watch = new RootKeyWatch({ host: this.host, journal, store, path: KEY, seal });
    await this.disk.clock.settle();
    return this;
  }

  async stop(): Promise<void> {
    this.#watch?.close();
    await this.#barrier?.close();
  }

  async seal(path: string, previousRootKeyFile: string | null = null) {
    const seal = await readStaticSeal(this.host, { rootKeyFile: path, rootKey: null, previousRootKeyFile });
    if (seal === null) throw new Error('no key');
    return seal;
  }

  async idOf(path: string): Promise<string> {
    return (await this.seal(path)).current.id;
  }

  /** Also over another file, as by `mv`. */
  put(text: string, path = KEY): void {
    const file = this.host.files.open(`${path}.new`, 'create');
    file.write(utf8(text), 0);
    file.close();
    this.host.files.rename(`${path}.new`, path);
  }

  overwrite(text: string): void {
    const file = this.host.files.open(KEY, 'update');
    file.truncate(0);
    file.write(utf8(text), 0);
    file.close();
  }

  pass(seconds: number): Promise<void> {
    return this.disk.clock.advance(seconds * 1000);
  }

  /** The lines since it was asked last. */
  said(): string[] {
    return this.lines.splice(0);
  }
}

async function started(): Promise<Device> {
  const device = new Device();
  device.put(FIRST);
  await device.start();
  assert.equal(device.said(), []);
  return device;
}

test('a key that is put in place while the store is sealed wraps the keyring before it is announced', async () => {
  const device = await started();
  device.barrier.seal();
  device.put(SECOND);
  await device.pass(1);
  const id = await device.idOf(KEY);
  assert.equal(device.said(), [`info: secrets: the root key is ${id} from now on`]);
  await device.stop();
  await device.start();
  assert.is(device.barrier.status().rootKeyId, id);
  assert.equal(device.said(), []);
});

test('a key that is written in place is seen, half of one is not taken', async () => {
  const device = await started();
  const first = await device.idOf(KEY);
  device.overwrite(SECOND.slice(0, 44));
  await device.pass(90);
  const [line = '', ...more] = device.said();
  assert.match(line, /^warn: secrets: the root key stays as it was, \/run\/key is not used: .*not 32 bytes/);
  assert.equal(more, []);
  assert.is(device.barrier.status().rootKeyId, first);
  device.overwrite(SECOND);
  await device.pass(1);
  const id = await device.idOf(KEY);
  assert.equal(device.said(), [`info: secrets: the root key is ${id} from now on`]);
  assert.is(device.barrier.status().rootKeyId, id);
});

test('the key is taken when the medium can be written again, with one line for each change', async () => {
  for (const isSealed of [false, true]) {
    const device = await started();
    const first = await device.idOf(KEY);
    if (isSealed) device.barrier.seal();
    device.disk.isReadOnly = true;
    for (const key of [SECOND, THIRD]) {
      device.put(key);
      await device.pass(120);
      const text = `the root key ${first} is still needed, ${await device.idOf(KEY)} is not in use yet`;
      const [line = '', ...more] = device.said();
      assert.ok(line.startsWith(`error: secrets: ${text}: `), line);
      assert.equal(more, []);
    }
    device.disk.isReadOnly = false;
    await device.pass(30);
    assert.equal(device.said(), [`info: secrets: the root key is ${await device.idOf(KEY)} from now on`]);
    await device.pass(90);
    assert.equal(device.said(), []);
    await device.stop();
    await device.start();
  }
});

test('who starts with the key before is told when it is not needed any more', async () => {
  const device = await started();
  const first = await device.idOf(KEY);
  await device.stop();
  device.put(FIRST, '/run/old');
  device.put(SECOND);
  const id = await device.idOf(KEY);
  device.disk.isReadOnly = true;
  await device.start('/run/old');
  assert.is(device.barrier.status().sealed, false);
  const [line = '', ...more] = device.said();
  assert.ok(line.startsWith(`error: secrets: the root key ${first} is still needed, ${id} is not in use yet: `), line);
  assert.equal(more, []);
  device.disk.isReadOnly = false;
  // Its file is not needed for that.
  device.host.files.remove(KEY);
  await device.pass(30);
  assert.equal(device.said(), [`info: secrets: the root key is ${id} from now on`]);
  await device.stop();
  device.put(SECOND);
  await device.start('/run/old');
  assert.equal(device.said(), [`info: secrets: the root key is ${id} from now on`]);
});

test('closing ends it', async () => {
  const device = await started();
  await device.stop();
  device.put(SECOND);
  await device.pass(90);
  assert.equal(device.said(), []);
});
