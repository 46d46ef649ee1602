/**
 * What suites need of the runtime that they run on, this one being Node. On QuickJS `test/quickjs/platform.ts` takes its
 * place, so a test file that comes to nothing of Node but through this one, and through `real-host.ts`, runs on both.
 */
import { readFileSync } from 'node:fs';
import type { Aes, Bytes, Clock, Random, Sodium } from '../../targets/host.ts';
import { nodeAes } from '../../targets/node/aes.ts';
import { nodeBytes } from '../../targets/node/bytes.ts';
import { nodeClock } from '../../targets/node/clock.ts';
import { nodeRandom } from '../../targets/node/random.ts';
import { nodeSodium } from '../../targets/node/sodium.ts';

export const bytes: Bytes = nodeBytes;
export const clock: Clock = nodeClock;
export const random: Random = nodeRandom;
export const aes: Aes = nodeAes;
/** Loaded before any test runs: loading takes real time, which no clock of a memory disk waits for. */
export const sodium: Sodium = await nodeSodium();

export const runtimeName: 'Node' | 'QuickJS' = 'Node';

/** A variable of the environment. */
export function variable(name: string): string | undefined {
  return process.env[name];
}

/** A file of the repository, which the working directory is the root of. */
export function readText(path: string): string {
  return readFileSync(path, 'utf8');
}
