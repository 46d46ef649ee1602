/**
 * The C sources that the targets are built from, pinned by version and checksum: the original archives of Debian's
 * source packages. They come from `--sources DIR`, or from the Debian mirror that this machine's apt is set up for.
 */
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { cached, cachePath, fileSha256 } from './cache.ts';
import { DebianArchive } from './debian-archive.ts';
import { BuildError, installMissing, run } from './system.ts';

/** The release of Debian that has these versions; it need not be the machine's own. */
const SUITE = 'trixie';

interface Source {
  readonly package: string;
  readonly version: string;
  readonly archive: string;
  readonly sha256: string;
  /** Inside of the archive. */
  readonly directory: string;
}

/**
 * Bellard's QuickJS and not quickjs-ng: the latter has given up big-endian CPUs, is 260 kB larger and takes 360 kB more
 * memory when idle.
 */
const QUICKJS: Source = {
  package: 'quickjs',
  version: '2025.04.26-1',
  archive: 'quickjs_2025.04.26.orig.tar.xz',
  sha256: 'ec81da5b3249ed648dbc7df4a1654988910e66a118d9b71cb63534216efcfbbe',
  directory: 'quickjs-2025.04.26',
};

/** Not the sources in npm's lmdb package, which are changed for its own C++ binding. */
const LMDB: Source = {
  package: 'lmdb',
  version: '0.9.31-1',
  archive: 'lmdb_0.9.31.orig.tar.gz',
  sha256: 'd35d4f6f46313d62fd342c9dcbf574432919ce5e802d2b6cbe2ebd549821e5c4',
  directory: 'openldap-LMDB_0.9.31/libraries/liblmdb',
};

const LIBSODIUM: Source = {
  package: 'libsodium',
  version: '1.0.18-1+deb13u1',
  archive: 'libsodium_1.0.18.orig.tar.gz',
  sha256: 'd59323c6b712a1519a5daf710b68f5e7fde57040845ffec53850911f10a5d4f4',
  directory: 'libsodium-1.0.18/src/libsodium',
};

/** For AES: libsodium has it only for CPUs with instructions for it. */
const BEARSSL: Source = {
  package: 'bearssl',
  version: '0.6+dfsg.1-4',
  archive: 'bearssl_0.6+dfsg.1.orig.tar.xz',
  sha256: '102a625bd8f6155260867a50c508df8d8c3f796985dd744df1a68e5cd1a79004',
  directory: 'bearssl-0.6',
};

export interface SourceDirectories {
  readonly quickjs: string;
  readonly lmdb: string;
  readonly libsodium: string;
  readonly bearssl: string;
}

/** Unpacked sources; `archives` is a directory that has the archives already. */
export function findSources(archives: string | undefined): SourceDirectories {
  installMissing({ tar: 'tar', xz: 'xz-utils' });
  return {
    quickjs: unpack(QUICKJS, archives),
    lmdb: unpack(LMDB, archives),
    libsodium: unpack(LIBSODIUM, archives),
    bearssl: unpack(BEARSSL, archives),
  };
}

function unpack(source: Source, archives: string | undefined): string {
  const unpacked = cached(cachePath(`${source.package}-${source.sha256.slice(0, 16)}`), (unfinished) => {
    const archive = archives === undefined ? download(source) : `${archives}/${source.archive}`;
    if (!existsSync(archive)) throw new BuildError(`${archive}: missing; it is ${source.archive} of Debian`);
    const found = fileSha256(archive);
    if (found !== source.sha256) throw new BuildError(`${archive}: sha256 is ${found}, want ${source.sha256}`);
    mkdirSync(unfinished);
    run('tar', ['-xf', archive, '-C', unfinished]);
  });
  return `${unpacked}/${source.directory}`;
}

function download({ package: name, version, archive }: Source): string {
  return cached(cachePath('archives', archive), (unfinished) => {
    const directory = `${unfinished}.d`;
    try {
      console.log(`fetching the source of ${name} ${version}`);
      const debian = new DebianArchive(directory, { suite: SUITE, kind: 'deb-src' });
      const files = debian.get('source', '--download-only', '--tar-only', `${name}=${version}`);
      copyFileSync(`${files}/${archive}`, unfinished);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
}
