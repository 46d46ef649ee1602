/** Cryptography of the host port on Node. */
import { nodeHost } from '../../targets/node/host.ts';
import { sodiumContract } from '../contract/sodium.ts';

sodiumContract({ name: 'node sodium', host: nodeHost() });
