/** What roles and users say of the tokens that a login with them gives: Vault's `token_*` fields and their old names. */
import { WRAPPING_POLICY } from '../core/wrapping.ts';
import type { Input } from '../core/input.ts';
import { type SecretData, SecretStoreError } from '../secret-store.ts';
import { isAddressRange } from './address-range.ts';

export interface TokenParameters {
  readonly policies: readonly string[];
  /** Seconds, as all others; 0: the system's. */
  readonly ttl: number;
  readonly maxTtl: number;
  readonly explicitMaxTtl: number;
  readonly period: number;
  readonly numUses: number;
  readonly withoutDefaultPolicy: boolean;
  /** Addresses from which one may log in and use the token; none: from all. */
  readonly boundCidrs: readonly string[];
}

export const plainTokens: TokenParameters = {
  policies: [],
  ttl: 0,
  maxTtl: 0,
  explicitMaxTtl: 0,
  period: 0,
  numUses: 0,
  withoutDefaultPolicy: false,
  boundCidrs: [],
};

/** What was there before with what the input says. Errors: `invalid`. */
export function readTokenParameters(input: Input, before: TokenParameters): TokenParameters {
  const type = input.text('token_type') ?? 'default';
  if (type !== 'default' && type !== 'service' && type !== 'default-service') {
    throw new SecretStoreError('invalid', 'token_type: only service tokens are given out');
  }
  const policies = input.list('token_policies', 'policies') ?? before.policies;
  const after: TokenParameters = {
    policies: policies.map((name) => name.toLowerCase()),
    ttl: input.duration('token_ttl', 'ttl') ?? before.ttl,
    maxTtl: input.duration('token_max_ttl', 'max_ttl') ?? before.maxTtl,
    explicitMaxTtl: input.duration('token_explicit_max_ttl') ?? before.explicitMaxTtl,
    period: input.duration('token_period', 'period') ?? before.period,
    numUses: input.integer('token_num_uses') ?? before.numUses,
    withoutDefaultPolicy: input.boolean('token_no_default_policy') ?? before.withoutDefaultPolicy,
    boundCidrs: input.list('token_bound_cidrs', 'bound_cidrs') ?? before.boundCidrs,
  };
  if (after.numUses < 0) throw new SecretStoreError('invalid', 'token_num_uses cannot be negative');
  checkPolicies(after.policies);
  if (after.policies.includes('root')) throw new SecretStoreError('invalid', 'logins cannot give root tokens');
  if (after.maxTtl > 0 && after.ttl > after.maxTtl) {
    throw new SecretStoreError('invalid', 'token_ttl must not be greater than token_max_ttl');
  }
  checkRanges(after.boundCidrs);
  return after;
}

/** A request looks at all policies of its token. */
const MOST_POLICIES = 64;

/** Errors: `invalid`. */
export function checkPolicies(names: readonly string[]): void {
  if (names.length > MOST_POLICIES) throw new SecretStoreError('invalid', `at most ${MOST_POLICIES} policies`);
  if (!names.includes(WRAPPING_POLICY)) return;
  throw new SecretStoreError('invalid', `cannot assign policy "${WRAPPING_POLICY}"`);
}

/** Errors: `invalid`. */
export function checkRanges(ranges: readonly string[]): void {
  const wrong = ranges.find((range) => !isAddressRange(range));
  if (wrong !== undefined) throw new SecretStoreError('invalid', `invalid CIDR: ${wrong.slice(0, 64)}`);
}

export function describeTokenParameters(parameters: TokenParameters): SecretData {
  return {
    token_bound_cidrs: parameters.boundCidrs,
    token_explicit_max_ttl: parameters.explicitMaxTtl,
    token_max_ttl: parameters.maxTtl,
    token_no_default_policy: parameters.withoutDefaultPolicy,
    token_num_uses: parameters.numUses,
    token_period: parameters.period,
    token_policies: parameters.policies,
    token_ttl: parameters.ttl,
    token_type: 'default',
  };
}
