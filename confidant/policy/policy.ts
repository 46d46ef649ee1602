/**
 * From the text of a policy to its rules: one for each path block, checked as Vault checks them, with Vault's words
 * for what is wrong. Several rules may have the same pattern; `acl.ts` puts them together.
 */
import { SecretStoreError } from '../secret-store.ts';
import { parseSeconds } from '../wire/durations.ts';
import { capabilityBit, DENY } from './capabilities.ts';
import { type HclBody, type HclItem, type HclValue, isBody, lineAt, parseHcl } from './hcl.ts';
import { addValues, type Limits, type ParameterValues } from './limits.ts';

export interface Policy {
  readonly rules: readonly Rule[];
}

export interface Rule {
  /** Without `/` in front. With a `*` at its end it stands for all that starts so, a segment `+` for any one segment. */
  readonly pattern: string;
  /** Where the first `+` or the final `*` is; -1: the pattern is one path. */
  readonly wildcardAt: number;
  /** Bits of `capabilities.ts`; with `deny` no others. */
  readonly capabilities: number;
  readonly limits: Limits | null;
}

/** What they restrict is not there to be restricted, or cannot be; to accept them would be to grant too much. */
const UNSUPPORTED = [
  'mfa_methods',
  'pagination_limit',
  'expiration',
  'control_group',
  'list_scan_response_keys_filter_path',
];
const KEYS = [
  'capabilities',
  'policy',
  'comment',
  'allowed_parameters',
  'denied_parameters',
  'required_parameters',
  'min_wrapping_ttl',
  'max_wrapping_ttl',
  ...UNSUPPORTED,
];

/** What `policy = "..."` meant before there were capabilities. */
const READ = ['read', 'list'];
const WRITE = ['create', 'delete', 'update', ...READ];
const OLD_POLICIES = new Map([
  ['deny', ['deny']],
  ['read', READ],
  ['write', WRITE],
  ['sudo', ['sudo', ...WRITE]],
]);

/** Errors: `invalid`, with Vault's text; `too-large`. */
export function parsePolicy(text: string): Policy {
  const rules: Rule[] = [];
  for (const item of parseHcl(text).items) {
    const [key, ...paths] = item.keys;
    if (key === 'path') collectRules(text, paths, item.value, rules);
    else if (key !== 'name') throw wrong(invalidKey(text, item));
    else if (typeof item.value === 'object') throw wrong('name: want a string');
  }
  return { rules };
}

/** `path "x" { ... }`; or, as JSON has it, `"path": { "x": { ... } }`, either object also as a list of such. */
function collectRules(text: string, paths: readonly string[], value: HclValue, rules: Rule[]): void {
  const [path, another] = paths;
  const name = path === undefined ? 'path' : `path ${quote(path)}`;
  if (another !== undefined) throw wrong(`${name}: more than one path`);
  if (typeof value !== 'object') throw wrong(`${name}: want a block`);
  if (!isBody(value)) {
    for (const one of value) collectRules(text, paths, one, rules);
  } else if (path === undefined) {
    for (const item of value.items) collectRules(text, item.keys, item.value, rules);
  } else {
    const rule = new RuleReader(text, path, value).read();
    if (rule !== null) rules.push(rule);
  }
}

class RuleReader {
  readonly #path: string;
  readonly #fields = new Map<string, HclValue>();

  constructor(text: string, path: string, body: HclBody) {
    this.#path = path;
    for (const item of body.items) {
      const key = item.keys.join(' ');
      if (!KEYS.includes(key)) this.#fail(invalidKey(text, item));
      if (UNSUPPORTED.includes(key)) this.#fail(`${key} is not supported`);
      if (this.#fields.has(key))
        this.#fail(`the argument ${quote(key)} on line ${lineAt(text, item.at)} was already set`);
      this.#fields.set(key, item.value);
    }
  }

  /** Null when the path has a template: nobody here has an identity to fill it with. */
  read(): Rule | null {
    const pattern = this.#path.startsWith('/') ? this.#path.slice(1) : this.#path;
    const isTemplate = this.#isTemplate();
    if (pattern.includes('+*')) this.#fail(`invalid use of wildcards ('+*' is forbidden)`);
    const capabilities = this.#capabilities();
    const limits = capabilities === DENY ? null : this.#limits();
    return isTemplate ? null : { pattern, wildcardAt: findWildcard(pattern), capabilities, limits };
  }

  #isTemplate(): boolean {
    const [first = '', ...rest] = this.#path.split('{{');
    if (first.includes('}}') || rest.some((one) => one.split('}}').length !== 2)) {
      this.#fail('failed to validate policy templating: unbalanced templating characters');
    }
    return rest.length > 0;
  }

