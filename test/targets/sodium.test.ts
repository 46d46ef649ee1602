/** Cryptography of the host port of this runtime. */
import { sodiumContract } from '../contract/sodium.ts';
import { runtimeName } from '../support/platform.ts';
import { realHost } from '../support/real-host.ts';

sodiumContract({ name: `sodium of ${runtimeName}`, host: realHost() });
