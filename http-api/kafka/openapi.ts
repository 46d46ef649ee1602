/**
 * `GET /openapi.json`: the OpenAPI 3.1 document of everything that the Kafka face serves, which is `openapi.json`
 * beside this file. A build ships it as a file and hands down how to read it, so that it takes no memory.
 */
import type { KafkaDialect } from '../kafka-app.ts';
import { plainError } from './errors.ts';
import { jsonReply } from './wire.ts';

/** `read` gives the document, or null in a build that has left it out. */
export function openApi(read: () => string | null | Promise<string | null>): KafkaDialect {
  return (app) => {
    app.get('/openapi.json', async () => {
      const text = await read();
      if (text === null) throw plainError(404);
      return jsonReply(text);
    });
  };
}
