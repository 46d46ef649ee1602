/** The host port on QuickJS: what main files and tests hand down to portable code. */
import type { Host } from '../host.ts';
import { quickjsFiles } from './files.ts';
import { quickjsKv } from './kv.ts';
import type { Loop } from './loop.ts';
import type { Native } from './native.ts';
import { quickjsNet } from './net.ts';
import { hasCryptography, noAes, noSodium } from './no-cryptography.ts';
import { quickjsSodium } from './sodium.ts';

export function quickjsHost(native: Native, loop: Loop): Host {
  const isWhole = hasCryptography(native);
  return {
    files: quickjsFiles(native, loop),
    kv: quickjsKv(native),
    net: quickjsNet(native, loop),
    clock: {
      now: () => native.now(),
      monotonic: () => native.monotonic(),
      timer: (delayMs, callback) => loop.timer(delayMs, callback),
      soon: (callback) => loop.soon(callback),
    },
    random: { fill: (into) => native.fillRandom(into) },
    bytes: native,
    aes: isWhole ? native : noAes,
    sodium: isWhole ? async () => quickjsSodium(native, loop.jobs) : noSodium,
  };
}
