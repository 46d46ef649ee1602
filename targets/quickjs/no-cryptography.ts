/** What the port has instead of cryptography in a build that left it out, with its libraries. */
import type { Aes } from '../host.ts';
import { hostError } from './host-error.ts';
import type { Native } from './native.ts';

export function hasCryptography(native: Native): boolean {
  return 'seal' in native;
}

export const noAes: Aes = { gcmSeal: refuse, gcmOpen: refuse, ctr: refuse };

export async function noSodium(): Promise<never> {
  return refuse();
}

function refuse(): never {
  throw hostError('ENOTSUP', 'this build has no cryptography: none of its features needs any (vault and confidant do)');
}
