/** `confidant rotate` and `confidant rekey`: a new data key, a new root key. */
import { CommandError } from '../../../targets/command-line/command-error.ts';
import { UsageError } from '../../../targets/command-line/flags.ts';
import { Barrier } from '../../sealing/barrier.ts';
import type { StaticSeal } from '../../sealing/seal-config.ts';
import { type Command, type Context, EXIT_DONE, EXIT_FAILED, print } from '../command.ts';
import { lookAtKeyring } from '../keyring-look.ts';
import { checkRootKeys, noStore, readShares, takeRoot } from '../store-session.ts';

export const keyCommands: readonly Command[] = [
  {
    name: 'rotate',
    summary: 'make a new data key: it seals what is written from now on',
    flags: [],
    notes: `What was sealed before is opened as before: older data keys stay for reading.
`,
    run: rotate,
  },
  {
    name: 'rekey',
    summary: 'replace the root key, or its shares',
    flags: [
      { name: 'new-root-key-file', value: 'FILE', help: 'the root key from now on; made when the file is missing' },
      { name: 'key-shares', value: 'N', help: 'of a store that is opened by shares: how many there are to be' },
      { name: 'key-threshold', value: 'N', help: 'how many of them open it' },
    ],
    notes: `Only the keyring is written anew, so it takes no longer for a store of any size. The old root key is needed
until it is done, and opens nothing after that but copies of the directory from before.
Shares of the present root key are read from standard input, one a line in hex or base64, or asked for;
the new ones are printed, once, before they count.
`,
    run: rekey,
  },
];

async function rotate(context: Context): Promise<number> {
  const store = await context.openStore();
  await store.ask('update', 'sys/rotate');
  const { data } = await store.ask('read', 'sys/key-status');
  await print(context, `rotated: data key ${String(data?.['term'])} seals from now on\n`);
  return EXIT_DONE;
}

async function rekey(context: Context): Promise<number> {
  const { host, build, root } = context;
  const look = lookAtKeyring(host, await host.sodium(), build.secretsIn(root));
  if (look === null) throw noStore(root);
  const seal = await context.rootKeys();
  const { header } = look.keyring;
  checkRootKeys(root, header, seal);
  if (seal !== null) return replaceRootKey(context, seal);
  return replaceShares(context, await readShares(context, header.threshold));
}

async function replaceRootKey(context: Context, seal: StaticSeal): Promise<number> {
  const { host, build, flags, root } = context;
  const path = flags.text('new-root-key-file') ?? '';
  if (path === '') throw new UsageError('want --new-root-key-file FILE, outside of the data directory');
  if (build.isInside(path, root)) {
    throw new UsageError('the root key must not lie in the data directory: who copies that would have both');
  }
  if (host.files.stat(path) === null) await build.makeKeyFile(path);
  const next = await build.readRootKeys({ rootKeyFile: path, previousRootKeyFile: null, credentialsDirectory: null });
  if (next === null) throw new CommandError(`${path}: holds no key`);
  await withBarrier(context, seal, async (barrier) => {
    await barrier.unseal(null);
    await barrier.useRootKeys(next);
  });
  await print(context, `rekeyed: the root key is now ${next.current.id}, in ${path}\n`);
  return EXIT_DONE;
}

async function replaceShares(context: Context, keyShares: readonly Uint8Array[]): Promise<number> {
  const { flags } = context;
  return withBarrier(context, null, async (barrier) => {
    for (const share of keyShares) if (barrier.status().sealed) await barrier.unseal(share);
    const before = barrier.status();
    const shares = flags.count('key-shares', 1) ?? before.shares;
    const threshold = flags.count('key-threshold', 1) ?? Math.min(before.threshold, shares);
    const next = await barrier.rekey({ shares, threshold, keyShares });
    const lines = next.keyShares.map((share, i) => `Unseal Key ${i + 1}: ${context.host.bytes.encodeBase64(share)}\n`);
    if (!(await print(context, lines.join('')))) {
      context.terminal.warn('confidant: nobody reads the new shares: those before stay\n');
      return EXIT_FAILED;
    }
    await next.commit();
    context.terminal.warn(`confidant: rekeyed: ${threshold} of these ${shares} shares open the store from now on\n`);
    return EXIT_DONE;
  });
}

async function withBarrier<T>(context: Context, seal: StaticSeal | null, use: (barrier: Barrier) => Promise<T>) {
  const lock = await takeRoot(context);
  try {
    const { host, build, root } = context;
    const barrier = await Barrier.open(host, build.secretsIn(root), seal ?? { type: 'shamir' });
    try {
      return await use(barrier);
    } finally {
      await barrier.close();
    }
  } finally {
    lock.release();
  }
}
