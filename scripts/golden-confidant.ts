/**
 * `tsx scripts/golden-confidant.ts`: makes the golden files of the secret store's format version 1,
 * `test/fixtures/confidant-v1/`, as text in hex. They are what stores out there look like, so a file that is there
 * already is never touched: a change of the format gets a version, and a directory, of its own. Tests read them, and make
 * them again in memory to compare.
 *
 * Two stores, on a disk in memory with a clock that stands still and random numbers from a seed: one with a static root
 * key, one whose root key was split. Neither key is a secret.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Barrier, type SealConfig, type StaticSeal } from '../confidant/sealing/barrier.ts';
import type { SealedFiles } from '../confidant/sealing/sealed-files.ts';
import { MemoryDisk } from '../test/support/memory-host/disk.ts';

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

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

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

function encodeGolden(golden: GoldenStore): string {
  return [...golden]
    .map(([name, bytes]) => {
      const lines =
        Buffer.from(bytes)
          .toString('hex')
          .match(/.{1,64}/g) ?? [];
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
        return [name, Uint8Array.from(Buffer.from(lines.join(''), 'hex'))];
      }),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(GOLDEN_DIRECTORY, { recursive: true });
  for (const [name, golden] of Object.entries(await makeGoldenStores())) {
    const path = `${GOLDEN_DIRECTORY}/${name}.txt`;
    if (existsSync(path)) console.log(`${path}: there already`);
    else writeFileSync(path, encodeGolden(golden));
  }
}
