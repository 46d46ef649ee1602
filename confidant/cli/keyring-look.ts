/** A look at a store that changes nothing in it and takes nothing: for what must be known before it is opened. */
import type { Host, Sodium } from '../../targets/host.ts';
import type { Tools } from '../sealing/envelope.ts';
import { KeyringFile } from '../sealing/keyring-file.ts';
import { PrivateDirectory } from '../sealing/private-directory.ts';

export interface Look {
  readonly tools: Tools;
  readonly directory: PrivateDirectory;
  readonly keyring: KeyringFile;
}

/** Null: no store is there. Errors: `host-failed` (also: not private), `damaged`, `unknown-version`. */
export function lookAtKeyring(host: Host, sodium: Sodium, secrets: string): Look | null {
  if (host.files.stat(secrets) === null) return null;
  const tools = { sodium, random: host.random, bytes: host.bytes };
  const directory = new PrivateDirectory(host.files, secrets);
  const file = directory.read({ directories: [], file: 'keyring' });
  return file === null ? null : { tools, directory, keyring: new KeyringFile(tools, file) };
}
