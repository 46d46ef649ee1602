/** What an engine gets that is mounted somewhere. Types only. */
import type { Host, Sodium } from '../../targets/host.ts';
import type { Passwords } from '../identity/passwords.ts';
import type { Tokens } from '../identity/tokens.ts';
import type { Keyring } from '../sealing/keyring.ts';
import type { SealedFiles } from '../sealing/sealed-files.ts';
import type { Ledger } from './ledger.ts';
import type { Mount } from './mount-table.ts';
import type { Engine } from './route.ts';
import type { StoreClock } from './store-clock.ts';

export interface EngineContext {
  readonly host: Host;
  readonly sodium: Sodium;
  readonly mount: Mount;
  /** What belongs to this mount alone. */
  readonly files: SealedFiles;
  /** Shared by all: an engine's keys begin with `<type>-<first 8 of the mount's uuid>/`. */
  readonly ledger: Ledger;
  readonly tokens: Tokens;
  readonly clock: StoreClock;
  readonly keyring: Keyring;
  /** One for all, so that there is one hash at a time. */
  readonly passwords: Passwords;
  /** Seconds that what the mount gives out may be kept when it does not say so itself, as the mount is tuned now. */
  readonly leaseTtl: () => number;
  /** The field of a secret that holds its lease's time, or null. */
  readonly ttlField: string | null;
  readonly report: (line: string) => void;
}

/** By the type of a mount; what is left out cannot be mounted. */
type EngineMakers = Readonly<Record<string, (context: EngineContext) => Engine>>;

/** By type: login methods, and engines that keep secrets. */
export type Engines = Readonly<Record<'auth' | 'secret', EngineMakers>>;
