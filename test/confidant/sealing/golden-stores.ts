/**
 * The golden stores of format version 1, as `scripts/golden-confidant.ts` has written them to `test/fixtures/confidant-v1`.
 * Two, on a disk in memory with a clock that stands still and random numbers from a seed: one with a static root key,
 * one whose root key was split. Neither key is a secret.
 */
import { Barrier, type SealConfig, type StaticSeal } from '../../../confidant/sealing/barrier.ts';
import type { SealedFiles } from '../../../confidant/sealing/sealed-files.ts';
import { MemoryDisk } from '../../support/memory-host/disk.ts';
import { fromHex, hex, utf8 as text } from '../../support/text.ts';

export const GOLDEN_DIRECTORY = 'test/fixtures/confidant-v1';
export const GOLDEN_ROOT = '/confidant';
export const JOURNAL_NAME = 'journal';

export const GOLDEN_SEAL: StaticSeal = {
  type: 'static',
  current: { id: 'golden-2', key: Uint8Array.from({ length: 32 }, (_, i) => 2 * i) },
  previous: { id: 'golden-1', key: Uint8Array.from({ length: 32 }, (_, i) => i) },
};

/** By name: the JSON of part 0, and the text of each other part. */
export const GOLDEN_FILES: Readonly<Record<string, { readonly first: unknown; readonly parts: readonly string[] }>> = {
  'core/mounts': { first: { secret: { type: 'kv' } }, parts: [] },
  'secrets/app/db': { first: { versions: 3 }, parts: ['first', 'second', 'third'] },
  'secrets/app': { first: { versions: 1 }, parts: [''] },
  'secrets/größe 100%/😀': { first: 'ü', parts: ['äöü'] },
};

/** By file name below the root, the bytes; beside them `journal`, what the keyring has sealed, and the `shares`. */
export type GoldenStore = ReadonlyMap<string, Uint8Array>;

export async function makeGoldenStores(): Promise<Readonly<Record<'static' | 'shamir', GoldenStore>>> {
  const shamir = await fill(1, { type: 'shamir' }, () => Promise.resolve());
  const previous = GOLDEN_SEAL.previous ?? GOLDEN_SEAL.current;
  const first: StaticSeal = { type: 'static', current: previous };
  return { static: await fill(2, first, (barrier) => barrier.useRootKeys(GOLDEN_SEAL)), shamir };
}

async function fill(seed: number, seal: SealConfig, rekey: (barrier: Barrier) => Promise<void>): Promise<GoldenStore> {
  const disk = new MemoryDisk(seed);
  const barrier = await Barrier.open(disk.host(), GOLDEN_ROOT, seal);
  const { keyShares } = await barrier.init({ shares: 3, threshold: 2 });
  for (const share of seal.type === 'static' ? [null] : keyShares.slice(1)) await barrier.unseal(share);
  await write(barrier.files, 0);
  await disk.clock.advance(1000);
  await barrier.rotate();
  await rekey(barrier);
  await write(barrier.files, 2);
  const golden = filesOf(disk);
  golden.set(JOURNAL_NAME, barrier.keyring.seal('journal', 'key', text('value')));
  golden.set('mac', barrier.keyring.mac('token', text('message')));
  for (const [i, share] of keyShares.entries()) golden.set(`share ${i}`, share);
  return golden;
}

/** So that later parts are sealed with a later key. */
async function write(files: SealedFiles, from: number): Promise<void> {
  for (const [name, { first, parts }] of Object.entries(GOLDEN_FILES)) {
    const texts = parts.slice(0, from + 2);
    await files.update(name, (file) => [
      { label: 0, content: text(JSON.stringify(first)) },
      ...texts.map((value, i) => {
        return { label: i + 1, content: i < from && file !== null ? file.keep(i + 1) : text(value) };
      }),
    ]);
  }
}

/** All files of a store; its lock is empty. */
function filesOf(disk: MemoryDisk): Map<string, Uint8Array> {
  const { files } = disk.host();
  const found = new Map<string, Uint8Array>();
  const visit = (directory: string, name: string): void => {
    for (const entry of files.list(directory).sort()) {
      const path = `${directory}/${entry}`;
      if (files.stat(path)?.kind === 'directory') visit(path, `${name}${entry}/`);
      else if (!entry.endsWith('.lock')) {
        const file = files.open(path, 'read');
        const bytes = new Uint8Array(file.lengthBytes());
        file.read(bytes, 0);
        file.close();
        found.set(`${name}${entry}`, bytes);
      }
    }
  };
  visit(GOLDEN_ROOT, '');
  return found;
}

export function encodeGolden(golden: GoldenStore): string {
  return [...golden]
    .map(([name, bytes]) => {
      const lines = hex(bytes).match(/.{1,64}/g) ?? [];
      return `# ${name}\n${lines.map((line) => `${line}\n`).join('')}`;
    })
    .join('');
}

export function decodeGolden(encoded: string): GoldenStore {
  return new Map(
    encoded
      .split(/^# /m)
      .slice(1)
      .map((file) => {
        const [name = '', ...lines] = file.split('\n');
        return [name, fromHex(lines.join(''))];
      }),
  );
}