  #capabilities(): number {
    const old = this.#text('policy');
    const oldNames = old === '' ? [] : OLD_POLICIES.get(old);
    if (oldNames === undefined) return this.#fail(`invalid policy ${quote(old)}`);
    let bits = 0;
    for (const name of [...this.#names('capabilities'), ...oldNames]) {
      const bit = capabilityBit(name);
      if (bit === null) return this.#fail(`invalid capability ${quote(name)}`);
      if (bit === DENY) return DENY;
      bits |= bit;
    }
    return bits;
  }

  #limits(): Limits | null {
    const limits = {
      allowed: this.#parameters('allowed_parameters'),
      denied: this.#parameters('denied_parameters'),
      required: this.#names('required_parameters'),
      minWrapTtl: this.#seconds('min_wrapping_ttl'),
      maxWrapTtl: this.#seconds('max_wrapping_ttl'),
    };
    const { allowed, denied, required, minWrapTtl, maxWrapTtl } = limits;
    if (maxWrapTtl > 0 && maxWrapTtl < minWrapTtl) this.#fail('max_wrapping_ttl cannot be less than min_wrapping_ttl');
    const isNone = allowed === null && denied === null && required.length === 0 && minWrapTtl + maxWrapTtl === 0;
    return isNone ? null : limits;
  }

  #text(key: string): string {
    const value = this.#fields.get(key) ?? '';
    return typeof value === 'object' ? this.#fail(`${key}: want a string`) : String(value);
  }

  #names(key: string): string[] {
    return this.#list(key, this.#fields.get(key) ?? []).map((one) =>
      typeof one === 'object' ? this.#fail(`${key}: want a list of strings`) : String(one),
    );
  }

  #list(key: string, value: HclValue): readonly HclValue[] {
    return typeof value === 'object' && !isBody(value) ? value : this.#fail(`${key}: want a list`);
  }

  #parameters(key: string): ParameterValues | null {
    const body = this.#fields.get(key) ?? { items: [] };
    if (typeof body !== 'object' || !isBody(body)) return this.#fail(`${key}: want a map of lists`);
    const parameters = new Map<string, readonly HclValue[]>();
    for (const { keys, value } of body.items)
      addValues(parameters, keys.join(' ').toLowerCase(), this.#list(key, value));
    return parameters.size === 0 ? null : parameters;
  }

  #seconds(key: string): number {
    const value = this.#fields.get(key) ?? 0;
    const seconds = typeof value === 'number' || typeof value === 'string' ? parseSeconds(value) : null;
    return seconds === null || seconds < 0 ? this.#fail(`error parsing ${key}`) : seconds;
  }

  #fail(what: string): never {
    throw wrong(`path ${quote(this.#path)}: ${what}`);
  }
}

/** A `+` counts in a pattern that has it at the start of a segment; in any other it is a plus. */
function findWildcard(pattern: string): number {
  if (pattern === '+' || pattern.startsWith('+/') || pattern.includes('/+')) return pattern.indexOf('+');
  return pattern.endsWith('*') ? pattern.length - 1 : -1;
}

function invalidKey(text: string, item: HclItem): string {
  return `invalid key ${quote(item.keys[0] ?? '')} on line ${lineAt(text, item.at)}`;
}

/** Names are told, but a file that is no policy at all is not told whole. */
function quote(name: string): string {
  return JSON.stringify(name.length > 64 ? `${name.slice(0, 61)}...` : name);
}

function wrong(what: string): SecretStoreError {
  return new SecretStoreError('invalid', `failed to parse policy: ${what}`);
}
