/** The policy every token has unless it was made without it: looking after itself. */

const GRANTS: readonly (readonly [string, readonly string[]])[] = [
  ['"read"', ['auth/token/lookup-self', 'sys/internal/ui/resultant-acl']],
  [
    '"update"',
    [
      'auth/token/renew-self',
      'auth/token/revoke-self',
      'sys/capabilities-self',
      'sys/leases/renew',
      'sys/leases/lookup',
      'sys/wrapping/wrap',
      'sys/wrapping/lookup',
      'sys/wrapping/unwrap',
      'sys/tools/hash',
      'sys/tools/hash/*',
    ],
  ],
  ['"create", "read", "update", "delete", "list"', ['cubbyhole/*']],
];

/** The text that `default` has until somebody writes another. */
export function defaultPolicyText(): string {
  return GRANTS.flatMap(([capabilities, paths]) =>
    paths.map((path) => `path "${path}" {\n    capabilities = [${capabilities}]\n}\n`),
  ).join('\n');
}
