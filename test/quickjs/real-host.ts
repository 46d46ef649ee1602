/** Takes the place of `test/support/real-host.ts` on QuickJS. */
export { makeTestDirectory, pass, removeTree, secondHost as realHost } from './runtime.ts';
