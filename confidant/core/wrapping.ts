/**
 * Response wrapping: a reply that is kept under a token of its own, good for one look, so that what is delivered
 * cannot have been read on the way unnoticed. The reply is in the journal, sealed, under `wrap/<id of the token>`.
 */
import type { TokenEntry } from '../identity/token-entry.ts';
import { SYSTEM_TTL } from '../identity/token-entry.ts';
import type { Tokens } from '../identity/tokens.ts';
import { SecretStoreError, type StoreReply, type WrapInfo } from '../secret-store.ts';
import type { Change, Ledger } from './ledger.ts';
import type { StoreClock } from './store-clock.ts';

const PREFIX = 'wrap/';
export const WRAPPING_POLICY = 'response-wrapping';

/** Kept in memory until somebody fetches them: in number, and as JSON, each and all together. */
const MOST_REPLIES = 500;
const LONGEST_REPLY = 384 * 1024;
const MOST_LENGTH = 1024 * 1024;

interface Wrapped {
  readonly reply: StoreReply;
  readonly length: number;
  readonly creationPath: string;
  readonly ttl: number;
}

export interface WrappingParts {
  readonly ledger: Ledger;
  readonly tokens: Tokens;
  readonly clock: StoreClock;
}

export class Wrapping {
  readonly #parts: WrappingParts;

  constructor(parts: WrappingParts) {
    this.#parts = parts;
  }

  wrap(reply: StoreReply, creationPath: string, ttl: number): Promise<WrapInfo> {
    return this.#wrap(reply, creationPath, ttl, []);
  }

  async #wrap(reply: StoreReply, creationPath: string, asked: number, changes: readonly Change[]): Promise<WrapInfo> {
    const ttl = Math.min(asked, SYSTEM_TTL);
    const { tokens, clock } = this.#parts;
    const wrapped: Wrapped = { reply, creationPath, ttl, length: JSON.stringify(reply).length };
    await this.#makeRoom(wrapped.length);
    const { login, entry } = await tokens.create({
      policies: [WRAPPING_POLICY],
      withoutDefaultPolicy: true,
      path: creationPath,
      displayName: 'wrapping',
      ttl,
      explicitMaxTtl: ttl,
      isRenewable: false,
      numUses: 1,
      with: (id) => [[PREFIX + id, wrapped], ...changes],
    });
    return {
      token: login.clientToken,
      accessor: entry.accessor,
      ttl,
      creationTime: clock.toWall(entry.createdAt),
      creationPath,
      ...(reply.auth !== undefined && { wrappedAccessor: reply.auth.accessor }),
    };
  }

  /** What is known of a wrapping token. Errors: `invalid`. */
  look(token: string): { readonly creationPath: string; readonly createdAt: number; readonly ttl: number } {
    const entry = this.#entryOf(token);
    const { creationPath, ttl } = this.#wrappedOf(entry.id);
    return { creationPath, createdAt: this.#parts.clock.toWall(entry.createdAt), ttl };
  }

  /** The reply, once: both it and its token are gone before it is given out. Errors: `invalid`, `host-failed`. */
  async unwrap(token: string): Promise<StoreReply> {
    return this.take(this.#entryOf(token).id);
  }

  /** The reply of a token that has been counted out already, or of a live one. */
  async take(id: string): Promise<StoreReply> {
    const { reply } = this.#wrappedOf(id);
    await this.#parts.ledger.change([[PREFIX + id, null]]);
    await this.#parts.tokens.revoke(id);
    return reply;
  }

  /** Under a new token; the old one is good for nothing from then on, and not before. */
  async rewrap(token: string): Promise<WrapInfo> {
    const { id } = this.#entryOf(token);
    const { reply, creationPath, ttl } = this.#wrappedOf(id);
    return this.#wrap(reply, creationPath, ttl, [[PREFIX + id, null]]);
  }

  /** Removes replies whose token has expired unused. */
  async sweep(): Promise<void> {
    const { ledger, tokens } = this.#parts;
    const over: string[] = [];
    for (const [key] of ledger.entries(PREFIX)) if (tokens.byId(key.slice(PREFIX.length)) === null) over.push(key);
    if (over.length > 0) await ledger.change(over.map((key) => [key, null] as const));
  }

  /** Errors: `too-large`, `busy`. */
  async #makeRoom(length: number): Promise<void> {
    const isFull = (): boolean => {
      let whole = length;
      for (const [, value] of this.#parts.ledger.entries(PREFIX)) whole += (value as Wrapped).length;
      return whole > MOST_LENGTH || this.#parts.ledger.count(PREFIX) >= MOST_REPLIES;
    };
    if (length > LONGEST_REPLY) throw new SecretStoreError('too-large', 'the reply is too large to be wrapped');
    if (!isFull()) return;
    await this.sweep();
    if (isFull()) throw new SecretStoreError('busy', 'too many wrapped replies', { retryAfterMs: 60_000 });
  }

  #entryOf(token: string): TokenEntry {
    const entry = this.#parts.tokens.find(token);
    if (entry === null || !entry.policies.includes(WRAPPING_POLICY)) throw gone();
    return entry;
  }

  #wrappedOf(id: string): Wrapped {
    const wrapped = this.#parts.ledger.get(PREFIX + id) as Wrapped | undefined;
    if (wrapped === undefined) throw gone();
    return wrapped;
  }
}

export function gone(): SecretStoreError {
  return new SecretStoreError('invalid', 'wrapping token is not valid or does not exist');
}
