/**
 * Follows the file of the root key while the service runs: when the operator has put another key in its place, the store
 * is wrapped in that one. A file may be there before all of it is: what is no key yet is looked at again for a while.
 */
import type { FileSecretStore } from '../../../confidant/file-secret-store.ts';
import type { RootKey } from '../../../confidant/sealing/seal-config.ts';
import { SecretStoreError } from '../../../confidant/secret-store.ts';
import type { Host, Timer, Watch } from '../../host.ts';
import { isHostError, Unusable } from '../failure.ts';
import type { Journal } from '../journal.ts';
import { parentOf, readStaticSeal } from './root-key.ts';

const LOOK_AFTER_MS = 200;
const MOST_LOOKS = 25;

export interface RootKeyWatchParts {
  readonly host: Host;
  readonly journal: Pick<Journal, 'say'>;
  readonly store: Pick<FileSecretStore, 'useRootKeys'>;
  readonly path: string;
  /** The one that the store was opened with. */
  readonly current: RootKey;
}

export class RootKeyWatch {
  readonly #parts: RootKeyWatchParts;
  #current: RootKey;
  #watch: Watch | null = null;
  #timer: Timer | null = null;
  #looks = 0;
  #isClosed = false;

  constructor(parts: RootKeyWatchParts) {
    this.#parts = parts;
    this.#current = parts.current;
    const { host, journal, path } = parts;
    try {
      // Names of the directory: a key that is put in place of another is a new file.
      this.#watch = host.files.watch(parentOf(path), () => {
        this.#looks = 0;
        this.#lookSoon();
      });
    } catch (error) {
      if (!isHostError(error)) throw error;
      journal.say(
        `secrets: ${path} cannot be watched, a new root key is taken at the next start: ${error.code}`,
        'warn',
      );
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#watch?.close();
  }

  #lookSoon(): void {
    this.#timer?.cancel();
    if (!this.#isClosed) this.#timer = this.#parts.host.clock.timer(LOOK_AFTER_MS, () => void this.#look());
  }

  async #look(): Promise<void> {
    const { path, journal } = this.#parts;
    this.#looks += 1;
    try {
      await this.#take();
    } catch (error) {
      if (!(error instanceof Unusable || error instanceof SecretStoreError)) throw error;
      if (this.#looks < MOST_LOOKS) return this.#lookSoon();
      journal.say(`secrets: the root key stays as it was, ${path} is not used: ${error.message}`, 'warn');
    }
  }

  async #take(): Promise<void> {
    const { host, journal, store, path } = this.#parts;
    if (host.files.stat(path) === null) return;
    const options = { rootKeyFile: path, rootKey: null, previousRootKeyFile: null };
    const seal = await readStaticSeal(host, options);
    if (seal === null || seal.current.id === this.#current.id || this.#isClosed) return;
    await store.useRootKeys({ ...seal, previous: this.#current });
    this.#current = seal.current;
    journal.say(`secrets: the root key is ${seal.current.id} from now on`);
  }
}
