/** What is kept of a token, in the journal under `token/<id>`: never the token itself. */
import type { Change } from '../core/ledger.ts';

export interface TokenEntry {
  /** The one by which it is found: hex of a keyed hash of the token. */
  readonly id: string;
  readonly accessor: string;
  /** The id of the token that made it and that takes it along when it is revoked; null: an orphan. */
  readonly parent: string | null;
  readonly policies: readonly string[];
  /** The request that made it. */
  readonly path: string;
  readonly meta: Readonly<Record<string, string>> | null;
  readonly displayName: string;
  /** Requests that are left; 0: any number. */
  readonly numUses: number;
  /** Store time, ms. */
  readonly createdAt: number;
  /** Store time, ms; null: never. */
  readonly expiresAt: number | null;
  /** Seconds, as given at creation; 0: none. */
  readonly ttl: number;
  readonly explicitMaxTtl: number;
  /** The most that renewals may reach, from creation on; seconds. */
  readonly maxTtl: number;
  readonly period: number;
  readonly isRenewable: boolean;
  readonly renewedAt: number | null;
  readonly role?: string;
  /** Ranges of the addresses that it is good for; left out: all. */
  readonly boundCidrs?: readonly string[];
  /** Whose login has led to it: the mount's path with the name of the role or user; left out: nobody's. */
  readonly holder?: string;
}

/** What a login or a creation asks for; limits are applied by `Tokens.create`. */
export interface TokenSpec {
  readonly policies: readonly string[];
  readonly path: string;
  readonly displayName: string;
  readonly meta?: Readonly<Record<string, string>> | null;
  readonly parent?: string | null;
  /** Seconds; 0 or left out: the system's default. */
  readonly ttl?: number;
  readonly maxTtl?: number;
  readonly explicitMaxTtl?: number;
  readonly period?: number;
  readonly numUses?: number;
  readonly isRenewable?: boolean;
  readonly withoutDefaultPolicy?: boolean;
  /** A certain token instead of a random one. */
  readonly token?: string;
  /** What is journalled together with the token of this id. */
  readonly with?: (id: string) => readonly Change[];
  readonly role?: string;
  readonly boundCidrs?: readonly string[];
  readonly holder?: string | undefined;
}

/** 768 hours: the default and the most of the system (http-contract B5). */
export const SYSTEM_TTL = 2_764_800;
