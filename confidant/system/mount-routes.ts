/** `sys/mounts`, `sys/auth` and what command lines ask of mounts before they speak to one. */
import type { Call, Route } from '../core/route.ts';
import { isLoginMethod, type Mount, type MountTable } from '../core/mount-table.ts';
import { Input } from '../core/input.ts';
import { type SecretData, SecretStoreError, type StoreReply } from '../secret-store.ts';

const nothing: StoreReply = { data: null };

/** `clean` removes what belonged to mounts that are no more. */
export function mountRoutes(mounts: () => MountTable, clean: () => Promise<void>): readonly Route[] {
  return [
    ...tableRoutes(mounts, clean, 'mounts', ''),
    ...tableRoutes(mounts, clean, 'auth', 'auth/'),
    { path: 'internal/ui/mounts', operations: { read: (call) => visible(mounts(), call) }, isForAll: true },
    { path: 'internal/ui/mounts/{path...}', operations: { read: (call) => preflight(mounts(), call) }, isForAll: true },
  ];
}

/** The same for engines (`prefix` empty) and login methods. */
function tableRoutes(
  mounts: () => MountTable,
  clean: () => Promise<void>,
  name: string,
  prefix: string,
): readonly Route[] {
  const isHere = (mount: Pick<Mount, 'path'>): boolean => isLoginMethod(mount) === (prefix !== '');
  const pathOf = ({ parameters }: Call): string => `${prefix}${parameters['path'] ?? ''}/`;
  // To look at login methods and to tune them, Vault's command line comes by `sys/mounts/auth/`, too.
  const ownPathOf = (call: Call): string => {
    const path = pathOf(call);
    if (isHere({ path })) return path;
    throw new SecretStoreError('invalid', `${path} is no mount of an engine: login methods are below sys/auth`);
  };
  const all = (): StoreReply => {
    const shown = [...mounts().all(), ...builtIn].filter(isHere);
    return { data: Object.fromEntries(shown.map((mount) => [mount.path.slice(prefix.length), show(mount)])) };
  };
  const find = (call: Call): Mount => {
    const path = pathOf(call);
    const mount = mounts().get(path) ?? builtIn.find((one) => one.path === path);
    if (mount === undefined)
      throw new SecretStoreError('invalid', `No ${prefix === '' ? 'secret engine' : 'auth engine'} at ${path}`);
    return mount;
  };
  return [
    { path: name, operations: { read: all } },
    {
      path: `${name}/{path...}`,
      operations: {
        read: (call) => (isTune(call) ? { data: tuning(find(tuned(call))) } : { data: show(find(call)) }),
        update: async (call) => {
          if (isTune(call)) await mounts().tune(pathOf(tuned(call)), changesOf(call.input));
          else await mounts().add(ownPathOf(call), requestOf(call.input));
          return nothing;
        },
        delete: async (call) => {
          const path = ownPathOf(call);
          if (builtIn.some((one) => one.path === path)) {
            throw new SecretStoreError('invalid', `cannot unmount "${path}"`);
          }
          await mounts().remove(path);
          await clean();
          return nothing;
        },
      },
    },
  ];
}

const isTune = ({ parameters }: Call): boolean => parameters['path']?.endsWith('/tune') === true;

function tuned(call: Call): Call {
  return { ...call, parameters: { path: call.parameters['path']?.slice(0, -'/tune'.length) ?? '' } };
}

function requestOf(input: Input) {
  const type = input.text('type') ?? '';
  const options = textMap(input.map('options') ?? {});
  const rest = { description: input.text('description') ?? '', ...leaseTtls(new Input(input.map('config') ?? {})) };
  if (type === 'kv-v2') return { ...rest, type: 'kv', options: { ...options, version: '2' } };
  if (type === 'kv-v1') return { ...rest, type: 'kv', options: { ...options, version: '1' } };
  if (type === 'kv') return { ...rest, type, options: checked({ version: '1', ...options }) };
  return { ...rest, type, options: Object.keys(options).length > 0 ? options : null };
}

function checked(options: Record<string, string>): Record<string, string> {
  if (options['version'] === '1' || options['version'] === '2') return options;
  throw new SecretStoreError('invalid', 'version: want 1 or 2');
}

function leaseTtls(input: Input) {
  const defaultLeaseTtl = input.duration('default_lease_ttl');
  const maxLeaseTtl = input.duration('max_lease_ttl');
  return {
    ...(defaultLeaseTtl !== undefined && { defaultLeaseTtl }),
    ...(maxLeaseTtl !== undefined && { maxLeaseTtl }),
  };
}

function changesOf(input: Input) {
  const description = input.text('description');
  if (input.has('options')) throw new SecretStoreError('invalid', 'the options of a mount stay as they are');
  return { ...(description !== undefined && { description }), ...leaseTtls(input) };
}

function textMap(map: SecretData): Record<string, string> {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, String(value)]));
}

function show({ type, description, accessor, uuid, options, defaultLeaseTtl, maxLeaseTtl }: Mount): SecretData {
  return {
    type,
    description,
    accessor,
    uuid,
    local: type === 'cubbyhole',
    seal_wrap: false,
    external_entropy_access: false,
    options,
    config: { default_lease_ttl: defaultLeaseTtl, max_lease_ttl: maxLeaseTtl, force_no_cache: false },
    plugin_version: '',
    running_plugin_version: '',
    running_sha256: '',
  };
}

function tuning({ description, defaultLeaseTtl, maxLeaseTtl, options }: Mount): SecretData {
  return {
    description,
    default_lease_ttl: defaultLeaseTtl === 0 ? 2_764_800 : defaultLeaseTtl,
    max_lease_ttl: maxLeaseTtl === 0 ? 2_764_800 : maxLeaseTtl,
    force_no_cache: false,
    options,
  };
}

const builtIn = (
  [
    ['sys/', 'system', 'system endpoints used for control, policy and debugging'],
    ['cubbyhole/', 'cubbyhole', 'per-token private secret storage'],
    ['auth/token/', 'auth_token', 'token based credentials'],
  ] as const
).map(
  ([path, name, description]): Mount => ({
    path,
    type: name.replace('auth_', ''),
    description,
    options: null,
    accessor: `${name}_00000000`,
    uuid: '',
    defaultLeaseTtl: 0,
    maxLeaseTtl: 0,
  }),
);

/** Those below which the caller has any right, engines and login methods apart. */
function visible(mounts: MountTable, { caller }: Call): StoreReply {
  const shown = mounts.all().filter(({ path }) => caller?.hasAnyBelow(path) === true);
  const of = (prefix: string) =>
    Object.fromEntries(
      shown
        .filter((mount) => isLoginMethod(mount) === (prefix !== ''))
        .map((mount) => [mount.path.slice(prefix.length), show(mount)]),
    );
  return { data: { auth: of('auth/'), secret: of('') } };
}

/** For anybody who has any right below the mount; all others are told the same, whether it exists or not. */
function preflight(mounts: MountTable, { parameters, caller }: Call): StoreReply {
  const path = parameters['path'] ?? '';
  const mount = mounts.mountOf(path) ?? builtIn.find((one) => `${path}/`.startsWith(one.path));
  if (mount === undefined || caller?.hasAnyBelow(mount.path) !== true) {
    const advice = "please ensure client's policies grant access to path";
    throw new SecretStoreError('forbidden', `preflight capability check returned 403, ${advice} "${path}/"`);
  }
  return { data: { ...show(mount), path: mount.path } };
}
