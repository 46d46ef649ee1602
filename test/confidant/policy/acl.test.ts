import * as assert from 'uvu/assert';
import { Acl } from '../../../confidant/policy/acl.ts';
import { defaultPolicyText } from '../../../confidant/policy/default-policy.ts';
import { parsePolicy } from '../../../confidant/policy/policy.ts';
import { isSudoPath } from '../../../confidant/policy/sudo-paths.ts';
import { SecretStoreError } from '../../../confidant/secret-store.ts';
import { suite } from '../../support/suite.ts';
import { type AclCase, grant } from './cases/case.ts';
import { CHOICE_CASES } from './cases/choice.ts';
import { MERGING_CASES } from './cases/merging.ts';
import { PARAMETER_CASES } from './cases/parameters.ts';

const test = suite('acl');

function aclOf(...texts: readonly string[]): Acl {
  return new Acl(texts.map((text) => parsePolicy(text)));
}

function check(cases: readonly AclCase[]): void {
  for (const { policies, answer, why, ...request } of cases) {
    const got = aclOf(...policies).allows(request) ? 'yes' : 'no';
    assert.is(got, answer, `${request.operation} ${request.path}: ${why}\n${policies.join('---\n')}`);
  }
}

test('one rule counts, the closest', () => check(CHOICE_CASES));

test('rules for one path add up, and a deny wins', () => check(MERGING_CASES));

test('parameters and wrapping are within their limits', () => check(PARAMETER_CASES));

test('the tables say much, and nothing twice', () => {
  const cases = [...CHOICE_CASES, ...MERGING_CASES, ...PARAMETER_CASES].map((one) => JSON.stringify(one));
  assert.ok(cases.length >= 200, `${cases.length} cases`);
  assert.is(new Set(cases).size, cases.length);
});

test('root passes everything and stands alone', () => {
  const root = new Acl([], true);
  assert.ok(root.allows({ path: 'sys/raw/x', operation: 'delete', isSudoPath: true, parameters: { a: 1 } }));
  assert.equal(root.capabilitiesOf('any/path'), ['root']);
  assert.ok(root.hasAnyUnder('secret/'));
  try {
    new Acl([parsePolicy(defaultPolicyText())], true);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, SecretStoreError);
    assert.is((error as SecretStoreError).message, 'other policies present along with root');
  }
});

test('capabilities are those of the rule that counts, sorted, deny where there are none', () => {
  const acl = aclOf(
    'path "dev/*" { policy = "sudo" }',
    grant('stage/aws/*', 'update', 'read', 'sudo', 'list'),
    grant('kv/x', 'scan', 'patch'),
    grant('no/*', 'deny'),
    grant('nothing'),
    grant('dir', 'list'),
  );
  const want: Readonly<Record<string, readonly string[]>> = {
    dev: ['deny'],
    'dev/': ['create', 'delete', 'list', 'read', 'sudo', 'update'],
    'stage/aws/test': ['list', 'read', 'sudo', 'update'],
    'kv/x': ['patch', 'scan'],
    'no/x': ['deny'],
    nothing: ['deny'],
    unknown: ['deny'],
    'dir/': ['list'],
    '/dir': ['list'],
  };
  for (const [path, capabilities] of Object.entries(want)) assert.equal(acl.capabilitiesOf(path), capabilities, path);
});

test('a mount is known to who has a right on it or below it', () => {
  const cases: readonly (readonly [pattern: string, mount: string, answer: boolean])[] = [
    ['secret/data/app/x', 'secret/', true],
    ['secret/', 'secret/', true],
    ['secret', 'secret/', true],
    ['secret/*', 'secret/', true],
    ['secret/data/*', 'secret/', true],
    ['sec*', 'secret/', true],
    ['*', 'secret/', true],
    ['secrets/x', 'secret/', false],
    ['secretive*', 'secret/', false],
    ['kv/x', 'secret/', false],
    ['secret/data/x', 'secret/data/x/', true],
    ['secret/data/x', 'secret/data/', true],
    ['secret/data/x', 'secret/data/x/y/', false],
    ['+', 'foo/', true],
    ['+/*', 'foo/', true],
    ['+/x', 'foo/', true],
    ['foo/+', 'foo/', true],
    ['+/bar', 'foo/qux/', false],
    ['foo/+/+/*', 'foo/', true],
    ['foo/+/+/*', 'foo/bar/', true],
    ['foo/+/+/*', 'foo/bar/bar/', true],
    ['foo/+/+/*', 'foo/bar/bar/baz/', true],
    ['foo/+/+/baz', 'foo/bar/bar/baz/', true],
    ['foo/+/bar/baz', 'foo/bar/bar/baz/', true],
    ['foo/bar/+/baz*', 'foo/bar/bar/baz/', true],
    ['foo/bar/+/b*', 'foo/bar/bar/baz/', true],
    ['foo/bar/+/c*', 'foo/bar/bar/baz/', false],
    ['fo/+/bar', 'foo/', false],
  ];
  for (const [pattern, mount, answer] of cases) {
    assert.is(aclOf(grant(pattern, 'read')).hasAnyUnder(mount), answer, `${pattern} and ${mount}`);
    assert.not.ok(aclOf(grant(pattern, 'deny')).hasAnyUnder(mount), `a denied ${pattern} and ${mount}`);
    assert.not.ok(aclOf(grant(pattern)).hasAnyUnder(mount), `an empty ${pattern} and ${mount}`);
  }
});

test('what is below a mount counts also where the mount itself is denied', () => {
  assert.ok(aclOf(grant('secret/*', 'deny'), grant('secret/data/x', 'read')).hasAnyUnder('secret/'));
  assert.not.ok(aclOf().hasAnyUnder('secret/'));
});

test('policies are not changed by what is made of them', () => {
  const one = parsePolicy('path "m" { capabilities = ["read"] allowed_parameters = { "a" = ["1"] } }');
  const other = parsePolicy('path "m" { capabilities = ["update"] allowed_parameters = { "a" = ["2"], "b" = [] } }');
  const update = { path: 'm', operation: 'update', parameters: { a: '2' } } as const;
  assert.ok(new Acl([one, other]).allows(update));
  assert.not.ok(new Acl([one]).allows(update));
  assert.not.ok(new Acl([other]).allows({ ...update, parameters: { a: '1' } }));
});

test('the paths that need sudo', () => {
  const guarded = [
    'sys/auth/approle',
    'sys/auth/approle/tune',
    'sys/remount',
    'sys/audit',
    'sys/audit/file',
    'sys/seal',
    'sys/raw',
    'sys/raw/x',
    'sys/rotate',
    'sys/config/cors',
    'sys/plugins/catalog/secret/x',
    'sys/leases',
    'sys/leases/lookup/auth/x/',
    'sys/leases/revoke-prefix/auth/x',
    'sys/leases/revoke-force/auth/x',
    'auth/token/accessors',
    'auth/token/accessors/',
    'auth/token/revoke-orphan',
  ];
  const open = ['sys/auth', 'sys/mounts', 'sys/leases/lookup', 'sys/leases/renew', 'sys/policies/acl/x', 'sys/sealed'];
  for (const path of guarded) assert.ok(isSudoPath(path), path);
  for (const path of [...open, 'auth/token/create', 'auth/approle/login', 'secret/data/sys/raw', '']) {
    assert.not.ok(isSudoPath(path), path);
  }
});
