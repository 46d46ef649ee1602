import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { Acl } from '../../../confidant/policy/acl.ts';
import { type HclBody, type HclItem, type HclValue, isBody, parseHcl } from '../../../confidant/policy/hcl.ts';
import { type Policy, parsePolicy, type Rule } from '../../../confidant/policy/policy.ts';
import { SecretStoreError } from '../../../confidant/secret-store.ts';
import { some } from '../../support/share.ts';
import { suite } from '../../support/suite.ts';
import { grant } from './cases/case.ts';
import { printHcl, printJson } from './print.ts';

const test = suite('policy properties');

const NAMES = ['constructor', '__proto__', 'toJSON', 'hasOwnProperty', 'a', 'b-c', 'path', ''];
const name = fc.oneof(fc.constantFrom(...NAMES), fc.string(), fc.string({ unit: 'grapheme' }));
const scalar = fc.oneof(name, fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean());

/** `JSON.stringify` prints -0 as 0. */
function withoutMinusZero(value: string | number | boolean): string | number | boolean {
  return Object.is(value, -0) ? 0 : value;
}

const tree = fc.letrec<{ value: HclValue; body: HclBody; item: HclItem }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 5 },
    scalar.map(withoutMinusZero),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('body'),
  ),
  body: fc.record({ items: fc.array(tie('item'), { maxLength: 3 }) }),
  item: fc.oneof(
    fc.record({ keys: fc.tuple(name), value: tie('value'), at: fc.constant(0) }),
    fc.record({ keys: fc.array(name, { minLength: 2, maxLength: 3 }), value: tie('body'), at: fc.constant(0) }),
  ),
}));

/** Without the places. */
function plain(value: HclValue): unknown {
  if (typeof value !== 'object') return value;
  return isBody(value) ? value.items.map(({ keys, value: one }) => ({ keys, is: plain(one) })) : value.map(plain);
}

const WORDS = [
  ...[
    'path',
    ' "x" ',
    '{',
    '}',
    '[',
    ']',
    '=',
    ':',
    ',',
    '"',
    '\\',
    '\n',
    '#',
    '//',
    '/*',
    '*/',
    '<<EOF\n',
    '\nEOF\n',
    '<<-A',
  ],
  ...[
    'capabilities',
    '["read"]',
    '["deny"]',
    'policy',
    '"write"',
    'allowed_parameters',
    'min_wrapping_ttl',
    '"1h"',
    '-1',
    '0x',
  ],
  ...[
    '1e9',
    'true',
    'null',
    '{{',
    '}}',
    '+*',
    '\\u00',
    '\\U',
    '\0',
    '\ud800',
    '{"path":',
    '"secret/*"',
    '__proto__',
    'comment',
  ],
];
const soup = fc.array(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...WORDS) }, fc.string()), { maxLength: 30 });
const text = fc.oneof(
  soup.map((words) => words.join('')),
  fc.string({ unit: 'binary' }),
  soup.map((words) => `path "x" {${words.join(' ')}}`),
);

test('any text is a policy, or is refused by its code, and little of it is told', () => {
  fc.assert(
    fc.property(text, (any) => {
      try {
        parsePolicy(any);
      } catch (error) {
        assert.instance(error, SecretStoreError);
        assert.is((error as SecretStoreError).code, 'invalid');
        assert.ok((error as SecretStoreError).message.length < 600);
      }
    }),
    { numRuns: some(1000) },
  );
});

test('what was printed is read again', () => {
  fc.assert(
    fc.property(tree.body, (body) => {
      assert.equal(plain(parseHcl(printHcl(body))), plain(body));
    }),
    { numRuns: some(200) },
  );
});

test('a text cut short is refused, or is shorter by whole items', () => {
  fc.assert(
    fc.property(tree.body, fc.nat(), (body, cut) => {
      const printed = printHcl(body);
      try {
        const items = parseHcl(printed.slice(0, cut % (printed.length + 1))).items;
        assert.ok(items.length <= body.items.length);
      } catch (error) {
        assert.instance(error, SecretStoreError);
      }
    }),
    { numRuns: some(200) },
  );
});

