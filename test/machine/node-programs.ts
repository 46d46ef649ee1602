/**
 * The Node build for the emulated machine: Debian's Node 18, the last one that there is for 32-bit MIPS, with its
 * libraries, and the service in one file. LMDB stays out, as its package has no binary for this CPU.
 */
import { copyFileSync, cpSync, mkdirSync, readFileSync } from 'node:fs';
import { build } from 'esbuild';
import { labelsWithout } from '../../scripts/targets/features.ts';
import { type Packages, unpackPackages } from '../../scripts/machine/debian.ts';
import { LOG_FEATURES } from './programs.ts';

const PACKAGES: Packages = {
  nodejs: '18.20.4+dfsg-1~deb12u2',
  libnode108: '18.20.4+dfsg-1~deb12u2',
  libc6: '2.36-9+deb12u14',
  'libgcc-s1': '12.2.0-14+deb12u1',
  libatomic1: '12.2.0-14+deb12u1',
  libbrotli1: '1.0.9-2+b6',
  'libc-ares2': '1.18.1-3',
  libicu72: '72.1-3+deb12u1',
  'libnghttp2-14': '1.52.0-1+deb12u3',
  libssl3: '3.0.20-1~deb12u2',
  'libstdc++6': '12.2.0-14+deb12u1',
  libuv1: '1.44.2-1+deb12u1',
  zlib1g: '1:1.2.13.dfsg-1',
  'util-linux': '2.38.1-5+deb12u3', // for `flock`, which Node has not
  'node-acorn': '8.8.1+ds+~cs25.17.7-2',
  'node-cjs-module-lexer': '1.2.2+dfsg-5',
  'node-undici': '5.15.0+dfsg1+~cs20.10.9.3-1+deb12u4',
};

/** What is loaded when it is asked for, which no feature of the log does: native parts, and cryptography. */
const LEFT_OUT = ['lmdb', 'esbuild', 'libsodium-wrappers-sumo'];

/** Fills a directory with a root file system that has Node, and the service at `/service`. */
export async function buildNodeRoot(root: string): Promise<void> {
  mkdirSync(root, { recursive: true });
  cpSync(unpackPackages('node', PACKAGES), root, { recursive: true, verbatimSymlinks: true });
  for (const name of ['data', 'dev', 'proc', 'tmp', 'sys']) mkdirSync(`${root}/${name}`, { recursive: true });
  mkdirSync(`${root}/service/dist/node`, { recursive: true });
  copyFileSync('package.json', `${root}/service/package.json`);
  await build({
    entryPoints: ['targets/node/streambed.ts'],
    outfile: `${root}/service/dist/node/streambed.js`,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node18',
    dropLabels: labelsWithout(LOG_FEATURES.join(',')),
    external: LEFT_OUT,
    logLevel: 'error',
  });
}

export function nodeBundleBytes(root: string): number {
  return readFileSync(`${root}/service/dist/node/streambed.js`).length;
}
