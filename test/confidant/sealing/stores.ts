/** Stores for the tests of sealing: opened on a host, written and read in one way, and what they may hold after a stop. */
import * as assert from 'uvu/assert';
import { Barrier, type RootKey, type SealConfig } from '../../../confidant/sealing/barrier.ts';
import type { NewPart, SealedFiles } from '../../../confidant/sealing/sealed-files.ts';
import { SecretStoreError } from '../../../confidant/secret-store.ts';
import type { Host } from '../../../targets/host.ts';
import { MemoryDisk } from '../../support/memory-host/disk.ts';
import { fromUtf8, utf8 } from '../../support/text.ts';

export const ROOT = '/data/confidant';

export function rootKey(id: string): RootKey {
  return { id, key: Uint8Array.from({ length: 32 }, (_, i) => (id.charCodeAt(0) + i) & 255) };
}

export function staticSeal(id: string, previousId?: string): SealConfig & { readonly type: 'static' } {
  const previous = previousId === undefined ? undefined : rootKey(previousId);
  return { type: 'static', current: rootKey(id), previous };
}

/** An unsealed store with the static root key `k`, made when there is none. */
export async function openStore(host: Host, seal: SealConfig = staticSeal('k')): Promise<Barrier> {
  const barrier = await Barrier.open(host, ROOT, seal);
  if (!barrier.status().initialized) await barrier.init({ shares: 0, threshold: 0 });
  await barrier.unseal(null);
  return barrier;
}

export async function newStore(): Promise<{ disk: MemoryDisk; host: Host; barrier: Barrier; files: SealedFiles }> {
  const disk = new MemoryDisk();
  const host = disk.host();
  const barrier = await openStore(host);
  return { disk, host, barrier, files: barrier.files };
}

/** Made and sealed still. */
export async function newShamir(
  shares = 5,
  threshold = 3,
  seed = 1,
): Promise<{ disk: MemoryDisk; barrier: Barrier; keyShares: Uint8Array[] }> {
  const disk = new MemoryDisk(seed);
  const barrier = await Barrier.open(disk.host(), ROOT, { type: 'shamir' });
  const { keyShares } = await barrier.init({ shares, threshold });
  return { disk, barrier, keyShares };
}

export async function unsealAll(barrier: Barrier, shares: readonly Uint8Array[]): Promise<void> {
  for (const share of shares) await barrier.unseal(share);
}

/** The code of the `SecretStoreError` that is thrown, else fails. */
export function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof SecretStoreError) return error.code;
    throw error;
  }
  throw new Error('nothing was thrown');
}

export async function rejection(promise: Promise<unknown>): Promise<SecretStoreError> {
  const error = await promise.then(
    () => assert.unreachable('it did not reject'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof SecretStoreError) return error;
  throw error;
}

/**
 * What tests write: labels with commas between, which is what part 0 holds too; every other part holds the file's name
 * and its label. Parts that were there before are kept as they are sealed.
 */
export function writeLabels(files: SealedFiles, name: string, labels: string): Promise<void> {
  return files.update(name, (file) => {
    const before = new Set(file?.labels());
    const others = labels.split(',').map(Number);
    return [
      { label: 0, content: utf8(labels) },
      ...others.map((label): NewPart => {
        const keep = before.has(label) && file !== null;
        return { label, content: keep ? file.keep(label) : utf8(`${name} ${label}`) };
      }),
    ];
  });
}

/** Null: there is none. Fails when the parts do not fit together. */
export function readLabels(files: SealedFiles, name: string): string | null {
  const file = files.read(name);
  assert.is(files.exists(name), file !== null);
  if (file === null) return null;
  const labels = fromUtf8(file.open(0));
  assert.is(file.labels().join(), `0,${labels}`);
  for (const label of labels.split(',')) assert.is(fromUtf8(file.open(Number(label))), `${name} ${label}`);
  return labels;
}

/** Every name that can be listed, sorted. */
export function allNames(files: SealedFiles, directory = ''): string[] {
  const found = files.list(directory).flatMap((name) => {
    const path = directory === '' ? name : `${directory}/${name}`;
    return name.endsWith('/') ? allNames(files, path.slice(0, -1)) : [path];
  });
  return found.sort();
}

/** What each file may hold: what is acknowledged, and what is under way or failed without being undone. */
export class Possible {
  failures = 0;
  readonly #settled: Map<string, Set<string | null>>;
  readonly #underWay = new Map<string, (string | null)[]>();

  /** As after a stop: nothing is under way any more, and what was may have happened or not. */
  constructor(from?: Possible) {
    this.#settled = new Map(from?.names.map((name) => [name, new Set(from.of(name))]));
  }

  get names(): string[] {
    return [...new Set([...this.#settled.keys(), ...this.#underWay.keys()])];
  }

  of(name: string): (string | null)[] {
    return [...(this.#settled.get(name) ?? [null]), ...(this.#underWay.get(name) ?? [])];
  }

  /** Notes a change, and what becomes of it. Fails when it fails for another reason than the host. */
  async change(name: string, value: string | null, run: () => Promise<void>): Promise<boolean> {
    const underWay = this.#underWay.get(name) ?? [];
    this.#underWay.set(name, [...underWay, value]);
    const done = (settled: Set<string | null>): void => {
      this.#settled.set(name, settled);
      const left = this.#underWay.get(name) ?? [];
      left.splice(left.indexOf(value), 1);
    };
    try {
      await run();
      done(new Set([value]));
      return true;
    } catch (error) {
      if (!(error instanceof SecretStoreError) || error.code !== 'host-failed') throw error;
      this.failures += 1;
      done(new Set([...(this.#settled.get(name) ?? [null]), value]));
      return false;
    }
  }

  put(files: SealedFiles, name: string, labels: string): Promise<boolean> {
    return this.change(name, labels, () => writeLabels(files, name, labels));
  }

  remove(files: SealedFiles, name: string): Promise<boolean> {
    return this.change(name, null, () => files.remove(name));
  }

  /** Fails when the store holds anything else, and takes what it holds for what there is. */
  check(files: SealedFiles): void {
    const listed = allNames(files);
    for (const name of this.names) {
      const found = readLabels(files, name);
      assert.ok(this.of(name).includes(found), `${name}: ${found}, want one of ${this.of(name).join(' | ')}`);
      assert.is(listed.includes(name), found !== null, `${name} is listed`);
    }
    for (const name of listed) assert.ok(this.names.includes(name), `${name} is listed`);
  }
}
