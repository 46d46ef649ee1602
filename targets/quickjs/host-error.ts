/** Makes the errors of the QuickJS adapter that do not come from a call of the system. */
import type { HostError } from '../host.ts';

export function hostError(code: string, message: string): HostError {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}

export function errorCode(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : null;
}
