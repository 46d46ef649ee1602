/**
 * Passwords as Argon2id in PHC form (`$argon2id$v=19$m=7168,t=5,p=1$salt$hash`): 7 MiB and 5 passes, which a machine
 * with 128 MiB has to spare (edge-facts section 4), for one hash at a time. Few may wait for their turn; the next one
 * is told to come again.
 */
import type { Bytes, Host, Sodium } from '../../targets/host.ts';
import { SecretStoreError } from '../secret-store.ts';

const COST = { memoryBytes: 7 * 1024 * 1024, passes: 5 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const MOST_WAITING = 4;
/** About what one hash takes on a device. */
const RETRY_AFTER_MS = 2000;

interface Parsed {
  readonly memoryBytes: number;
  readonly passes: number;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

/** Whether a password is that of a PHC text. Null: there is no such user; the work is the same. Errors: `damaged`. */
export type PasswordCheck = (password: string, phc: string | null) => Promise<boolean>;

export class Passwords {
  readonly #host: Pick<Host, 'bytes' | 'random'>;
  readonly #sodium: Sodium;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(host: Pick<Host, 'bytes' | 'random'>, sodium: Sodium) {
    this.#host = host;
    this.#sodium = sodium;
  }

  /** The PHC text of a new password. Errors: `busy`. */
  async hash(password: string): Promise<string> {
    const { bytes, random } = this.#host;
    const salt = new Uint8Array(SALT_BYTES);
    random.fill(salt);
    const hash = await this.#inTurn(() => this.#derive(password, { ...COST, salt, hash: new Uint8Array(HASH_BYTES) }));
    const cost = `m=${COST.memoryBytes / 1024},t=${COST.passes},p=1`;
    return `$argon2id$v=19$${cost}$${unpadded(bytes, salt)}$${unpadded(bytes, hash)}`;
  }

  /**
   * A login, which begins when its turn has come and is over before the next one's comes: what that one finds, such as
   * a user who is locked out, is what this one has left. Errors: `busy`, and those of `run`.
   */
  attempt<T>(run: (isRight: PasswordCheck) => Promise<T>): Promise<T> {
    return this.#inTurn(() => run((password, phc) => this.#isRight(password, phc)));
  }

  async #isRight(password: string, phc: string | null): Promise<boolean> {
    const { bytes } = this.#host;
    const nobody = { ...COST, salt: new Uint8Array(SALT_BYTES), hash: new Uint8Array(HASH_BYTES) };
    const parsed = phc === null ? nobody : parse(bytes, phc);
    const hash = await this.#derive(password, parsed);
    const isEqual = this.#sodium.equal(hash, parsed.hash);
    return phc !== null && isEqual;
  }

  async #inTurn<T>(run: () => Promise<T>): Promise<T> {
    if (this.#waiting > MOST_WAITING) {
      const retryAfterMs = RETRY_AFTER_MS * this.#waiting;
      throw new SecretStoreError('busy', 'too many logins at once', { retryAfterMs });
    }
    this.#waiting += 1;
    const turn = this.#last.then(run);
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting -= 1;
    }
  }

  async #derive(password: string, { salt, hash, memoryBytes, passes }: Parsed): Promise<Uint8Array> {
    const secret = this.#host.bytes.encodeUtf8(password);
    try {
      return await this.#sodium.argon2id(secret, salt, { memoryBytes, passes, lengthBytes: hash.length });
    } finally {
      this.#sodium.wipe(secret);
    }
  }
}

function unpadded(bytes: Bytes, content: Uint8Array): string {
  return bytes.encodeBase64(content).replaceAll('=', '');
}

function parse(bytes: Bytes, phc: string): Parsed {
  const match = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=1\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(phc);
  const [, memory = '', passes = '', salt = '', hash = ''] = match ?? [];
  if (match === null) throw new SecretStoreError('damaged', 'a password is not in the form that it was written in');
  const padded = (text: string): Uint8Array => bytes.decodeBase64(text + '='.repeat((4 - (text.length % 4)) % 4));
  return { memoryBytes: Number(memory) * 1024, passes: Number(passes), salt: padded(salt), hash: padded(hash) };
}
