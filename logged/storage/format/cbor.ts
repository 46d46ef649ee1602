/** CBOR for structured values: topic configuration, committed offsets, remembered producers. */
import { Decoder, Encoder } from 'cbor-x/index-no-eval';

const options = { useRecords: false, mapsAsObjects: true, tagUint8Array: false, variableMapSize: true } as const;
const encoder = new Encoder(options);
const decoder = new Decoder(options);

export function encodeCbor(value: unknown): Uint8Array {
  const encoded: Uint8Array = encoder.encode(value);
  return new Uint8Array(encoded);
}

/** Throws when the bytes are not one well-formed value. */
export function decodeCbor(from: Uint8Array): unknown {
  return decoder.decode(from);
}
