/** The paths where a token needs `sudo` beside what the operation asks for. A `*` at the end: all that starts so. */
const SUDO_PATHS = [
  'auth/token/accessors*',
  'auth/token/revoke-orphan*',
  'sys/audit*',
  'sys/auth/*',
  'sys/config/auditing/*',
  'sys/config/cors',
  'sys/config/ui/headers/*',
  'sys/internal/inspect/*',
  'sys/leases',
  'sys/leases/lookup/*',
  'sys/leases/revoke-force/*',
  'sys/leases/revoke-prefix/*',
  'sys/plugins/catalog/*',
  'sys/raw*',
  'sys/remount',
  'sys/revoke-force/*',
  'sys/revoke-prefix/*',
  'sys/rotate*',
  'sys/seal',
  'sys/step-down',
];

/** A `/` at the end of the path, as lists have it, makes no difference. */
export function isSudoPath(path: string): boolean {
  const bare = path.endsWith('/') ? path.slice(0, -1) : path;
  return SUDO_PATHS.some((one) => (one.endsWith('*') ? path.startsWith(one.slice(0, -1)) : bare === one));
}
