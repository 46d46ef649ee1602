/** A role of AppRole: what it says, how it is read from a request, and how it is told. */
import type { Input } from '../../core/input.ts';
import {
  checkRanges,
  describeTokenParameters,
  plainTokens,
  readTokenParameters,
  type TokenParameters,
} from '../../identity/token-parameters.ts';
import { type SecretData, SecretStoreError } from '../../secret-store.ts';

export interface Role {
  readonly roleId: string;
  readonly bindSecretId: boolean;
  readonly secretIdCidrs: readonly string[];
  readonly secretIdNumUses: number;
  readonly secretIdTtl: number;
  readonly tokens: TokenParameters;
}

export const newRole = {
  bindSecretId: true,
  secretIdCidrs: [],
  secretIdNumUses: 0,
  secretIdTtl: 0,
  tokens: plainTokens,
} satisfies Omit<Role, 'roleId'>;

export function readRole(input: Input, before: Role): Role {
  const role: Role = {
    roleId: before.roleId,
    bindSecretId: input.boolean('bind_secret_id') ?? before.bindSecretId,
    secretIdCidrs: input.list('secret_id_bound_cidrs', 'bound_cidr_list') ?? before.secretIdCidrs,
    secretIdNumUses: input.integer('secret_id_num_uses') ?? before.secretIdNumUses,
    secretIdTtl: input.duration('secret_id_ttl') ?? before.secretIdTtl,
    tokens: readTokenParameters(input, before.tokens),
  };
  if (role.secretIdNumUses < 0) throw new SecretStoreError('invalid', 'secret_id_num_uses cannot be negative');
  checkRanges(role.secretIdCidrs);
  if (!role.bindSecretId && role.secretIdCidrs.length === 0 && role.tokens.boundCidrs.length === 0) {
    throw new SecretStoreError('invalid', 'at least one constraint should be enabled on the role');
  }
  return role;
}

export function withoutField(role: Role, shown: string): Role {
  const { tokens } = role;
  const plain: Readonly<Record<string, Role>> = {
    token_policies: { ...role, tokens: { ...tokens, policies: [] } },
    secret_id_num_uses: { ...role, secretIdNumUses: 0 },
    secret_id_ttl: { ...role, secretIdTtl: 0 },
    token_ttl: { ...role, tokens: { ...tokens, ttl: 0 } },
    token_max_ttl: { ...role, tokens: { ...tokens, maxTtl: 0 } },
    token_num_uses: { ...role, tokens: { ...tokens, numUses: 0 } },
    token_period: { ...role, tokens: { ...tokens, period: 0 } },
    bind_secret_id: { ...role, bindSecretId: true },
  };
  return plain[shown] ?? role;
}

export function describeRole(role: Role): SecretData {
  return {
    bind_secret_id: role.bindSecretId,
    local_secret_ids: false,
    secret_id_bound_cidrs: role.secretIdCidrs.length === 0 ? null : role.secretIdCidrs,
    secret_id_num_uses: role.secretIdNumUses,
    secret_id_ttl: role.secretIdTtl,
    ...describeTokenParameters(role.tokens),
  };
}
