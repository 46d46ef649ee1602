import * as assert from 'uvu/assert';
import { namesOf } from '../../../confidant/policy/capabilities.ts';
import { defaultPolicyText } from '../../../confidant/policy/default-policy.ts';
import { parsePolicy, type Rule } from '../../../confidant/policy/policy.ts';
import { SecretStoreError } from '../../../confidant/secret-store.ts';
import { suite } from '../../support/suite.ts';

const test = suite('policy');

function rulesOf(text: string): readonly Rule[] {
  return parsePolicy(text).rules;
}

function capabilitiesIn(block: string): readonly string[] {
  return namesOf(rulesOf(`path "x" { ${block} }`)[0]?.capabilities ?? 0);
}

function refused(text: string, message: string): void {
  try {
    parsePolicy(text);
  } catch (error) {
    assert.instance(error, SecretStoreError);
    assert.is((error as SecretStoreError).code, 'invalid');
    assert.is((error as SecretStoreError).message, `failed to parse policy: ${message}`, text);
    return;
  }
  assert.unreachable(text);
}

test('capabilities, also in the old form', () => {
  assert.equal(capabilitiesIn(''), []);
  assert.equal(capabilitiesIn('capabilities = []'), []);
  assert.equal(capabilitiesIn('capabilities = ["read", "read", "list"]'), ['list', 'read']);
  assert.equal(capabilitiesIn('capabilities = ["scan", "patch", "sudo"]'), ['patch', 'scan', 'sudo']);
  assert.equal(capabilitiesIn('capabilities = ["read", "deny"]'), ['deny']);
  assert.equal(capabilitiesIn('policy = ""'), []);
  assert.equal(capabilitiesIn('policy = "read"'), ['list', 'read']);
  assert.equal(capabilitiesIn('policy = "write"'), ['create', 'delete', 'list', 'read', 'update']);
  assert.equal(capabilitiesIn('policy = "sudo"'), ['create', 'delete', 'list', 'read', 'sudo', 'update']);
  assert.equal(capabilitiesIn('policy = "deny"\n capabilities = ["read"]'), ['deny']);
  assert.equal(capabilitiesIn('policy = "read"\n capabilities = ["update"]'), ['list', 'read', 'update']);
  assert.equal(capabilitiesIn('policy = "sudo"\n capabilities = ["deny"]'), ['deny']);
});

test('patterns', () => {
  const patterns: readonly (readonly [path: string, pattern: string, wildcardAt: number])[] = [
    ['secret/x', 'secret/x', -1],
    ['/secret/x', 'secret/x', -1],
    ['//secret', '/secret', -1],
    ['', '', -1],
    ['/', '', -1],
    ['secret/*', 'secret/*', 7],
    ['*', '*', 0],
    ['a*b', 'a*b', -1],
    ['a**', 'a**', 2],
    ['+', '+', 0],
    ['+/x', '+/x', 0],
    ['x/+', 'x/+', 2],
    ['x/+/*', 'x/+/*', 2],
    ['x/+y', 'x/+y', 2],
    ['x+y', 'x+y', -1],
    ['x+', 'x+', -1],
    ['a+b/+/c', 'a+b/+/c', 1],
  ];
  for (const [path, pattern, wildcardAt] of patterns) {
    const [rule] = rulesOf(`path ${JSON.stringify(path)} {}`);
    assert.equal(rule, { pattern, wildcardAt, capabilities: 0, limits: null }, path);
  }
});

