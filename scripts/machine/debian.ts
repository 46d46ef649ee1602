/**
 * Packages of Debian for the emulated machine, unpacked and cached, whatever this machine's own release and CPU are.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { cached, cachePath, sha256 } from '../targets/cache.ts';
import { DebianArchive } from '../targets/debian-archive.ts';
import { run } from '../targets/system.ts';

/** The last release that has this CPU: its packages do not change any more. */
const SUITE = 'bookworm';
const CPU = 'mipsel';

/** Versions by name of package. */
export type Packages = Readonly<Record<string, string>>;

/** One directory with the contents of all of them. */
export function unpackPackages(name: string, packages: Packages): string {
  return cached(cachePath(`${name}-${SUITE}-${CPU}-${sha256(JSON.stringify(packages)).slice(0, 16)}`), (unfinished) => {
    const work = `${unfinished}.d`;
    try {
      console.error(`fetching ${Object.keys(packages).join(', ')} for ${CPU}`);
      const wanted = Object.entries(packages).map(([each, version]) => `${each}=${version}`);
      const files = new DebianArchive(work, { suite: SUITE, kind: 'deb', cpu: CPU }).get('download', ...wanted);
      mkdirSync(unfinished);
      run('sh', ['-c', 'for each in "$0"/*.deb; do dpkg-deb -x "$each" "$1" || exit 1; done', files, unfinished]);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  });
}
