/** What the command line says of the secret store. */
import type { NetAddress } from '../../host.ts';

export interface SecretOptions {
  /** Null: there is no secret store. */
  readonly vault: NetAddress | null;
  readonly rootKeyFile: string | null;
  /** The key itself, from the environment only: the command line is for all to read. */
  readonly rootKey: string | null;
  /** An open descriptor that the key is read from, once, before anything else. */
  readonly rootKeyDescriptor: number | null;
  readonly previousRootKeyFile: string | null;
  /** As `vault server -dev`: in memory, unsealed, with a known root token. */
  readonly isDev: boolean;
  readonly devRootTokenId: string | null;
  readonly ttlField: string | null;
  readonly audit: 'off' | 'open' | 'closed';
  /** Whether the Kafka side asks for tokens of the store. */
  readonly kafkaAuth: 'none' | 'token';
}
