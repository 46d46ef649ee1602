/** The host port on Node.js, for Linux: what `main` files and tests hand down to portable code. */
import type { Host } from '../host.ts';
import { nodeBytes } from './bytes.ts';
import { nodeClock } from './clock.ts';
import { nodeFiles } from './files.ts';
import { nodeKv } from './kv.ts';
import { nodeNet } from './net.ts';
import { nodeRandom } from './random.ts';

export function nodeHost(): Host {
  return {
    files: nodeFiles,
    kv: nodeKv,
    net: nodeNet,
    clock: nodeClock,
    random: nodeRandom,
    bytes: nodeBytes,
  };
}
