/** Policies under both of their paths, and what a token may do. */
import { callerOf } from '../core/caller.ts';
import type { Call, Route } from '../core/route.ts';
import type { PolicySet } from '../core/policy-set.ts';
import type { TokenEntry } from '../identity/token-entry.ts';
import type { Tokens } from '../identity/tokens.ts';
import { SecretStoreError, type StoreReply } from '../secret-store.ts';
import type { Bytes } from '../../targets/host.ts';

export interface PolicyRouteParts {
  readonly policies: () => PolicySet;
  readonly tokens: () => Tokens;
  readonly bytes: Bytes;
}

const nothing: StoreReply = { data: null };

export function policyRoutes(parts: PolicyRouteParts): readonly Route[] {
  const { policies } = parts;
  const nameOf = ({ parameters }: Call): string => (parameters['name'] ?? '').toLowerCase();
  const list = (): StoreReply => ({ data: { keys: policies().names() } });
  const listBoth = (): StoreReply => ({ data: { keys: policies().names(), policies: policies().names() } });
  const read = (call: Call, field: string): StoreReply => {
    const text = policies().text(nameOf(call));
    if (text === null) throw new SecretStoreError('absent', 'no such policy');
    return { data: { name: nameOf(call), [field]: text } };
  };
  const write = async (call: Call): Promise<StoreReply> => {
    const text = call.input.text('policy', 'rules');
    if (text === undefined || text === '')
      throw new SecretStoreError('invalid', "'policy' parameter not supplied or empty");
    await policies().write(nameOf(call), plainText(parts.bytes, text));
    return nothing;
  };
  const remove = (call: Call): Promise<StoreReply> =>
    policies()
      .remove(nameOf(call))
      .then(() => nothing);
  const changes = { update: write, delete: remove };
  return [
    { path: 'policies/acl', operations: { list } },
    { path: 'policies/acl/{name}', operations: { read: (call) => read(call, 'policy'), ...changes } },
    { path: 'policy', operations: { read: listBoth, list: listBoth } },
    { path: 'policy/{name}', operations: { read: (call) => read(call, 'rules'), ...changes } },
    {
      path: 'capabilities-self',
      operations: { update: (call) => capabilities(call, (path) => callerOf(call).capabilities(path)) },
    },
    { path: 'capabilities', operations: { update: (call) => ofOther(call, parts, byToken) } },
    { path: 'capabilities-accessor', operations: { update: (call) => ofOther(call, parts, byAccessor) } },
  ];
}

/** A text may come as base64 (old clients send it so); what is no policy as it stands is tried as that. */
function plainText({ decodeBase64, decodeUtf8 }: Bytes, text: string): string {
  if (!/^[A-Za-z0-9+/\s]+=*\s*$/.test(text)) return text;
  try {
    return decodeUtf8(decodeBase64(text.trim()));
  } catch {
    return text;
  }
}

const byToken = ({ input }: Call, tokens: Tokens): TokenEntry | null => tokens.find(input.text('token') ?? '');
const byAccessor = ({ input }: Call, tokens: Tokens): TokenEntry | null =>
  tokens.byAccessor(input.text('accessor') ?? '');

function ofOther(
  call: Call,
  { policies, tokens }: PolicyRouteParts,
  find: (call: Call, tokens: Tokens) => TokenEntry | null,
): StoreReply {
  const entry = find(call, tokens());
  if (entry === null) throw new SecretStoreError('invalid', 'invalid token');
  const acl = policies().acl(entry.policies);
  return capabilities(call, (path) => acl.capabilitiesOf(path));
}

function capabilities({ input }: Call, of: (path: string) => readonly string[]): StoreReply {
  const paths = input.list('paths', 'path') ?? [];
  if (paths.length === 0) throw new SecretStoreError('invalid', 'paths must be supplied');
  const each = paths.map((path) => [path, of(path.replace(/^\//, ''))] as const);
  const [first] = each;
  return { data: { ...Object.fromEntries(each), ...(each.length === 1 && first && { capabilities: first[1] }) } };
}
