/**
 * All that can be mounted, by type. A build that does not need some of it hands down its own table. Login
 * methods can be mounted below `auth/` only: who may mount them makes tokens with any policy, which `sudo` guards there.
 */
import type { Engines } from '../core/engine-context.ts';
import { AppRoleEngine } from './approle/approle-engine.ts';
import { Kv1Engine } from './kv/kv1-engine.ts';
import { Kv2Engine } from './kv/kv2-engine.ts';
import { TransitEngine } from './transit/transit-engine.ts';
import { UserpassEngine } from './userpass/userpass-engine.ts';

export const allEngines: Engines = {
  auth: {
    approle: (context) => new AppRoleEngine(context),
    userpass: (context) => new UserpassEngine(context),
  },
  secret: {
    kv: (context) => (context.mount.options?.['version'] === '2' ? new Kv2Engine(context) : new Kv1Engine(context)),
    transit: (context) => new TransitEngine(context),
  },
};
