/** Host errors as the contract's errors. */
import type { HostError } from '../../targets/host.ts';
import { CommitLogError, type CommitLogErrorCode } from '../commit-log.ts';

const CODES: Readonly<Record<string, CommitLogErrorCode>> = {
  ENOSPC: 'no-space',
  EDQUOT: 'no-space',
  EFBIG: 'no-space',
  EROFS: 'read-only',
  EACCES: 'read-only',
  EPERM: 'read-only',
};

export function hostCode(error: unknown): string {
  return error instanceof Error && typeof (error as HostError).code === 'string' ? (error as HostError).code : '';
}

/** `what` says what was tried on which file. A `CommitLogError` passes unchanged. */
export function asLogError(error: unknown, what: string): CommitLogError {
  if (error instanceof CommitLogError) return error;
  const code = CODES[hostCode(error)] ?? 'io-failed';
  const reason = error instanceof Error ? error.message : String(error);
  return new CommitLogError(code, `${what}: ${reason}`, { cause: error });
}

/** Runs a call to the host and turns what it throws into the contract's error. */
export function guard<T>(what: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw asLogError(error, what);
  }
}

export async function guardAsync<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw asLogError(error, what);
  }
}
