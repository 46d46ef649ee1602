/** Reads the small texts that the kernel shows as files. */
import type { Host } from '../../host.ts';

const chunkBytes = 4096;
const mostBytes = 65_536;

/** Null: not there, not to be read, or no text. They have no length before they are read. */
export function readSystemFile({ files, bytes }: Pick<Host, 'files' | 'bytes'>, path: string): string | null {
  try {
    const file = files.open(path, 'read');
    try {
      let text = '';
      const chunk = new Uint8Array(chunkBytes);
      for (let position = 0; position < mostBytes; ) {
        const length = file.read(chunk, position);
        text += bytes.decodeUtf8(chunk, 0, length);
        position += length;
        if (length < chunkBytes) break;
      }
      return text;
    } finally {
      file.close();
    }
  } catch {
    return null;
  }
}
