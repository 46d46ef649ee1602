/**
 * `GET /openapi.json`: the OpenAPI 3.1 document of everything that the Kafka face serves, which is `openapi.json`
 * beside this file. A build ships it as a file and hands down how to read it, so that it takes no memory.
 */
import type { KafkaDialect } from '../kafka-app.ts';
import { plainError } from './errors.ts';

/** In ASCII when it is bytes; null: a build has left it out. */
export type OpenApiDocument = string | Uint8Array<ArrayBuffer> | null;

export function openApi(read: () => OpenApiDocument | Promise<OpenApiDocument>): KafkaDialect {
  return (app) => {
    app.get('/openapi.json', async () => {
      const document = await read();
      if (document === null) throw plainError(404);
      return new Response(document, { headers: { 'content-type': 'application/json' } });
    });
  };
}
