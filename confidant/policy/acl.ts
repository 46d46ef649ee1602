/**
 * What the policies of one token allow together, decided as Vault decides it: for a path there is at most one rule,
 * the closest, and what it says counts alone. A wider rule never adds to it.
 *
 * Made for one request or kept for a set of policies; it holds the rules of the policies it was made of and changes
 * none of them.
 */
import { type Operation, SecretStoreError } from '../secret-store.ts';
import { type Capability, capabilityBit, DENY, namesOf, SUDO } from './capabilities.ts';
import { isWithinLimits, type Limited, mergeLimits } from './limits.ts';
import type { Policy, Rule } from './policy.ts';

export interface AclRequest extends Limited {
  /** For `list` with a `/` at its end, as Vault has it when policies are asked. */
  readonly path: string;
  readonly operation: Operation;
  /** Whether `sudo` is needed beside what the operation asks for. */
  readonly isSudoPath?: boolean | undefined;
}

export class Acl {
  readonly isRoot: boolean;
  readonly #exact = new Map<string, Rule>();
  readonly #wild: readonly Rule[];

  /**
   * The policy `root` has no text; it passes everything and stands alone.
   * Errors: `invalid` when it does not.
   */
  constructor(policies: readonly Policy[], isRoot = false) {
    this.isRoot = isRoot;
    if (isRoot && policies.length > 0) {
      throw new SecretStoreError('invalid', 'other policies present along with root');
    }
    const wild = new Map<string, Rule>();
    for (const { rules } of policies) {
      for (const rule of rules) {
        const map = rule.wildcardAt < 0 ? this.#exact : wild;
        const known = map.get(rule.pattern);
        map.set(rule.pattern, known === undefined ? rule : mergeRules(known, rule));
      }
    }
    this.#wild = [...wild.values()];
  }

  allows(request: AclRequest): boolean {
    if (this.isRoot) return true;
    const rule = this.#find(request.path, request.operation === 'list');
    const needed = (capabilityBit(request.operation) ?? DENY) | (request.isSudoPath === true ? SUDO : 0);
    if (rule === undefined || (rule.capabilities & needed) !== needed) return false;
    return rule.limits === null || isWithinLimits(rule.limits, request);
  }

  /** Sorted; `root` or `deny` alone where it is that. */
  capabilitiesOf(path: string): (Capability | 'root')[] {
    if (this.isRoot) return ['root'];
    const names = namesOf(this.#find(path, true)?.capabilities ?? DENY);
    return names.length === 0 ? ['deny'] : names;
  }

  /** Whether anything is granted on a mount (`secret/`) or somewhere below it. */
  hasAnyUnder(mount: string): boolean {
    if (this.capabilitiesOf(mount)[0] !== 'deny') return true;
    const isUnder = (rule: Rule): boolean =>
      rule.capabilities !== 0 && rule.capabilities !== DENY && reachesUnder(rule, mount);
    return [...this.#exact.values()].some(isUnder) || this.#wild.some(isUnder);
  }

  #find(pathAsked: string, isList: boolean): Rule | undefined {
    let path = pathAsked;
    while (path.startsWith('/')) path = path.slice(1);
    const bare = isList && path.endsWith('/') ? path.slice(0, -1) : path;
    return this.#exact.get(path) ?? this.#exact.get(bare) ?? this.#findWild(path) ?? this.#findWild(bare);
  }

  #findWild(path: string): Rule | undefined {
    let best: Rule | undefined;
    for (const rule of this.#wild) {
      if (matches(rule, path) && (best === undefined || outranks(rule, best))) best = rule;
    }
    return best;
  }
}

function mergeRules(one: Rule, other: Rule): Rule {
  const capabilities = one.capabilities | other.capabilities;
  if ((capabilities & DENY) !== 0) return { ...one, capabilities: DENY, limits: null };
  return { ...one, capabilities, limits: mergeLimits(one.limits, other.limits) };
}

function isPrefix({ pattern }: Rule): boolean {
  return pattern.endsWith('*');
}

function stemOf(rule: Rule): string {
  return isPrefix(rule) ? rule.pattern.slice(0, -1) : rule.pattern;
}

function hasPlus({ pattern, wildcardAt }: Rule): boolean {
  return pattern[wildcardAt] === '+';
}

function matches(rule: Rule, path: string): boolean {
  if (!hasPlus(rule)) return path.startsWith(stemOf(rule));
  const wanted = stemOf(rule).split('/');
  const segments = path.split('/');
  if (isPrefix(rule) ? segments.length < wanted.length : segments.length !== wanted.length) return false;
  return wanted.every((_, index) => matchesSegment(rule, wanted, segments, index));
}

function matchesSegment(rule: Rule, wanted: readonly string[], segments: readonly string[], index: number): boolean {
  const segment = segments[index] ?? '';
  const want = wanted[index] ?? '';
  const isOpen = isPrefix(rule) && index === wanted.length - 1;
  return want === '+' || want === segment || (isOpen && segment.startsWith(want));
}

/** The mount has a `/` at its end, which is one empty segment more. */
function reachesUnder(rule: Rule, mount: string): boolean {
  if (!hasPlus(rule)) return stemOf(rule).startsWith(mount);
  const wanted = stemOf(rule).split('/');
  const segments = mount.split('/').slice(0, -1);
  return segments.every((_, index) => matchesSegment(rule, wanted, segments, index));
}

/** Vault's order among rules that match: what comes first decides. Two different patterns are never equal in all. */
function outranks(rule: Rule, other: Rule): boolean {
  const mine = rankOf(rule);
  const theirs = rankOf(other);
  const index = mine.findIndex((value, at) => value !== theirs[at]);
  return index < 0 ? rule.pattern > other.pattern : (mine[index] ?? 0) > (theirs[index] ?? 0);
}

function rankOf(rule: Rule): readonly number[] {
  const stem = stemOf(rule);
  const plusses = hasPlus(rule) ? stem.split('/').filter((segment) => segment === '+').length : 0;
  return [rule.wildcardAt, isPrefix(rule) ? 0 : 1, -plusses, stem.length];
}