const SEGMENTS = ['a', 'b', 'ab', 'a+b', '+c', ''];
const segments = fc.array(fc.constantFrom(...SEGMENTS), { minLength: 1, maxLength: 4 });
const path = segments.map((parts) => parts.join('/'));
const pattern = fc
  .tuple(
    fc.array(fc.constantFrom('+', '+', ...SEGMENTS), { minLength: 1, maxLength: 4 }),
    fc.constantFrom('', '*', '/*'),
  )
  .map(([parts, end]) => `${parts.join('/')}${end}`.replaceAll('+*', '+/*'));
const capability = fc.constantFrom('create', 'read', 'update', 'patch', 'delete', 'list', 'sudo', 'scan', 'deny');
const capabilities = fc.array(capability, { maxLength: 4 });
const operation = fc.constantFrom('create', 'read', 'update', 'patch', 'delete', 'list');

const parameterNames = fc.constantFrom('a', 'B', '__proto__', 'constructor', '*');
const parameterValue = fc.oneof(
  fc.constantFrom('x', 'x*', '*y', '', 'xy'),
  fc.integer({ min: 0, max: 2 }),
  fc.boolean(),
);
const parameterRules = fc.uniqueArray(fc.tuple(parameterNames, fc.array(parameterValue, { maxLength: 2 })), {
  selector: ([key]) => key,
  maxLength: 3,
});
const parameters = fc.dictionary(parameterNames, parameterValue, { maxKeys: 2, noNullPrototype: false });

interface Block {
  readonly path: string;
  readonly fields: Readonly<Record<string, HclValue>>;
}

function mapOf(rules: readonly (readonly [string, HclValue])[]): HclBody {
  return { items: rules.map(([key, value]) => ({ keys: [key], value, at: 0 })) };
}

const optional = { requiredKeys: [] };
const fields = fc.record(
  {
    capabilities,
    policy: fc.constantFrom('read', 'write', 'sudo', 'deny', ''),
    comment: fc.string(),
    allowed_parameters: parameterRules.map(mapOf),
    denied_parameters: parameterRules.map(mapOf),
    required_parameters: fc.array(parameterNames, { maxLength: 2 }),
    min_wrapping_ttl: fc.constantFrom<HclValue>(0, 10, '20s'),
    max_wrapping_ttl: fc.constantFrom<HclValue>(20, '1m', 40),
  },
  optional,
);
const block: fc.Arbitrary<Block> = fc.record({ path: pattern, fields: fields as fc.Arbitrary<Block['fields']> });
const blocks = fc.array(block, { maxLength: 5 });

function treeOf(all: readonly Block[]): HclBody {
  return { items: all.map((one) => ({ keys: ['path', one.path], value: mapOf(Object.entries(one.fields)), at: 0 })) };
}

function policyOf(all: readonly Block[]): Policy {
  return parsePolicy(printHcl(treeOf(all)));
}

test('HCL and JSON of one policy mean the same', () => {
  fc.assert(
    fc.property(blocks, (all) => {
      const json = printJson(treeOf(all));
      const rules = parsePolicy(json).rules;
      assert.equal(rules, policyOf(all).rules);
      assert.is(rules.length, all.length);
    }),
    { numRuns: some(200) },
  );
});

const request = fc.record({
  path,
  operation,
  isSudoPath: fc.boolean(),
  parameters,
  wrapTtl: fc.constantFrom(null, 0, 15, 30),
});

test('the order of rules and of policies says nothing', () => {
  const shuffled = blocks.chain((all) =>
    fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }), fc.nat(5)),
  );
  fc.assert(
    fc.property(shuffled, fc.array(request, { minLength: 1, maxLength: 5 }), ([all, other, cut], requests) => {
      const one = new Acl([policyOf(all)]);
      const two = new Acl([policyOf(other.slice(cut)), policyOf(other.slice(0, cut))]);
      for (const asked of requests) {
        assert.equal(two.capabilitiesOf(asked.path), one.capabilitiesOf(asked.path), asked.path);
        assert.is(two.allows(asked), one.allows(asked), JSON.stringify(asked));
      }
    }),
    { numRuns: some(300) },
  );
});

