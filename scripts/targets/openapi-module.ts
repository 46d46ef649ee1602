/** The module `streambed:openapi` of a program: the OpenAPI document, minified and packed. */
import { readFileSync } from 'node:fs';
import type { Plugin } from 'esbuild';
import { packText } from './packed-text.ts';

export function openApiModule(): Plugin {
  return {
    name: 'openapi',
    setup(bundler) {
      bundler.onResolve({ filter: /^streambed:openapi$/ }, ({ path }) => ({ path, namespace: 'openapi' }));
      bundler.onLoad({ filter: /./, namespace: 'openapi' }, () => {
        const document: unknown = JSON.parse(readFileSync('http-api/kafka/openapi.json', 'utf8'));
        const text = JSON.stringify(document);
        return {
          contents: `export const packed = ${JSON.stringify(packText(text))};\nexport const lengthBytes = ${text.length};\n`,
        };
      });
    },
  };
}
