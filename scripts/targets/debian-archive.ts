/**
 * The Debian mirror that this machine's apt is set up for, asked for another release or CPU than the machine's own. apt
 * checks what comes against the signatures of the archive.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { BuildError, run } from './system.ts';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

export interface ArchivePart {
  readonly suite: string;
  readonly kind: 'deb' | 'deb-src';
  /** Debian's name of a CPU, for packages of another machine than this one. */
  readonly cpu?: string;
}

export class DebianArchive {
  readonly #directory: string;
  readonly #options: readonly string[];

  /** `directory` takes apt's lists and, in `files`, what is fetched. */
  constructor(directory: string, { suite, kind, cpu }: ArchivePart) {
    for (const name of ['lists/partial', 'cache/archives/partial', 'files']) {
      mkdirSync(`${directory}/${name}`, { recursive: true });
    }
    const list = `${directory}/sources.list`;
    const properties = [...(cpu === undefined ? [] : [`arch=${cpu}`]), `signed-by=${KEYRING}`];
    writeFileSync(list, `${kind} [${properties.join(' ')}] ${debianMirror()} ${suite} main\n`);
    const options = [
      `Dir::Etc::sourcelist=${list}`,
      'Dir::Etc::sourceparts=-',
      `Dir::State::lists=${directory}/lists`,
      `Dir::Cache=${directory}/cache`,
      'APT::Sandbox::User=root',
      ...(cpu === undefined ? [] : otherCpu(directory, cpu)),
    ];
    this.#directory = directory;
    this.#options = options.flatMap((option) => ['-o', option]);
    run('apt-get', [...this.#options, '-q', 'update']);
  }

  /** Runs a command of apt-get that leaves files in the current directory; gives that directory. */
  get(...args: readonly string[]): string {
    const files = `${this.#directory}/files`;
    run('sh', ['-c', 'cd "$0" && exec "$@"', files, 'apt-get', ...this.#options, '-q', ...args]);
    return files;
  }
}

/** As if nothing were installed: what this machine has is of no use to the other one. */
function otherCpu(directory: string, cpu: string): string[] {
  writeFileSync(`${directory}/status`, '');
  return [
    `Dir::State=${directory}`,
    `Dir::State::status=${directory}/status`,
    `APT::Architecture=${cpu}`,
    `APT::Architectures=${cpu}`,
  ];
}

/** The mirror of this machine's own release. */
function debianMirror(): string {
  const codename = /^VERSION_CODENAME=(.*)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? '';
  const places = run('apt-get', ['--print-uris', 'update']);
  const mirror = new RegExp(`^'(\\S+)/dists/${codename}/InRelease'`, 'm').exec(places)?.[1];
  if (mirror !== undefined) return mirror;
  throw new BuildError('apt of this machine names no Debian mirror; sources can come from --sources DIR instead');
}
