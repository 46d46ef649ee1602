/** `sys/wrapping` and `sys/leases`. Nothing here has leases of its own: tokens are renewed and revoked as tokens. */
import type { Call, Route } from '../core/route.ts';
import type { Wrapping } from '../core/wrapping.ts';
import { gone, WRAPPING_POLICY } from '../core/wrapping.ts';
import { SecretStoreError, type StoreReply } from '../secret-store.ts';
import { formatTime } from '../wire/times.ts';

export function wrappingRoutes(wrapping: () => Wrapping): readonly Route[] {
  const tokenOf = ({ input, token }: Call): string => input.text('token') ?? token;
  const look = (call: Call): StoreReply => {
    const { creationPath, createdAt, ttl } = wrapping().look(tokenOf(call));
    return { data: { creation_path: creationPath, creation_time: formatTime(createdAt), creation_ttl: ttl } };
  };
  return [
    { path: 'wrapping/wrap', operations: { update: (call) => wrap(call) } },
    { path: 'wrapping/unwrap', operations: { update: (call) => unwrap(wrapping(), call) } },
    { path: 'wrapping/lookup', operations: { update: look, read: look }, isOpen: true },
    {
      path: 'wrapping/rewrap',
      operations: { update: async (call) => ({ data: null, wrap: await wrapping().rewrap(tokenOf(call)) }) },
    },
    { path: 'leases/lookup', operations: { update: noLease } },
    { path: 'leases/renew', operations: { update: noLease } },
    { path: 'leases/revoke', operations: { update: noLease } },
  ];
}

/** The fields themselves, which the server then wraps: only with a time that they may wait for. */
function wrap({ input, isWrapped }: Call): StoreReply {
  if (!isWrapped) throw new SecretStoreError('invalid', 'endpoint requires response wrapping to be used');
  return { data: input.rest() };
}

/** With the wrapping token as the caller's own, which was counted out by this very request, or with one in the body. */
function unwrap(wrapping: Wrapping, { input, caller, token: own }: Call): Promise<StoreReply> {
  const token = input.text('token');
  if (token !== undefined && token !== own) return wrapping.unwrap(token);
  if (caller?.entry.policies.includes(WRAPPING_POLICY) === true) return wrapping.take(caller.entry.id);
  throw gone();
}

function noLease(): StoreReply {
  throw new SecretStoreError('invalid', 'invalid lease');
}
