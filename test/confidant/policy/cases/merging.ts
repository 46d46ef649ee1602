/** Several policies, several blocks for one path, and policies in their old form. */
import { defaultPolicyText } from '../../../../confidant/policy/default-policy.ts';
import { type AclCase, grant, under } from './case.ts';

const OLD = [
  'path "dev/*" { policy = "sudo" }',
  'path "stage/*" { policy = "write" }',
  'path "stage/aws/*" {\n  policy = "read"\n  capabilities = ["update", "sudo"]\n}',
  'path "stage/aws/policy/*" { policy = "sudo" }',
  'path "prod/*" { policy = "read" }',
  'path "prod/aws/*" { policy = "deny" }',
  'path "foo/bar" { capabilities = ["read", "create", "sudo"] }',
  'path "baz/quux" { capabilities = ["read", "create", "patch"] }',
].join('\n');

const SECOND = [
  'path "dev/hide/*" { policy = "deny" }',
  'path "stage/aws/policy/*" {\n  policy = "deny"\n  capabilities = ["read", "update", "sudo"]\n}',
  'path "prod/*" { policy = "write" }',
  'path "foo/bar" { capabilities = ["deny"] }',
].join('\n');

const SUDO = { isSudoPath: true };

export const MERGING_CASES: readonly AclCase[] = [
  ...under(OLD, [
    ['read', 'root', 'no', 'nothing is said of this path'],
    ['read', 'dev/foo', 'yes', 'policy = "sudo" includes read'],
    ['delete', 'dev/foo', 'yes', 'and delete'],
    ['patch', 'dev/foo', 'no', 'but not patch, which is younger'],
    ['read', 'dev/foo', 'yes', 'and it includes sudo', SUDO],
    ['delete', 'stage/foo', 'yes', 'policy = "write" includes delete'],
    ['list', 'stage/foo/', 'yes', 'and list'],
    ['delete', 'stage/foo', 'no', 'but not sudo', SUDO],
    ['list', 'stage/aws/foo/', 'yes', 'policy and capabilities add up: list is of policy = "read"'],
    ['update', 'stage/aws/foo', 'yes', 'and update is of the capabilities'],
    ['update', 'stage/aws/foo', 'yes', 'sudo, too', SUDO],
    ['delete', 'stage/aws/foo', 'no', 'what the wider stage/* has is not added'],
    ['update', 'stage/aws/policy/foo', 'yes', 'the longest prefix counts'],
    ['read', 'prod/foo', 'yes', 'policy = "read" includes read'],
    ['list', 'prod/foo/', 'yes', 'and list'],
    ['update', 'prod/foo', 'no', 'and no more'],
    ['read', 'prod/aws/foo', 'no', 'policy = "deny"'],
    ['create', 'foo/bar', 'yes', 'create is given'],
    ['update', 'foo/bar', 'no', 'create does not imply update'],
    ['list', 'foo/bar/', 'no', 'read does not imply list, but in the old form'],
    ['patch', 'baz/quux', 'yes', 'patch is given'],
    ['update', 'baz/quux', 'no', 'and implies nothing'],
  ]),
  ...under(
    [OLD, SECOND],
    [
      ['read', 'dev/foo', 'yes', 'the second policy says nothing of this'],
      ['read', 'dev/hide/foo', 'no', 'the second policy has a longer prefix, which denies'],
      ['update', 'stage/aws/policy/foo', 'no', 'for the same pattern a deny wins over any grant'],
      ['update', 'prod/foo', 'yes', 'for the same pattern grants add up'],
      ['list', 'prod/foo/', 'yes', 'and keep what each of them has'],
      ['read', 'prod/aws/foo', 'no', 'a grant for a wider pattern does not lift a deny'],
      ['read', 'foo/bar', 'no', 'an exact path is denied by the second policy'],
      ['create', 'foo/bar', 'no', 'for whatever operation'],
    ],
  ),
  ...under(
    [SECOND, OLD],
    [
      ['update', 'stage/aws/policy/foo', 'no', 'a deny wins, in whatever order policies come'],
      ['update', 'prod/foo', 'yes', 'and grants add up in any order'],
    ],
  ),
  ...under(grant('kv/x', 'read') + grant('kv/x', 'update'), [
    ['read', 'kv/x', 'yes', 'two blocks for one path in one policy add up'],
    ['update', 'kv/x', 'yes', 'both ways'],
  ]),
  ...under(grant('kv/x', 'read', 'deny', 'update'), [
    ['read', 'kv/x', 'no', 'deny among other capabilities wipes them'],
    ['update', 'kv/x', 'no', 'those behind it, too'],
  ]),
  ...under(
    [grant('kv/+/x', 'read'), grant('kv/+/x', 'update'), grant('kv/+/y', 'deny'), grant('kv/+/y', 'read')],
    [
      ['update', 'kv/1/x', 'yes', 'plus patterns of several policies add up as others do'],
      ['read', 'kv/1/y', 'no', 'and are denied as others are'],
    ],
  ),
  ...under(
    [grant('kv/*', 'read'), grant('kv/a*', 'update')],
    [
      ['read', 'kv/ab', 'no', 'rules with different patterns never add up, of whatever policies they are'],
      ['update', 'kv/ab', 'yes', 'the closer one counts'],
    ],
  ),
  ...under([], [['read', 'kv/x', 'no', 'without a policy nothing is allowed']]),
  ...under('', [['read', 'kv/x', 'no', 'an empty policy grants nothing']]),
  ...under(grant('kv/{{identity.entity.id}}/x', 'read') + grant('kv/*', 'update'), [
    ['read', 'kv/{{identity.entity.id}}/x', 'no', 'a path with a template that nothing can fill is dropped'],
    ['update', 'kv/{{identity.entity.id}}/x', 'yes', 'so that what is left counts'],
  ]),
  ...under(
    grant('sys/auth/*', 'create', 'read', 'update') + grant('sys/mounts/*', 'create', 'read', 'update', 'sudo'),
    [
      ['read', 'sys/auth/approle', 'no', 'the path asks for sudo, which is not given', SUDO],
      ['update', 'sys/auth/approle', 'no', 'for whatever operation', SUDO],
      ['update', 'sys/mounts/kv', 'yes', 'sudo is given and not asked for'],
    ],
  ),
  ...under(grant('sys/auth/*', 'sudo'), [['read', 'sys/auth/approle', 'no', 'sudo alone is no right to read', SUDO]]),
  ...under(grant('sys/auth/*', 'sudo', 'read'), [
    ['read', 'sys/auth/approle', 'yes', 'sudo and read together are', SUDO],
    ['delete', 'sys/auth/approle', 'no', 'but only to read', SUDO],
  ]),
  ...under(grant('sys/auth/*', 'sudo') + grant('sys/auth/approle', 'read'), [
    ['read', 'sys/auth/approle', 'no', 'sudo of a wider rule does not count either', SUDO],
  ]),
  ...under(defaultPolicyText(), [
    ['read', 'auth/token/lookup-self', 'yes', 'default: a token may look at itself'],
    ['update', 'auth/token/lookup-self', 'no', 'by GET, as the default policy has it'],
    ['update', 'auth/token/renew-self', 'yes', 'default: renew itself'],
    ['update', 'auth/token/revoke-self', 'yes', 'default: revoke itself'],
    ['update', 'auth/token/create', 'no', 'but make no other'],
    ['update', 'sys/capabilities-self', 'yes', 'default: ask what it may'],
    ['update', 'sys/leases/renew', 'yes', 'default: renew a lease'],
    ['update', 'sys/leases/lookup', 'yes', 'default: look a lease up'],
    ['update', 'sys/leases/revoke', 'no', 'but revoke none'],
    ['update', 'sys/wrapping/wrap', 'yes', 'default: wrap'],
    ['update', 'sys/wrapping/lookup', 'yes', 'default: look into a wrapping'],
    ['update', 'sys/wrapping/unwrap', 'yes', 'default: unwrap'],
    ['update', 'sys/wrapping/rewrap', 'no', 'but not wrap again'],
    ['update', 'sys/tools/hash', 'yes', 'default: hash'],
    ['update', 'sys/tools/hash/sha2-256', 'yes', 'default: with the algorithm in the path'],
    ['read', 'sys/internal/ui/resultant-acl', 'yes', 'default: see its own rules'],
    ['create', 'cubbyhole/x', 'yes', 'default: create in its cubbyhole'],
    ['list', 'cubbyhole/', 'yes', 'default: list it'],
    ['delete', 'cubbyhole/a/b', 'yes', 'default: delete there'],
    ['read', 'cubbyhole/x', 'no', 'default: all but sudo', SUDO],
    ['read', 'secret/data/x', 'no', 'default: no secrets'],
  ]),
];
