/** `targets/quickjs/web/hono-context.ts` in the place of hono's own module. */
import type { Plugin } from 'esbuild';

const LEAN = `${import.meta.dirname}/../../targets/quickjs/web/hono-context.ts`;

export function leanContext(): Plugin {
  return {
    name: 'lean-context',
    setup(bundler) {
      bundler.onResolve({ filter: /^\.\/context\.js$/ }, ({ importer }) =>
        /\/hono\/dist\/[^/]+$/.test(importer) ? { path: LEAN } : undefined,
      );
    },
  };
}
