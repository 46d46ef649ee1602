/** Modules of `targets/quickjs/web` in the place of hono's own. */
import type { Plugin } from 'esbuild';

const WEB = `${import.meta.dirname}/../../targets/quickjs/web`;

export function leanHono(): Plugin {
  return {
    name: 'lean-hono',
    setup(bundler) {
      bundler.onResolve({ filter: /^\.\/(context|compose)\.js$/ }, ({ importer, path }) =>
        /\/hono\/dist\/[^/]+$/.test(importer) ? { path: `${WEB}/hono-${path.slice(2, -3)}.ts` } : undefined,
      );
    },
  };
}
