/**
 * The contract suite of the host port: what `targets/host.ts` promises and can be seen without cutting the power, for
 * every implementation on every runtime.
 */
import { bytesContract, clockContract } from './host/clock-and-bytes.ts';
import { directoryContract } from './host/directories.ts';
import { fileContract } from './host/files.ts';
import type { HostFactory } from './host/harness.ts';
import { kvContract } from './host/kv.ts';
import { lockContract, watchContract } from './host/locks-and-watches.ts';
import { netContract } from './host/net.ts';

export function hostContract(factory: HostFactory): void {
  fileContract(factory);
  directoryContract(factory);
  lockContract(factory);
  watchContract(factory);
  kvContract(factory);
  netContract(factory);
  clockContract(factory);
  bytesContract(factory);
}
