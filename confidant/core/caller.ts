/** Who asks, on a route that is not open: the core lets nobody through to it without a token. */
import { SecretStoreError } from '../secret-store.ts';
import type { Call, Caller } from './route.ts';

export function callerOf({ caller }: Call): Caller {
  if (caller === null) throw new SecretStoreError('forbidden', 'permission denied');
  return caller;
}
