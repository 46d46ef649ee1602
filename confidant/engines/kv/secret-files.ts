/**
 * A secret in one sealed file: part 0 says what is known of it, part n is the value of version n, as JSON. A new
 * version leaves the parts of the others as they are; what is destroyed or beyond the most is not written again.
 */
import type { Bytes } from '../../../targets/host.ts';
import type { EngineContext } from '../../core/engine-context.ts';
import type { NewPart, SealedFile, SealedFiles } from '../../sealing/sealed-files.ts';
import { type SecretData, SecretStoreError } from '../../secret-store.ts';
import { SecretCache } from './secret-cache.ts';
import type { Metadata } from './versions.ts';

/** A secret is read and written in memory several times over: on the device that is what it can do. */
const MOST_BYTES = 256 * 1024;
/** Of all versions that are kept, since each change writes all of them. */
const MOST_BYTES_OF_ALL = 4 * 1024 * 1024;

export interface Update {
  readonly metadata: Metadata;
  /** The value of the newest version, when that is new. */
  readonly data?: SecretData;
}

/** What is kept of a secret that was read. */
interface Known {
  readonly metadata: Metadata;
  readonly values: Map<number, SecretData>;
  /** Of the texts that it was made from. */
  length: number;
}

export class SecretFiles {
  readonly #files: SealedFiles;
  readonly #bytes: Bytes;
  readonly #cache: SecretCache<Known>;

  constructor({ files, host }: EngineContext) {
    this.#files = files;
    this.#bytes = host.bytes;
    this.#cache = new SecretCache(host.clock);
  }

  exists(path: string): boolean {
    const known = this.#cache.get(path);
    return known === undefined ? this.#files.exists(path) : known !== null;
  }

  list(directory: string): readonly string[] {
    return this.#files.list(directory);
  }

  /** Errors: `damaged`, `unknown-version`, `bad-path`, `host-failed`. */
  metadata(path: string): Metadata | null {
    const known = this.#cache.get(path);
    if (known !== undefined) return known?.metadata ?? null;
    const file = this.#files.read(path);
    if (file === null) {
      this.#cache.set(path, null, 0);
      return null;
    }
    const text = this.#bytes.decodeUtf8(file.open(0));
    const metadata = JSON.parse(text) as Metadata;
    this.#cache.set(path, { metadata, values: new Map(), length: text.length }, text.length);
    return metadata;
  }

  /** The value of a version that the metadata says is there. Errors as `metadata`. */
  data(path: string, version: number): SecretData {
    const known = this.#cache.get(path) ?? null;
    const cached = known?.values.get(version);
    if (cached !== undefined) return cached;
    const file = this.#files.read(path);
    if (file === null) throw new SecretStoreError('damaged', 'a version is missing from its file');
    const text = this.#bytes.decodeUtf8(file.open(version));
    const data = JSON.parse(text) as SecretData;
    if (known !== null) {
      known.values.set(version, data);
      known.length += text.length;
      this.#cache.set(path, known, known.length);
    }
    return data;
  }

  /** Changes a secret after those who came before; null from `update`: nothing is to be changed. */
  async change(path: string, update: (before: Metadata | null) => Update | null): Promise<Metadata | null> {
    let metadata: Metadata | null = null;
    try {
      await this.#files.update(path, (file) => {
        metadata = this.metadata(path);
        const change = update(metadata);
        if (change === null) return null;
        metadata = change.metadata;
        return this.#parts(file, change);
      });
    } finally {
      this.#cache.forget(path);
    }
    return metadata;
  }

  async remove(path: string): Promise<void> {
    try {
      await this.#files.remove(path);
    } finally {
      this.#cache.forget(path);
    }
  }

  #parts(file: SealedFile | null, { metadata, data }: Update): NewPart[] {
    const parts: NewPart[] = [{ label: 0, content: this.#bytes.encodeUtf8(JSON.stringify(metadata)) }];
    for (const { version, destroyed } of metadata.versions) {
      if (destroyed) continue;
      const isNew = data !== undefined && version === metadata.currentVersion;
      parts.push({ label: version, content: isNew ? this.#encode(data) : kept(file, version) });
    }
    const sizes = parts.map(({ content }) => (content instanceof Uint8Array ? content.length : content.sealed.length));
    if (data !== undefined && sizes.reduce((sum, size) => sum + size, 0) > MOST_BYTES_OF_ALL) {
      throw new SecretStoreError('too-large', `all versions have at most ${MOST_BYTES_OF_ALL} bytes: keep fewer`);
    }
    return parts;
  }

  #encode(data: SecretData): Uint8Array {
    const content = this.#bytes.encodeUtf8(JSON.stringify(data));
    if (content.length <= MOST_BYTES) return content;
    throw new SecretStoreError('too-large', `a secret has at most ${MOST_BYTES} bytes`);
  }
}

function kept(file: SealedFile | null, version: number) {
  if (file === null) throw new SecretStoreError('damaged', 'a version is missing from its file');
  return file.keep(version);
}
