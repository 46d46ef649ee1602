/**
 * Failed logins, counted before any hash is made: a user is locked out after some in a row, and an address has to wait
 * when it has failed too often with whatever users. What is counted is in memory and bounded; who is locked out is
 * journalled, so that pulling the plug does not help.
 */
import type { Ledger } from '../core/ledger.ts';
import type { StoreClock } from '../core/store-clock.ts';
import { SecretStoreError } from '../secret-store.ts';

const MOST_FAILURES = 5;
const LOCKED_MS = 15 * 60_000;
/** An address may fail so often in a minute. */
const MOST_PER_ADDRESS = 20;
const ADDRESS_MS = 60_000;
const MOST_COUNTED = 512;

interface Count {
  readonly failures: number;
  readonly since: number;
}

export class LoginThrottle {
  readonly #ledger: Ledger;
  readonly #clock: StoreClock;
  readonly #prefix: string;
  readonly #users = new Map<string, Count>();
  readonly #addresses = new Map<string, Count>();

  /** `prefix`: under which lock-outs are journalled, with a `/` at its end. */
  constructor(ledger: Ledger, clock: StoreClock, prefix: string) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#prefix = prefix;
  }

  /** Errors: `forbidden` while the user is locked out, `busy` for an address that has to wait. */
  check(user: string, address: string): void {
    const now = this.#clock.now();
    const until = this.#ledger.get(this.#prefix + user) as number | undefined;
    if (until !== undefined && now < until) throw new SecretStoreError('forbidden', 'permission denied');
    const { failures, since } = this.#countOf(this.#addresses, address, ADDRESS_MS);
    if (failures < MOST_PER_ADDRESS) return;
    throw new SecretStoreError('busy', 'too many failed logins', { retryAfterMs: since + ADDRESS_MS - now });
  }

  /** Resolves when a lock-out is durable. */
  async failed(user: string, address: string): Promise<void> {
    this.#add(this.#addresses, address, ADDRESS_MS);
    const failures = this.#add(this.#users, user, LOCKED_MS);
    if (failures < MOST_FAILURES) return;
    this.#users.delete(user);
    await this.#ledger.change([[this.#prefix + user, this.#clock.now() + LOCKED_MS]]);
  }

  /** Removes the lock-outs that are over. */
  async sweep(): Promise<void> {
    const over = [...this.#ledger.entries(this.#prefix)].filter(([, until]) => (until as number) <= this.#clock.now());
    if (over.length > 0) await this.#ledger.change(over.map(([key]) => [key, null] as const));
  }

  async succeeded(user: string): Promise<void> {
    this.#users.delete(user);
    if (this.#ledger.get(this.#prefix + user) !== undefined) await this.#ledger.change([[this.#prefix + user, null]]);
  }

  #countOf(counts: Map<string, Count>, name: string, lastsMs: number): Count {
    const now = this.#clock.now();
    const count = counts.get(name);
    return count === undefined || count.since + lastsMs <= now ? { failures: 0, since: now } : count;
  }

  #add(counts: Map<string, Count>, name: string, lastsMs: number): number {
    const { failures, since } = this.#countOf(counts, name, lastsMs);
    counts.delete(name);
    counts.set(name, { failures: failures + 1, since });
    for (const oldest of counts.keys()) {
      if (counts.size <= MOST_COUNTED) break;
      counts.delete(oldest);
    }
    return failures + 1;
  }
}
