/** The host port on QuickJS, in a directory on disk. */
import { hostContract } from '../contract/host.ts';
import { host, loop, makeTestDirectory, removeTree, secondHost } from './runtime.ts';

hostContract({
  name: 'quickjs host',
  create: async () => {
    const root = makeTestDirectory();
    return {
      host,
      other: secondHost(),
      root,
      pass: (durationMs) =>
        new Promise<void>((resolve) => {
          loop.timer(durationMs, resolve);
        }),
      dispose: async () => removeTree(root),
    };
  },
});
