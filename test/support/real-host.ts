/** The real host of this runtime, and directories on disk to use it in. On QuickJS `test/quickjs/real-host.ts`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { nodeHost } from '../../targets/node/host.ts';

export { nodeHost as realHost };

export function makeTestDirectory(): string {
  return mkdtempSync(`${tmpdir()}/streambed-`);
}

export function removeTree(path: string): void {
  rmSync(path, { recursive: true });
}

/** Waits for as long on the real clock. */
export function pass(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, durationMs);
  });
}
