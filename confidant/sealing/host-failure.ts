/** What the host throws, as the contract's error. */
import type { HostError } from '../../targets/host.ts';
import { SecretStoreError } from '../secret-store.ts';

/** `ENOENT` and the like, or an empty text for what no host has thrown. */
export function hostCode(error: unknown): string {
  return error instanceof Error && typeof (error as HostError).code === 'string' ? (error as HostError).code : '';
}

/** `what` says what was tried on which file. A `SecretStoreError` passes unchanged. */
export function asStoreError(error: unknown, what: string): SecretStoreError {
  if (error instanceof SecretStoreError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new SecretStoreError('host-failed', `${what}: ${reason}`, { cause: error });
}

/** Runs calls to the host and turns what they throw into the contract's error. */
export function guard<T>(what: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw asStoreError(error, what);
  }
}

export async function guardAsync<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw asStoreError(error, what);
  }
}
