/** The host port on Node, in a directory on disk. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { nodeHost } from '../../targets/node/host.ts';
import { hostContract } from '../contract/host.ts';

hostContract({
  name: 'node host',
  create: async () => {
    const root = mkdtempSync(`${tmpdir()}/streambed-host-`);
    // Its own timer, so that a watch that does not report fails the test instead of waiting for ever.
    const alive = setInterval(() => {}, 1000);
    return {
      host: nodeHost(),
      other: nodeHost(),
      root,
      pass: (durationMs) =>
        new Promise((resolve) => {
          setTimeout(resolve, durationMs);
        }),
      dispose: async () => {
        clearInterval(alive);
        rmSync(root, { recursive: true });
      },
    };
  },
});
