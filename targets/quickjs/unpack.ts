/** Undoes what `scripts/targets/packed-text.ts` has done, into bytes of ASCII. */
const shortest = 4;

export function unpackText(packed: string, lengthBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(lengthBytes);
  let filled = 0;
  for (let at = 0; at < packed.length; at += 1) {
    const code = packed.charCodeAt(at);
    if (code < 0x80) {
      bytes[filled++] = code;
      continue;
    }
    const from = filled - packed.charCodeAt(at + 1) * 256 - packed.charCodeAt(at + 2);
    at += 2;
    const to = from + code - 0x80 + shortest;
    for (let i = from; i < to; i += 1) bytes[filled++] = bytes[i] ?? 0;
  }
  return bytes;
}
