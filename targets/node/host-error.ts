/** Makes the errors of the Node adapter that do not come from Node itself. */
import type { HostError } from '../host.ts';

/** `message` goes on after the code, which stands in front as in Node's own messages. */
export function hostError(code: string, message: string, cause?: unknown): HostError {
  const error = new Error(`${code}: ${message}`, cause === undefined ? undefined : { cause });
  return Object.assign(error, { code });
}

export function errorCode(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : null;
}
