/**
 * What a rule asks beyond its capabilities: which parameters a request may, must not and must have, and for how long
 * its reply has to be wrapped. Parameters are the fields of the body as they stand in it, so that for KV version 2 it
 * is `data` and `options` that are looked at, not what is inside of them.
 */
import type { Operation } from '../secret-store.ts';
import { type HclValue, isBody } from './hcl.ts';

export interface Limits {
  /** Null: any. */
  readonly allowed: ParameterValues | null;
  /** Null: none. */
  readonly denied: ParameterValues | null;
  readonly required: readonly string[];
  /** Seconds, with fractions; 0: no bound. A bound asks for wrapping, whatever it is. */
  readonly minWrapTtl: number;
  readonly maxWrapTtl: number;
}

/** Values by name in lower case; no values: any value, and the name `*`: any name. */
export type ParameterValues = ReadonlyMap<string, readonly HclValue[]>;

export interface Limited {
  readonly operation: Operation;
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
  /** Seconds; null or 0: not to be wrapped. */
  readonly wrapTtl?: number | null | undefined;
}

/** Both at once, as two policies of one token have them: more values, but the narrower bounds. */
export function mergeLimits(one: Limits | null, other: Limits | null): Limits | null {
  if (one === null || other === null) return one ?? other;
  return {
    allowed: mergeValues(one.allowed, other.allowed),
    denied: mergeValues(one.denied, other.denied),
    required: [...new Set([...one.required, ...other.required])],
    minWrapTtl: lesserBound(one.minWrapTtl, other.minWrapTtl),
    maxWrapTtl: lesserBound(one.maxWrapTtl, other.maxWrapTtl),
  };
}

function mergeValues(one: ParameterValues | null, other: ParameterValues | null): ParameterValues | null {
  if (one === null || other === null) return one ?? other;
  const merged = new Map(one);
  for (const [name, values] of other) addValues(merged, name, values);
  return merged;
}

export function addValues(map: Map<string, readonly HclValue[]>, name: string, values: readonly HclValue[]): void {
  const known = map.get(name) ?? values;
  const isAny = known.length === 0 || values.length === 0;
  map.set(name, isAny ? [] : known === values ? values : [...known, ...values]);
}

/** Vault takes the lesser of two minimums as well. */
function lesserBound(one: number, other: number): number {
  return one === 0 || other === 0 ? one + other : Math.min(one, other);
}

export function isWithinLimits(limits: Limits, { operation, parameters = {}, wrapTtl }: Limited): boolean {
  const { minWrapTtl, maxWrapTtl } = limits;
  if (minWrapTtl > 0 || maxWrapTtl > 0) {
    if (!wrapTtl || wrapTtl < minWrapTtl || (maxWrapTtl > 0 && wrapTtl > maxWrapTtl)) return false;
  }
  if (operation === 'list' || operation === 'delete') return true;
  const names = Object.keys(parameters);
  if (!limits.required.every((name) => names.includes(name.toLowerCase()))) return false;
  return (
    names.length === 0 ||
    (limits.denied?.has('*') !== true && names.every((name) => isAllowed(limits, name, parameters[name])))
  );
}

function isAllowed({ allowed, denied }: Limits, name: string, value: unknown): boolean {
  const key = name.toLowerCase();
  const deniedValues = denied?.get(key);
  if (deniedValues !== undefined && isAmong(value, deniedValues)) return false;
  if (allowed === null) return true;
  const allowedValues = allowed.get(key);
  return allowedValues === undefined ? allowed.has('*') : isAmong(value, allowedValues);
}

function isAmong(value: unknown, values: readonly HclValue[]): boolean {
  return values.length === 0 || values.some((one) => isGlobFor(one, value) || isSame(one, value));
}

/** `*` in front, at the end, or both; alone it is a star and nothing else. */
function isGlobFor(glob: HclValue, value: unknown): boolean {
  if (typeof glob !== 'string' || typeof value !== 'string' || glob.length < 2) return false;
  if (!glob.startsWith('*')) return glob.endsWith('*') && value.startsWith(glob.slice(0, -1));
  return glob.endsWith('*') ? value.includes(glob.slice(1, -1)) : value.endsWith(glob.slice(1));
}

function isSame(one: HclValue, value: unknown): boolean {
  if (typeof one !== 'object') return one === value;
  if (typeof value !== 'object' || value === null) return false;
  const values = value as Readonly<Record<string, unknown>>;
  const pairs = isBody(one)
    ? one.items.map((item) => [item.keys.join(' '), item.value] as const)
    : one.map((item, index) => [String(index), item] as const);
  if (Array.isArray(value) === isBody(one) || Object.keys(value).length !== pairs.length) return false;
  return pairs.every(([key, item]) => Object.hasOwn(values, key) && isSame(item, values[key]));
}
