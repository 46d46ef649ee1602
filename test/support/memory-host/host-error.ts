/** The errors of the memory host, in Node's form. */
import type { HostError } from '../../../targets/host.ts';

export function hostError(code: string, call: string, path: string): HostError {
  return Object.assign(new Error(`${code}: ${call} '${path}'`), { code });
}
