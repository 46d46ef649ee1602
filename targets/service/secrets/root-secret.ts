/**
 * The root secret of streambed: the file `root-secret` in a directory of credentials, whose first line is 16 bytes in
 * hex. The root key is their keyed BLAKE2b for this purpose; 32 bytes are the root key itself.
 */
import type { StaticSeal } from '../../../confidant/sealing/seal-config.ts';
import type { Host } from '../../host.ts';
import { Unusable } from '../failure.ts';
import { bytesOfHex, rootKeyOf, readKeyText } from './root-key.ts';

const FILE = 'root-secret';
const PURPOSE = 'streambed root key 1';

/** Null: there is no such file. Errors: `Unusable`, without anything of the text. */
export async function readRootSecret(
  host: Host,
  directory: string,
  warn: (line: string) => void,
): Promise<StaticSeal | null> {
  const path = `${directory}/${FILE}`;
  const stat = host.files.stat(path);
  if (stat === null) return null;
  // How streambed's users have made theirs.
  if (!stat.isPrivate) warn(`${path}: others than its owner may come to the root secret: chmod 0400`);
  const [line = ''] = readKeyText(host, path).split('\n');
  if (!/^([\da-f]{32}){1,2}$/i.test(line.trim())) {
    throw new Unusable(`${path}: want 32 or 64 hex characters in the first line`);
  }
  const sodium = await host.sodium();
  const secret = bytesOfHex(line.trim());
  if (secret.length === 32) return { type: 'static', current: rootKeyOf(sodium, secret) };
  const key = sodium.blake2b(host.bytes.encodeUtf8(PURPOSE), 32, secret);
  sodium.wipe(secret);
  return { type: 'static', current: rootKeyOf(sodium, key) };
}
