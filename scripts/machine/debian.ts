/**
 * Packages of Debian for the emulated machine, unpacked and cached: from the Debian mirror that this machine's apt is
 * set up for, whatever the machine's own release and CPU are. apt checks them against the signatures of the archive.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cached, cachePath, sha256 } from '../targets/cache.ts';
import { BuildError, run } from '../targets/system.ts';

/** The last release that has this CPU: its packages do not change any more. */
const SUITE = 'bookworm';
const CPU = 'mipsel';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Versions by name of package. */
export type Packages = Readonly<Record<string, string>>;

/** One directory with the contents of all of them. */
export function unpackPackages(name: string, packages: Packages): string {
  return cached(cachePath(`${name}-${SUITE}-${CPU}-${sha256(JSON.stringify(packages)).slice(0, 16)}`), (unfinished) => {
    const work = `${unfinished}.d`;
    try {
      console.error(`fetching ${Object.keys(packages).join(', ')} for ${CPU}`);
      download(packages, work);
      mkdirSync(unfinished);
      run('sh', ['-c', 'for each in "$0"/files/*.deb; do dpkg-deb -x "$each" "$1" || exit 1; done', work, unfinished]);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  });
}

function download(packages: Packages, work: string): void {
  for (const part of ['lists/partial', 'cache/archives/partial', 'files']) {
    mkdirSync(`${work}/${part}`, { recursive: true });
  }
  writeFileSync(`${work}/status`, '');
  writeFileSync(`${work}/sources.list`, `deb [arch=${CPU} signed-by=${KEYRING}] ${debianMirror()} ${SUITE} main\n`);
  const options = [
    `Dir::Etc::sourcelist=${work}/sources.list`,
    'Dir::Etc::sourceparts=-',
    `Dir::State=${work}`,
    `Dir::State::lists=${work}/lists`,
    `Dir::State::status=${work}/status`,
    `Dir::Cache=${work}/cache`,
    'APT::Sandbox::User=root',
    `APT::Architecture=${CPU}`,
    `APT::Architectures=${CPU}`,
  ].flatMap((option) => ['-o', option]);
  run('apt-get', [...options, '-q', 'update']);
  const wanted = Object.entries(packages).map(([name, version]) => `${name}=${version}`);
  run('sh', ['-c', 'cd "$0" && exec "$@"', `${work}/files`, 'apt-get', ...options, '-q', 'download', ...wanted]);
}

/** The mirror of this machine's own release. */
function debianMirror(): string {
  const codename = /^VERSION_CODENAME=(.*)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? '';
  const places = run('apt-get', ['--print-uris', 'update']);
  const mirror = new RegExp(`^'(\\S+)/dists/${codename}/InRelease'`, 'm').exec(places)?.[1];
  if (mirror !== undefined) return mirror;
  throw new BuildError('apt of this machine names no Debian mirror, and the emulated machine needs a kernel');
}
