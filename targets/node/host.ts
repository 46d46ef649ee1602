/** The host port on Node.js, for Linux: what `main` files and tests hand down to portable code. */
import type { Host } from '../host.ts';
import { nodeAes } from './aes.ts';
import { nodeBytes } from './bytes.ts';
import { nodeClock } from './clock.ts';
import { nodeFiles } from './files.ts';
import { nodeKv } from './kv.ts';
import { nodeNet } from './net.ts';
import { nodeRandom } from './random.ts';
import { nodeSodium } from './sodium.ts';

export function nodeHost(): Host {
  return {
    files: nodeFiles,
    kv: nodeKv,
    net: nodeNet,
    clock: nodeClock,
    random: nodeRandom,
    bytes: nodeBytes,
    aes: nodeAes,
    sodium: nodeSodium,
  };
}
