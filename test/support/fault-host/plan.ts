/** What shall happen at which call of a fault host. */
import type { HostError } from '../../../targets/host.ts';

export interface HostCall {
  /** The first call of a host has number 1. */
  readonly number: number;
  /** As in the port; `create` for an `open` that creates, `kv.write` and the like for the store. */
  readonly name: string;
  readonly path: string;
}

export type Outcome =
  | { readonly kind: 'fail'; readonly code: string }
  | { readonly kind: 'short-write'; readonly code: string; readonly writtenBytes: number };

/** Null: the call goes ahead. */
export type Plan = (call: HostCall) => Outcome | { readonly kind: 'stop' } | null;

export function stopAt(number: number): Plan {
  return (call) => (call.number === number ? { kind: 'stop' } : null);
}

export function failAt(number: number, code: string): Plan {
  return (call) => (call.number === number ? { kind: 'fail', code } : null);
}

/** All calls of a name, or, of the calls of that name, those on paths that end so. */
export function failEach(name: string, code: string, pathEnd = ''): Plan {
  return (call) => (call.name === name && call.path.endsWith(pathEnd) ? { kind: 'fail', code } : null);
}

export function shortWriteAt(number: number, writtenBytes: number): Plan {
  return (call) => (call.number === number ? { kind: 'short-write', code: 'ENOSPC', writtenBytes } : null);
}

/** Thrown by the call at which the power went, and by all later ones. */
export class PowerCut extends Error {
  readonly code = 'EPOWERCUT';

  constructor({ number, name, path }: HostCall) {
    super(`the power went before call ${number}, ${name} '${path}'`);
    this.name = 'PowerCut';
  }
}

export function hostError(code: string, name: string, path: string): HostError {
  return Object.assign(new Error(`${code}: injected, ${name} '${path}'`), { code });
}
