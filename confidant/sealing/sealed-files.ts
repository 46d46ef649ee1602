/**
 * Sealed files: one for each name, of one part or more, replaced as a whole. Parts have labels; part 0 is always there
 * and vouches for the others, which may be kept as they are when it changes. Names are as `file-names.ts` says.
 *
 * Reads are of what was written last, durable or not; changes of one name happen one after the other. Errors of all:
 * `bad-path`, `damaged`, `unknown-version`, `sealed`, `host-failed`; what resolves is durable.
 */
import { SecretStoreError } from '../secret-store.ts';
import { Envelope, type Part, sealEnvelope, type SealedPart, type Tools } from './envelope.ts';
import { decodeEntry, encodeName, fileName } from './file-names.ts';
import type { Keyring } from './keyring.ts';
import type { Place, PrivateDirectory } from './private-directory.ts';

const DIRECTORY = 'files';
const PURPOSE = 'files';

/** What all scopes of a store have in common. */
export interface SealedStore {
  readonly tools: Tools;
  readonly keyring: Keyring;
  readonly directory: PrivateDirectory;
  /** By name, the last change that is under way. */
  readonly changes: Map<string, Promise<void>>;
}

/** A part as it is sealed, for the same name only. */
export interface KeptPart extends SealedPart {
  readonly name: string;
}

export interface NewPart {
  readonly label: number;
  readonly content: Uint8Array | KeptPart;
}

export class SealedFile {
  readonly #name: string;
  readonly #envelope: Envelope;

  constructor(name: string, envelope: Envelope) {
    this.#name = name;
    this.#envelope = envelope;
  }

  /** Ascending, 0 first. */
  labels(): number[] {
    return this.#envelope.parts.map(({ label }) => label);
  }

  /** Errors: `absent` when there is no such part; `damaged`, and that for this part alone unless it is part 0. */
  open(label: number): Uint8Array {
    return this.#envelope.open(label);
  }

  keep(label: number): KeptPart {
    return { ...this.#envelope.part(label), name: this.#name };
  }
}

export class SealedFiles {
  readonly #store: SealedStore;
  readonly #prefix: string;

  constructor(store: SealedStore, prefix = '') {
    this.#store = store;
    this.#prefix = prefix;
  }

  /** The files whose names begin so and a `/`. Limits of length are those of the name behind that. */
  scope(prefix: string): SealedFiles {
    this.#encode(prefix);
    return new SealedFiles(this.#store, `${this.#prefix}${prefix}/`);
  }

  exists(name: string): boolean {
    return this.#store.directory.exists(this.#place(name));
  }

  /** Null: there is none. */
  read(name: string): SealedFile | null {
    const { tools, keyring, directory } = this.#store;
    const address = { keys: keyring.keysFor(PURPOSE), name: this.#prefix + name };
    const content = directory.read(this.#place(name));
    return content === null ? null : new SealedFile(address.name, new Envelope(tools, address, content));
  }

  /** Writes all parts; those not named are gone. Errors: also `invalid` without a part 0, `too-large`. */
  replace(name: string, parts: readonly NewPart[]): Promise<void> {
    return this.#change(name, () => parts);
  }

  /**
   * Calls back with the file when all earlier changes of it are done, and writes what that returns, null: nothing. So
   * nothing comes between reading and writing. What it throws is thrown. Errors: as `read` and `replace`.
   */
  update(name: string, change: (file: SealedFile | null) => readonly NewPart[] | null): Promise<void> {
    return this.#change(name, () => change(this.read(name)));
  }

  /** Of what is not there nothing is removed. Damaged files and links are removed, too. */
  async remove(name: string): Promise<void> {
    const place = this.#place(name);
    await this.#inTurn(name, () => this.#store.directory.remove(place));
  }

  /** The names in a directory, `''` for the uppermost, sorted; those of directories with a `/` at the end. */
  list(directory: string): readonly string[] {
    const { tools } = this.#store;
    const segments = this.#directories(directory === '' ? [] : this.#encode(directory));
    const found: string[] = [];
    for (const entry of this.#store.directory.list(segments)) {
      const name = decodeEntry(tools.bytes, entry);
      if (name !== null && (!name.endsWith('/') || this.#hasAny([...segments, entry]))) found.push(name);
    }
    return found.sort();
  }

  /** Null: there is none. */
  readJson(name: string): unknown {
    const file = this.read(name);
    return file === null ? null : JSON.parse(this.#store.tools.bytes.decodeUtf8(file.open(0)));
  }

  writeJson(name: string, value: unknown): Promise<void> {
    const content = this.#store.tools.bytes.encodeUtf8(JSON.stringify(value));
    return this.replace(name, [{ label: 0, content }]);
  }

  async #change(name: string, change: () => readonly NewPart[] | null): Promise<void> {
    const { tools, keyring, directory } = this.#store;
    const place = this.#place(name);
    await this.#inTurn(name, async () => {
      const parts = change();
      if (parts === null) return;
      const address = { keys: keyring.keysFor(PURPOSE), name: this.#prefix + name };
      const [first, ...others] = sortParts(address.name, parts);
      await directory.replace(place, sealEnvelope(tools, address, first.content, others));
    });
  }

  #inTurn(name: string, change: () => Promise<void>): Promise<void> {
    const { changes } = this.#store;
    const key = this.#prefix + name;
    const before = changes.get(key) ?? Promise.resolve();
    const changed = before.then(change);
    const settled = changed
      .catch(() => undefined)
      .then(() => {
        if (changes.get(key) === settled) changes.delete(key);
      });
    changes.set(key, settled);
    return changed;
  }

  /** Whether there is a file somewhere below: a crash may leave empty directories. What is no directory counts, too. */
  #hasAny(directories: readonly string[]): boolean {
    const { directory, tools } = this.#store;
    if (!directory.isDirectory(directories)) return true;
    return directory.list(directories).some((entry) => {
      const name = decodeEntry(tools.bytes, entry);
      return name !== null && (!name.endsWith('/') || this.#hasAny([...directories, entry]));
    });
  }

  #encode(name: string): string[] {
    return encodeName(this.#store.tools.bytes, name);
  }

  #directories(segments: readonly string[]): string[] {
    const prefix = this.#prefix.split('/').slice(0, -1);
    return [DIRECTORY, ...prefix.flatMap((segment) => this.#encode(segment)), ...segments];
  }

  #place(name: string): Place {
    const segments = this.#encode(name);
    const last = segments.pop() ?? '';
    return { directories: this.#directories(segments), file: fileName(last) };
  }
}

function sortParts(name: string, parts: readonly NewPart[]): [Part, ...(Part | SealedPart)[]] {
  const [first, ...others] = [...parts].sort((a, b) => a.label - b.label);
  if (first?.label !== 0 || !(first.content instanceof Uint8Array)) {
    throw new SecretStoreError('invalid', `${name}: has no new part 0`);
  }
  const sorted: [Part, ...(Part | SealedPart)[]] = [{ label: 0, content: first.content }];
  for (const { label, content } of others) {
    if (label === sorted.at(-1)?.label) throw new SecretStoreError('invalid', `${name}: has two parts ${label}`);
    if (content instanceof Uint8Array) sorted.push({ label, content });
    else if (content.name === name && content.label === label) sorted.push(content);
    else throw new SecretStoreError('invalid', `${name}: part ${label} was kept from elsewhere`);
  }
  return sorted;
}
