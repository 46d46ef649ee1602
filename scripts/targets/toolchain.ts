/**
 * The cross compiler: zig, which brings clang, lld, musl and a soft-float run-time for every CPU. It is a package of
 * PyPI, pinned by version and checksum.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cached, cachePath, sha256 } from './cache.ts';
import { installMissing, isInstalled, run } from './system.ts';

const VERSION = '0.15.2';
/** The wheels for Linux on x86-64 and on 64-bit ARM. */
const HASHES = [
  '806316453d1ede7174ed3fefb8e5348154629089c3bb5fe812dfd0e172fac130',
  'edc0aa60ec964a4cf462d40f68d7de242ddf37fd9a80f2afaee6397059463230',
];

export interface Toolchain {
  readonly version: string;
  /** The licences of what it links into every program, as files by the name of what they are for. */
  readonly licences: Readonly<Record<string, readonly string[]>>;
  /** `cc(args)`, as of any C compiler; what it prints. */
  cc(args: readonly string[]): string;
}

export function findToolchain(): Toolchain {
  const pin = `ziglang==${VERSION} ${HASHES.map((hash) => `--hash=sha256:${hash}`).join(' ')}\n`;
  const directory = cached(cachePath(`zig-${VERSION}-${sha256(pin).slice(0, 16)}`), (unfinished) => {
    console.log(`installing zig ${VERSION}`);
    installMissing({ python3: 'python3', ...(isInstalled('pip') ? {} : { pip: 'python3-pip' }) });
    mkdirSync(unfinished);
    writeFileSync(`${unfinished}/requirements.txt`, pin);
    const install = ['-m', 'pip', 'install', '-q', '--no-deps', '--target', `${unfinished}/packages`];
    run('python3', [...install, '--require-hashes', '-r', `${unfinished}/requirements.txt`]);
  });
  const caches = { ZIG_GLOBAL_CACHE_DIR: cachePath('zig-cache'), ZIG_LOCAL_CACHE_DIR: cachePath('zig-cache') };
  const zig = `${directory}/packages/ziglang`;
  return {
    version: VERSION,
    licences: { musl: [`${zig}/lib/libc/musl/COPYRIGHT`], "zig's run-time": [`${zig}/LICENSE`] },
    cc: (args) => run(`${zig}/zig`, ['cc', ...args], caches),
  };
}

/** The machine's own gcc, for what needs no other machine to run on. */
export function findSystemCompiler(): Toolchain {
  // g++ brings the headers of the C library, which gcc only recommends.
  installMissing({ gcc: 'g++' });
  return {
    version: `gcc ${run('gcc', ['-dumpfullversion']).trim()}`,
    licences: {}, // what it links stays on this machine
    cc: (args) => run('gcc', args),
  };
}