test('limits', () => {
  const [rule] = rulesOf(`path "x" {
    capabilities = ["update"]
    comment = <<EOF
why
EOF
    allowed_parameters = { "Foo" = ["a", 1, true], bar = [], "foo" = ["b"] }
    denied_parameters { "*" = [] }
    required_parameters = ["foo", "Bar"]
    min_wrapping_ttl = "1m"
    max_wrapping_ttl = 90
  }`);
  assert.equal(rule?.limits, {
    allowed: new Map([
      ['foo', ['a', 1, true, 'b']],
      ['bar', []],
    ]),
    denied: new Map([['*', []]]),
    required: ['foo', 'Bar'],
    minWrapTtl: 60,
    maxWrapTtl: 90,
  });
  const none = 'allowed_parameters = {} denied_parameters = {} required_parameters = [] min_wrapping_ttl = 0';
  assert.is(rulesOf(`path "x" { ${none} }`)[0]?.limits, null);
  assert.is(rulesOf('path "x" { capabilities = ["deny"] required_parameters = ["a"] }')[0]?.limits, null);
  assert.is(rulesOf('path "x" { min_wrapping_ttl = "500ms" }')[0]?.limits?.minWrapTtl, 0.5);
});

test('JSON in its forms', () => {
  const want = rulesOf('path "a" { capabilities = ["read"] } path "b/*" { policy = "deny" }');
  const texts = [
    '{"path":{"a":{"capabilities":["read"]},"b/*":{"policy":"deny"}}}',
    '{"name":"n","path":[{"a":{"capabilities":["read"]}},{"b/*":{"policy":"deny"}}]}',
    '{"path":{"a":[{"capabilities":["read"]}],"b/*":{"policy":"deny"}}}',
    '{"path":{"a":{"capabilities":["read"]}},"path":{"b/*":{"policy":"deny"}}}',
    'path = { "a" = { capabilities = ["read"] }, "b/*" { policy = "deny" } }',
    'name = "n"\npath "a" { capabilities = ["read"] }\npath "b/*" { policy = "deny" }',
  ];
  for (const text of texts) assert.equal(rulesOf(text), want, text);
  assert.equal(rulesOf('{}'), []);
  assert.equal(rulesOf('{"path":{}}'), []);
  assert.equal(rulesOf('{"path":{"__proto__":{"capabilities":["read"]}}}')[0]?.pattern, '__proto__');
  assert.is(rulesOf('{"path":{"x":{},"x":{}}}').length, 2);
});

test('a path with a template is dropped, but checked', () => {
  const text = 'path "a/{{identity.entity.id}}/*" { capabilities = ["read"] }';
  assert.equal(
    rulesOf(`${text} path "b" {}`).map(({ pattern }) => pattern),
    ['b'],
  );
  assert.equal(rulesOf('path "{{ anything }}{{ more }}" {}'), []);
  const unbalanced = 'failed to validate policy templating: unbalanced templating characters';
  refused('path "a/{{x" {}', `path "a/{{x": ${unbalanced}`);
  refused('path "a}}/{{x}}" {}', `path "a}}/{{x}}": ${unbalanced}`);
  refused('path "{{x}}y}}" {}', `path "{{x}}y}}": ${unbalanced}`);
  refused('path "{{x}}" { capabilities = ["y"] }', 'path "{{x}}": invalid capability "y"');
});

