/** The OpenAPI document of the Kafka face: packed in the program, and read only when somebody asks for it. */
import { lengthBytes, packed } from 'streambed:openapi';
import { unpackText } from './unpack.ts';

export function openApiDocument(): Uint8Array<ArrayBuffer> {
  return unpackText(packed, lengthBytes);
}
