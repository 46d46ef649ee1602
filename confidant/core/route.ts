/**
 * How the parts of the server say what they answer: a table of routes per engine, and one place (`request-core.ts`) that
 * looks at tokens and policies before any of them runs. Types only.
 *
 * An engine is what is mounted somewhere: `sys/`, `auth/token/`, `auth/approle/`, `secret/`, `transit/`. Its routes'
 * patterns are below the mount, without `/` at either end: segments, of which `{name}` stands for one segment and
 * `{name...}`, at the end only, for the rest (one segment or more; with `list` also for none). A literal segment goes
 * before `{name}`, and that before `{name...}`. For `list` the path has lost the `/` at its end.
 */
import type { Operation, StoreReply } from '../secret-store.ts';
import type { TokenEntry } from '../identity/token-entry.ts';
import type { Input } from './input.ts';

export interface Engine {
  readonly routes: readonly Route[];
  /** Removes what has expired, and what a stop has left; called once in a while. */
  sweep?(): Promise<void>;
}

export interface Route {
  readonly path: string;
  /** What answers each operation; `update` answers creations too. */
  readonly operations: Readonly<Partial<Record<Exclude<Operation, 'create'>, Handler>>>;
  /** Needs no token. */
  readonly isOpen?: boolean;
  /** Any live token will do: the handler decides what its holder is told. */
  readonly isForAll?: boolean;
  /** Answers while the store is sealed. */
  readonly worksSealed?: boolean;
  /** Whether what the path names is there: a write is a `create` when it is not. Left out: every write is an `update`. */
  readonly exists?: (call: Call) => boolean;
}

export type Handler = (call: Call) => StoreReply | Promise<StoreReply>;

/** One request that may be answered. */
export interface Call {
  readonly operation: Operation;
  /** The whole path with its mount, and the mount with a `/` at its end. */
  readonly path: string;
  readonly mount: string;
  /** What stood at the `{name}`s of the pattern. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly input: Input;
  /** Who asks; null on open routes. */
  readonly caller: Caller | null;
  /** What the request came with, whoever's it is; empty: nothing. */
  readonly token: string;
  readonly remoteAddress: string;
  /** Whether the reply will be wrapped. */
  readonly isWrapped: boolean;
}

/** The holder of a live token, as engines may know it. */
export interface Caller {
  /** As it was when this request was counted: after its last use it is gone already. */
  readonly entry: TokenEntry;
  /** Whether the caller may do this, too, `sudo` included in the question where asked. */
  may(path: string, operation: Operation, withSudo?: boolean): boolean;
  /** The capabilities on a path: `deny` alone when there are none, `root` alone for the root policy. */
  capabilities(path: string): readonly string[];
  /** Whether there is any right on something below. */
  hasAnyBelow(prefix: string): boolean;
}
