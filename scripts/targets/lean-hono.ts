/** `targets/quickjs/web/hono-context.ts` in the place of a module of hono. */
import type { Plugin } from 'esbuild';

const WEB = `${import.meta.dirname}/../../targets/quickjs/web`;

export function leanHono(): Plugin {
  return {
    name: 'lean-hono',
    setup(bundler) {
      bundler.onResolve({ filter: /^\.\/context\.js$/ }, ({ importer }) =>
        /\/hono\/dist\/[^/]+$/.test(importer) ? { path: `${WEB}/hono-context.ts` } : undefined,
      );
    },
  };
}
