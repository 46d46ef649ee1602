/** Vault's replies on the wire: its envelope, its errors, its statuses. Facts: http-contract B0 and B3. */
import type {
  Login,
  SecretData,
  SecretStoreError,
  SecretStoreErrorCode,
  StoreReply,
  WrapInfo,
} from '../../confidant/secret-store.ts';
import type { Query } from './requests.ts';

/** Of these, Vault repeats the fields of `data` beside it, for clients of its first days. */
const FLATTENED =
  /^sys\/(audit|auth|capabilities|capabilities-accessor|capabilities-self|config\/cors|key-status|mounts|policy|remount|rotate|wrapping\/wrap)(\/|$)/;

const statuses: Readonly<Record<SecretStoreErrorCode, number>> = {
  absent: 404,
  deleted: 404,
  unsupported: 405,
  'no-route': 404,
  unauthorized: 400,
  forbidden: 403,
  invalid: 400,
  'bad-path': 400,
  'too-large': 413,
  conflict: 400,
  exists: 400,
  busy: 429,
  sealed: 503,
  uninitialized: 501,
  damaged: 500,
  'unknown-version': 500,
  'host-failed': 500,
};

export function statusOf({ code }: SecretStoreError): number {
  return statuses[code];
}

/** `{"errors":[]}` for what is simply not there. */
export function errorBody(error: SecretStoreError): string {
  return JSON.stringify({ errors: error.code === 'absent' ? [] : [error.message] });
}

/** Null: there is nothing to say, 204. */
export function replyBody(
  reply: StoreReply,
  path: string,
  requestId: string,
  formatTime: (ms: number) => string,
): string | null {
  if (reply.plain === true) return JSON.stringify(reply.data);
  const { data, auth, wrap, warnings = [], outcome } = reply;
  const isSilent = data === null && auth === undefined && wrap === undefined && outcome === undefined;
  if (isSilent && warnings.length === 0) return null;
  return JSON.stringify({
    request_id: wrap === undefined ? requestId : '',
    lease_id: '',
    renewable: false,
    lease_duration: reply.leaseDuration ?? 0,
    data,
    wrap_info: wrap === undefined ? null : wrapInfo(wrap, formatTime),
    warnings: warnings.length > 0 ? warnings : null,
    auth: auth === undefined ? null : authOf(auth),
    ...(FLATTENED.test(path) && data),
  });
}

export function replyStatus({ outcome }: StoreReply): number {
  if (outcome === undefined) return 200;
  return outcome === 'not-found' ? 404 : 400;
}

function authOf(login: Login): SecretData {
  return {
    client_token: login.clientToken,
    accessor: login.accessor,
    policies: login.policies,
    token_policies: login.tokenPolicies,
    metadata: login.metadata,
    lease_duration: login.leaseDuration,
    renewable: login.renewable,
    entity_id: '',
    token_type: 'service',
    orphan: login.orphan,
    mfa_requirement: null,
    num_uses: login.numUses,
  };
}

function wrapInfo(wrap: WrapInfo, formatTime: (ms: number) => string): SecretData {
  return {
    token: wrap.token,
    accessor: wrap.accessor,
    ttl: wrap.ttl,
    creation_time: formatTime(wrap.creationTime),
    creation_path: wrap.creationPath,
    ...(wrap.wrappedAccessor !== undefined && { wrapped_accessor: wrap.wrappedAccessor }),
  };
}

/** What load balancers read off the status of `sys/health`, and how they may change it by the query. */
export function healthStatus(data: SecretData, query: Query): number {
  const [name, plain] =
    data['initialized'] !== true
      ? ['uninitcode', 501]
      : data['sealed'] === true
        ? ['sealedcode', 503]
        : ['activecode', 200];
  const asked = query[String(name)] ?? '';
  return /^[2-5]\d\d$/.test(asked) ? Number(asked) : Number(plain);
}
