/**
 * `cubbyhole/`: what a token keeps for itself. Nobody else reads it, not even root, and it is gone with the token. In
 * the journal, sealed, under `cubbyhole/<id of the token>`: it changes as often as tokens do.
 */
import { callerOf } from '../core/caller.ts';
import type { Ledger } from '../core/ledger.ts';
import type { Call, Engine, Route } from '../core/route.ts';
import { type SecretData, SecretStoreError, type StoreReply } from '../secret-store.ts';
import type { Tokens } from './tokens.ts';

const PREFIX = 'cubbyhole/';
/** All of them are in memory: of one token, and of all together, as JSON. */
const MOST_LENGTH = 16 * 1024;
const MOST_LENGTH_OF_ALL = 256 * 1024;
const nothing: StoreReply = { data: null };

interface Cubbyhole {
  /** Of the token: another one may get the same id, when it is made with the same name. */
  readonly accessor: string;
  readonly secrets: readonly (readonly [path: string, data: SecretData])[];
  readonly length: number;
}

export interface CubbyholeParts {
  readonly ledger: () => Ledger;
  readonly tokens: () => Tokens;
}

export class CubbyholeEngine implements Engine {
  readonly #parts: CubbyholeParts;

  constructor(parts: CubbyholeParts) {
    this.#parts = parts;
  }

  readonly routes: readonly Route[] = [
    {
      path: '{path...}',
      operations: {
        read: (call) => this.#read(call),
        update: (call) => this.#write(call),
        delete: (call) => this.#remove(call),
        list: (call) => this.#list(call),
      },
    },
  ];

  /** Removes what tokens have left that are no more. */
  async sweep(): Promise<void> {
    const tokens = this.#parts.tokens();
    const left: string[] = [];
    for (const [key, value] of this.#parts.ledger().entries(PREFIX)) {
      const { accessor } = value as Cubbyhole;
      if (tokens.byId(key.slice(PREFIX.length))?.accessor !== accessor) left.push(key);
    }
    if (left.length > 0) await this.#parts.ledger().change(left.map((key) => [key, null] as const));
  }

  #secretsOf(call: Call): Map<string, SecretData> {
    const { id, accessor } = callerOf(call).entry;
    const kept = this.#parts.ledger().get(PREFIX + id) as Cubbyhole | undefined;
    return new Map(kept?.accessor === accessor ? kept.secrets : []);
  }

  #read(call: Call): StoreReply {
    const data = this.#secretsOf(call).get(pathOf(call));
    if (data === undefined) throw new SecretStoreError('absent', 'no such secret');
    return { data };
  }

  async #write(call: Call): Promise<StoreReply> {
    const data = call.input.rest();
    if (Object.keys(data).length === 0) throw new SecretStoreError('invalid', 'missing data fields');
    await this.#keep(call, this.#secretsOf(call).set(pathOf(call), data));
    return nothing;
  }

  async #remove(call: Call): Promise<StoreReply> {
    const secrets = this.#secretsOf(call);
    if (secrets.delete(pathOf(call))) await this.#keep(call, secrets);
    // What seems to be gone is said to be gone only when that is durable.
    else await this.#parts.ledger().flush();
    return nothing;
  }

  #list(call: Call): StoreReply {
    const prefix = pathOf(call) === '' ? '' : `${pathOf(call)}/`;
    const keys = new Set<string>();
    for (const path of this.#secretsOf(call).keys()) {
      if (path.startsWith(prefix)) keys.add(path.slice(prefix.length).replace(/\/.*/, '/'));
    }
    if (keys.size === 0) throw new SecretStoreError('absent', 'nothing there');
    return { data: { keys: [...keys].sort() } };
  }

  /** Errors: `too-large`, `busy`, `host-failed`. */
  async #keep(call: Call, secrets: ReadonlyMap<string, SecretData>): Promise<void> {
    const { id, accessor } = callerOf(call).entry;
    const { length } = JSON.stringify([...secrets]);
    if (length > MOST_LENGTH) {
      throw new SecretStoreError('too-large', `a cubbyhole has at most ${MOST_LENGTH} bytes`);
    }
    const ledger = this.#parts.ledger();
    let all = length;
    for (const [key, value] of ledger.entries(PREFIX)) if (key !== PREFIX + id) all += (value as Cubbyhole).length;
    if (all > MOST_LENGTH_OF_ALL)
      throw new SecretStoreError('busy', 'the cubbyholes are full', { retryAfterMs: 60_000 });
    const kept: Cubbyhole = { accessor, secrets: [...secrets], length };
    await ledger.change([[PREFIX + id, secrets.size === 0 ? null : kept]]);
  }
}

function pathOf({ parameters }: Call): string {
  return parameters['path'] ?? '';
}