test('what Vault refuses is refused in its words', () => {
  refused('path "x" { capabilities = ["y"] }', 'path "x": invalid capability "y"');
  refused('path "x" { capabilities = ["READ"] }', 'path "x": invalid capability "READ"');
  refused('path "/" { capabilities = ["read", "banana"] }', 'path "/": invalid capability "banana"');
  refused('path "x" { capabilities = ["y", "deny"] }', 'path "x": invalid capability "y"');
  refused('path "x" { capabilities = ["root"] }', 'path "x": invalid capability "root"');
  refused('path "/" { policy = "banana" }', 'path "/": invalid policy "banana"');
  refused('path "x" { policy = "constructor" }', 'path "x": invalid policy "constructor"');
  refused('path "foo/+*" {}', `path "foo/+*": invalid use of wildcards ('+*' is forbidden)`);
  refused('path "a+*b" {}', `path "a+*b": invalid use of wildcards ('+*' is forbidden)`);
  refused('name = "x"\nbad = 1', 'invalid key "bad" on line 2');
  refused('Path "x" {}', 'invalid key "Path" on line 1');
  refused(
    'path "/" {\n  policy = "read"\n  capabilites = ["read"]\n}',
    'path "/": invalid key "capabilites" on line 3',
  );
  refused('{"path":{"x":{"nope":1}}}', 'path "x": invalid key "nope" on line 1');
  refused('path "x" { __proto__ = 1 }', 'path "x": invalid key "__proto__" on line 1');
  const order = 'min_wrapping_ttl = 400 max_wrapping_ttl = 200';
  refused(`path "x" { ${order} }`, 'path "x": max_wrapping_ttl cannot be less than min_wrapping_ttl');
  refused('path "x" { min_wrapping_ttl = "abc" }', 'path "x": error parsing min_wrapping_ttl');
  refused('path "x" { max_wrapping_ttl = true }', 'path "x": error parsing max_wrapping_ttl');
  refused('path "x" { max_wrapping_ttl = -1 }', 'path "x": error parsing max_wrapping_ttl');
  refused('name {}', 'name: want a string');
});

test('what has another type than it should is refused', () => {
  refused('path "x" { capabilities = "read" }', 'path "x": capabilities: want a list');
  refused('path "x" { capabilities = { a = 1 } }', 'path "x": capabilities: want a list');
  refused('path "x" { capabilities = [["read"]] }', 'path "x": capabilities: want a list of strings');
  refused('path "x" { policy = ["read"] }', 'path "x": policy: want a string');
  refused('path "x" { allowed_parameters = ["a"] }', 'path "x": allowed_parameters: want a map of lists');
  refused('path "x" { allowed_parameters = { a = "b" } }', 'path "x": allowed_parameters: want a list');
  refused('path "x" { required_parameters = "a" }', 'path "x": required_parameters: want a list');
  refused('path = 5', 'path: want a block');
  refused('path = { "a" "b" {} }', 'path "a": more than one path');
  refused('path { capabilities = ["read"] }', 'path "capabilities": want a block');
  refused('{"path":{"x":"read"}}', 'path "x": want a block');
});

test('what would be ambiguous or without effect is refused', () => {
  const twice = 'path "x" { capabilities = ["read"]\n capabilities = ["list"] }';
  refused(twice, 'path "x": the argument "capabilities" on line 2 was already set');
  refused('path "x" "y" {}', 'path "x": more than one path');
  for (const key of ['mfa_methods', 'pagination_limit', 'expiration', 'control_group']) {
    refused(`path "x" { ${key} = "1" }`, `path "x": ${key} is not supported`);
  }
});

test('in JSON a null is as absent', () => {
  const text = (more: string): string => `{"path":{"x":{"capabilities":["read"]${more}}}}`;
  const keys = ['allowed_parameters', 'denied_parameters', 'required_parameters', 'min_wrapping_ttl', 'policy'];
  for (const key of keys) assert.equal(rulesOf(text(`, "${key}": null`)), rulesOf(text('')), key);
  assert.equal(rulesOf(text(', "capabilities": null')), rulesOf(text('')));
  assert.is(rulesOf('{"path":{"x":{"capabilities":null}}}')[0]?.capabilities, 0);
});

test('a file that is no policy is not told whole', () => {
  const secret = 'S3cret-'.repeat(40);
  for (const text of [secret, `"${secret}"`, `path "${secret}" { policy = "${secret}" }`, `{"${secret}":1}`]) {
    try {
      parsePolicy(text);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, SecretStoreError);
      assert.ok((error as SecretStoreError).message.length < 220, (error as SecretStoreError).message);
    }
  }
});

test('the default policy can be read', () => {
  const rules = rulesOf(defaultPolicyText());
  assert.is(rules.length, 13);
  assert.ok(rules.every(({ capabilities, limits }) => capabilities !== 0 && limits === null));
});