test('a deny wins within one path', () => {
  fc.assert(
    fc.property(blocks, request, (all, asked) => {
      const denied = all.map((one) => parsePolicy(grant(one.path, 'deny')));
      const acl = new Acl([policyOf(all), ...denied]);
      assert.not.ok(acl.allows(asked));
      assert.equal(acl.capabilitiesOf(asked.path), ['deny']);
      const exact = new Acl([policyOf(all), parsePolicy(grant(asked.path, 'deny'))]);
      // These are other patterns than paths: a slash is dropped, a plus is a wildcard.
      const isItself = !asked.path.startsWith('/') && !asked.path.includes('+');
      assert.not.ok(isItself && exact.allows(asked));
    }),
    { numRuns: some(200) },
  );
});

test('a policy for unrelated paths changes nothing', () => {
  fc.assert(
    fc.property(blocks, blocks, request, (all, more, asked) => {
      const elsewhere = more.map((one) => ({ ...one, path: `elsewhere/${one.path}` }));
      const one = new Acl([policyOf(all)]);
      const two = new Acl([policyOf(elsewhere), policyOf(all)]);
      assert.equal(two.capabilitiesOf(asked.path), one.capabilitiesOf(asked.path));
      assert.is(two.allows(asked), one.allows(asked));
    }),
    { numRuns: some(200) },
  );
});

/** The definition in other words: all that matches, in Vault's order, and the last of it. */
function closest(rules: readonly Rule[], asked: string): Rule | undefined {
  const matching = rules.filter((rule) => {
    const isOpen = rule.wildcardAt >= 0 && rule.pattern.endsWith('*');
    const stem = isOpen ? rule.pattern.slice(0, -1) : rule.pattern;
    const quoted = (part: string): string => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const isPlus = rule.pattern[rule.wildcardAt] === '+';
    const parts = stem.split('/').map((part) => (isPlus && part === '+' ? '[^/]*' : quoted(part)));
    return new RegExp(`^${parts.join('/')}${isOpen ? '.*' : ''}$`, 's').test(asked);
  });
  const rank = ({ pattern: text, wildcardAt }: Rule): readonly (number | string)[] => {
    const isPrefix = wildcardAt >= 0 && text.endsWith('*');
    const plusses = text[wildcardAt] === '+' ? text.split('/').filter((part) => part.replace('*', '') === '+') : [];
    return [wildcardAt < 0 ? 99 : wildcardAt, isPrefix ? 0 : 1, 9 - plusses.length, text.length, text];
  };
  const compare = (one: Rule, other: Rule): number => {
    const [a, b] = [rank(one), rank(other)];
    const index = a.findIndex((value, at) => value !== b[at]);
    return index < 0 ? 0 : (a[index] ?? 0) < (b[index] ?? 0) ? -1 : 1;
  };
  return matching.sort(compare).at(-1);
}

test('the rule that counts is the closest of all that match', () => {
  const different = fc.uniqueArray(fc.tuple(pattern, capability), {
    selector: ([one]) => one.replace(/^\//, ''),
    maxLength: 8,
  });
  fc.assert(
    fc.property(different, path, operation, (all, asked, wanted) => {
      fc.pre(!asked.startsWith('/') && wanted !== 'list');
      const policy = parsePolicy(all.map(([one, what]) => grant(one, what)).join(''));
      const rule = closest(policy.rules, asked);
      const only = new Acl(rule === undefined ? [] : [{ rules: [rule] }]);
      const got = new Acl([policy]).allows({ path: asked, operation: wanted });
      assert.is(got, only.allows({ path: asked, operation: wanted }));
    }),
    { numRuns: some(500) },
  );
});
