/** The host port on Node, in a directory on disk. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { nodeHost } from '../../targets/node/host.ts';
import { hostContract } from '../contract/host.ts';

hostContract({
  name: 'node host',
  create: async () => {
    const root = mkdtempSync(`${tmpdir()}/streambed-host-`);
    return {
      host: nodeHost(),
      other: nodeHost(),
      root,
      pass: (durationMs) =>
        new Promise((resolve) => {
          setTimeout(resolve, durationMs);
        }),
      dispose: async () => rmSync(root, { recursive: true }),
    };
  },
});
