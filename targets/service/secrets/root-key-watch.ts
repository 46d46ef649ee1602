/**
 * Follows the root key while the service runs: when the operator has put another one in its file, or the keyring could
 * not be wrapped with it at the start, the store is wrapped with it, and that is tried until it is done. Only then the
 * key before it is not needed any more, and a line says so. Of what goes wrong one line is written until it changes.
 */
import type { FileSecretStore } from '../../../confidant/file-secret-store.ts';
import type { StaticSeal } from '../../../confidant/sealing/seal-config.ts';
import { SecretStoreError } from '../../../confidant/secret-store.ts';
import type { Host, Timer, Watch } from '../../host.ts';
import { isHostError, Unusable } from '../failure.ts';
import type { Journal } from '../journal.ts';
import { readStaticSeal } from './root-key.ts';

const LOOK_AFTER_MS = 200;
const LOOK_EVERY_MS = 30_000;

export interface RootKeyWatchParts {
  readonly host: Host;
  readonly journal: Pick<Journal, 'say'>;
  readonly store: Pick<FileSecretStore, 'useRootKeys' | 'rootKeyId'>;
  /** Null: the key came from elsewhere, and stays. */
  readonly path: string | null;
  /** The one that the store was opened with. */
  readonly seal: StaticSeal;
}

export class RootKeyWatch {
  readonly #parts: RootKeyWatchParts;
  #seal: StaticSeal;
  /** The id of what the store was given last. */
  #given: string;
  /** What was said of a change that is not done; who starts with the key before waits for the line, too. */
  #pending: string;
  #watch: Watch | null = null;
  #timer: Timer | null = null;
  #looked: Promise<void>;
  #isClosed = false;

  constructor(parts: RootKeyWatchParts) {
    this.#parts = parts;
    const { host, path, seal } = parts;
    this.#seal = seal;
    this.#given = seal.current.id;
    this.#pending = seal.previous?.id ?? '';
    try {
      if (path !== null) this.#watch = host.files.watch(path, () => this.#lookIn(LOOK_AFTER_MS));
    } catch (error) {
      // Then it is seen a bit later.
      if (!isHostError(error)) throw error;
    }
    this.#looked = this.#look();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#watch?.close();
  }

  #lookIn(delayMs: number): void {
    this.#timer?.cancel();
    if (this.#isClosed) return;
    this.#timer = this.#parts.host.clock.timer(delayMs, () => {
      this.#timer = null;
      this.#looked = this.#looked.then(() => this.#look());
    });
  }

  async #look(): Promise<void> {
    try {
      await this.#take();
    } catch (error) {
      this.#explain(error);
    }
    if (this.#timer === null) this.#lookIn(LOOK_EVERY_MS);
  }

  async #take(): Promise<void> {
    const { host, journal, store, path } = this.#parts;
    if (path !== null && host.files.stat(path) !== null) {
      const options = { rootKeyFile: path, rootKey: null, previousRootKeyFile: null };
      this.#seal = (await readStaticSeal(host, options)) ?? this.#seal;
    }
    if (this.#isClosed) return;
    const { id } = this.#seal.current;
    // Before there is a keyring no key is the one that it is wrapped with.
    const isOther = id !== (store.rootKeyId || this.#given);
    if (isOther) await store.useRootKeys(this.#seal);
    this.#given = id;
    if (isOther || this.#pending !== '') journal.say(`secrets: the root key is ${id} from now on`);
    this.#pending = '';
  }

  #explain(error: unknown): void {
    if (!(error instanceof Error)) throw error;
    const { journal, store, path } = this.#parts;
    const { message } = error;
    if (error instanceof SecretStoreError) {
      const text = `the root key ${store.rootKeyId} is still needed, ${this.#seal.current.id} is not in use yet`;
      // The message names another file at each try.
      this.#sayOnce(`${text} ${error.code}`, () => journal.say(`secrets: ${text}: ${message}`, 'error'));
    } else if (error instanceof Unusable || isHostError(error)) {
      const text = `secrets: the root key stays as it was, ${path} is not used: ${message}`;
      this.#sayOnce(text, () => journal.say(text, 'warn'));
    } else throw error;
  }

  #sayOnce(what: string, say: () => void): void {
    if (this.#pending !== what) say();
    this.#pending = what;
  }
}
