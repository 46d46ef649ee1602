/** Takes the place of `test/support/platform.ts` on QuickJS. */
import { getVariable, host } from './runtime.ts';

export const { aes, bytes, clock, random } = host;
export const sodium = await host.sodium?.();

export const runtimeName: 'Node' | 'QuickJS' = 'QuickJS';

export function variable(name: string): string | undefined {
  return getVariable(name);
}

export function readText(path: string): string {
  const file = host.files.open(path, 'read');
  try {
    const read = new Uint8Array(file.lengthBytes());
    file.read(read, 0);
    return bytes.decodeUtf8(read);
  } finally {
    file.close();
  }
}
