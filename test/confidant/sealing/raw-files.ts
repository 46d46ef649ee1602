/** Files on disk behind the store's back. */
import type { Files } from '../../../targets/host.ts';

export function readRaw(files: Files, path: string): Uint8Array {
  const file = files.open(path, 'read');
  const content = new Uint8Array(file.lengthBytes());
  file.read(content, 0);
  file.close();
  return content;
}

/** In place of what was there, with the directories on the way. */
export function writeRaw(files: Files, path: string, content: Uint8Array): void {
  const names = path.split('/');
  for (let i = 2; i < names.length; i += 1) {
    const directory = names.slice(0, i).join('/');
    if (files.stat(directory) === null) files.makeDir(directory);
  }
  if (files.stat(path) !== null) files.remove(path);
  const file = files.open(path, 'create');
  file.write(content, 0);
  file.close();
}

/** The bytes with every single byte changed in two ways, and cut at every length; and some longer ones. */
export function* damagedForms(bytes: Uint8Array): Generator<{ readonly what: string; readonly form: Uint8Array }> {
  for (let at = 0; at < bytes.length; at += 1) {
    for (const mask of [1 << (at % 8), 0xff]) {
      const form = bytes.slice();
      form[at] = (form[at] ?? 0) ^ mask;
      yield { what: `byte ${at} ^ ${mask}`, form };
    }
  }
  for (let length = 0; length < bytes.length; length += 1)
    yield { what: `cut at ${length}`, form: bytes.slice(0, length) };
  for (const more of [1, 16, 36]) {
    for (const fill of [0, 0xff]) {
      const form = new Uint8Array(bytes.length + more).fill(fill);
      form.set(bytes);
      yield { what: `${more} bytes ${fill} behind it`, form };
    }
  }
  yield { what: 'zeros', form: new Uint8Array(bytes.length) };
}
