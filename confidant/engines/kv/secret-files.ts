/**
 * A secret in one sealed file: part 0 says what is known of it, part n is the value of version n, as JSON. A new
 * version leaves the parts of the others as they are; what is destroyed or beyond the most is not written again.
 */
import type { Bytes, Clock } from '../../../targets/host.ts';
import type { EngineContext } from '../../core/engine-context.ts';
import { Turns } from '../../core/turns.ts';
import type { SealedFile, SealedFiles } from '../../sealing/sealed-files.ts';
import { type SecretData, SecretStoreError } from '../../secret-store.ts';
import { SecretCache } from './secret-cache.ts';
import type { Metadata } from './versions.ts';

/** A secret is read and written in memory several times over: on the device that is what it can do. */
const MOST_BYTES = 256 * 1024;

export interface Update {
  readonly metadata: Metadata;
  /** The value of the newest version, when that is new. */
  readonly data?: SecretData;
}

export class SecretFiles {
  readonly #files: SealedFiles;
  readonly #bytes: Bytes;
  readonly #clock: Clock;
  readonly #turns = new Turns();
  readonly #metadata: SecretCache<Metadata>;
  readonly #values: SecretCache<SecretData>;

  constructor({ files, host }: EngineContext) {
    this.#files = files;
    this.#bytes = host.bytes;
    this.#clock = host.clock;
    this.#metadata = new SecretCache(this.#clock);
    this.#values = new SecretCache(this.#clock);
  }

  exists(path: string): boolean {
    const known = this.#metadata.get(path);
    return known === undefined ? this.#files.exists(path) : known !== null;
  }

  list(directory: string): readonly string[] {
    return this.#files.list(directory);
  }

  /** Errors: `damaged`, `unknown-version`, `bad-path`, `host-failed`. */
  metadata(path: string): Metadata | null {
    const known = this.#metadata.get(path);
    if (known !== undefined) return known;
    const file = this.#files.read(path);
    const text = file === null ? null : this.#bytes.decodeUtf8(file.open(0));
    const metadata = text === null ? null : (JSON.parse(text) as Metadata);
    this.#metadata.set(path, metadata, text?.length ?? 0);
    return metadata;
  }

  /** The value of a version that the metadata says is there. Errors as `metadata`. */
  data(path: string, version: number): SecretData {
    // No path holds a line break.
    const name = `${version}\n${path}`;
    const known = this.#values.get(name);
    if (known !== undefined && known !== null) return known;
    const file = this.#files.read(path);
    if (file === null) throw new SecretStoreError('damaged', 'a version is missing from its file');
    const text = this.#bytes.decodeUtf8(file.open(version));
    const data = JSON.parse(text) as SecretData;
    this.#values.set(name, data, text.length);
    return data;
  }

  /** Changes a secret after those who came before; null from `update`: nothing is to be changed. */
  change(path: string, update: (before: Metadata | null) => Update | null): Promise<Metadata | null> {
    return this.#turns.take(path, async () => {
      const before = this.metadata(path);
      const { metadata, data } = update(before) ?? {};
      if (metadata === undefined) return before;
      try {
        await this.#files.replace(path, this.#parts(path, metadata, data));
      } finally {
        this.#forget(path, before);
      }
      return metadata;
    });
  }

  remove(path: string): Promise<void> {
    return this.#turns.take(path, async () => {
      let before: Metadata | null = null;
      try {
        before = this.metadata(path);
      } catch (error) {
        // What is damaged may be removed as anything else.
        if (!(error instanceof SecretStoreError)) throw error;
      }
      try {
        if (this.#files.exists(path)) await this.#files.remove(path);
      } finally {
        this.#forget(path, before);
      }
    });
  }

  #parts(path: string, metadata: Metadata, data: SecretData | undefined) {
    const file = this.#files.read(path);
    const parts: Parameters<SealedFiles['replace']>[1][number][] = [
      { label: 0, content: this.#bytes.encodeUtf8(JSON.stringify(metadata)) },
    ];
    for (const { version, destroyed } of metadata.versions) {
      if (destroyed) continue;
      const isNew = data !== undefined && version === metadata.currentVersion;
      parts.push({ label: version, content: isNew ? this.#encode(data) : kept(file, version) });
    }
    return parts;
  }

  #encode(data: SecretData): Uint8Array {
    const content = this.#bytes.encodeUtf8(JSON.stringify(data));
    if (content.length <= MOST_BYTES) return content;
    throw new SecretStoreError('too-large', `a secret has at most ${MOST_BYTES} bytes`);
  }

  #forget(path: string, before: Metadata | null): void {
    this.#metadata.forget(path);
    for (const { version } of before?.versions ?? []) this.#values.forget(`${version}\n${path}`);
  }
}

function kept(file: SealedFile | null, version: number) {
  if (file === null) throw new SecretStoreError('damaged', 'a version is missing from its file');
  return file.keep(version);
}
