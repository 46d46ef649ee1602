/** The host port of this runtime, in a directory on disk. */
import { hostContract } from '../contract/host.ts';
import { runtimeName } from '../support/platform.ts';
import { makeTestDirectory, pass, realHost, removeTree } from '../support/real-host.ts';

hostContract({
  name: `${runtimeName} host`,
  create: async () => {
    const root = makeTestDirectory();
    return { host: realHost(), other: realHost(), root, pass, dispose: async () => removeTree(root) };
  },
});
