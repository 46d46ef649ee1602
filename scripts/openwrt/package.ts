/**
 * The package for OpenWrt, from `targets/openwrt` and a binary: an .ipk as opkg installs it, and the feed from which an
 * SDK makes the same, as .ipk or as .apk. What is in it and with which modes stands here and in the feed's Makefile.
 */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type TarEntry, tarGz } from './tar.ts';

const HERE = `${import.meta.dirname}/../../targets/openwrt`;

/** Of the package, not of the program: to be counted up when only the packaging changes, else 1. */
export const RELEASE = 1;

/**
 * A fixed number, so that data which a sysupgrade took along still belongs to the service. OpenWrt's own packages have
 * theirs below 1000, and numbers that are not fixed begin at 32768.
 */
const USER = 'streambed=8082:streambed=8082';

const TITLE = 'Commit log and secret store with the Kafka REST and Vault APIs';
const DESCRIPTION =
  'A commit log and a secret store on flash, served as the Kafka REST and Vault APIs: what a client was told is stored survives a power cut.';
/** SPDX's names, as OpenWrt lists them; the texts are in the package. */
const LICENCES = 'Apache-2.0 ISC MIT OLDAP-2.8';
const MAINTAINER = 'The Streambed project';

/** What the build writes for each CPU. */
export interface Built {
  readonly program: Uint8Array;
  /** The licences of everything in it. */
  readonly licences: Uint8Array;
}

/** What is installed beside that. */
const FILES: Readonly<Record<string, number>> = {
  'etc/config/streambed': 0o600,
  'etc/init.d/streambed': 0o755,
  'lib/upgrade/keep.d/streambed': 0o644,
};

/** What apk accepts too: three numbers and the release. */
export function packageVersion(version: string): string {
  if (!/^\d+\.\d+\.\d+$/.test(version)) throw new RangeError(`version ${version}: want <major>.<minor>.<fix>`);
  return `${version}-r${RELEASE}`;
}

/** The bytes of an .ipk; `cpu` is OpenWrt's name of the architecture. */
export function buildIpk(cpu: string, version: string, { program, licences }: Built): Buffer {
  const installed = withDirectories([
    { path: './usr/bin/streambed', mode: 0o755, content: program },
    { path: './usr/share/licenses/streambed/LICENSES', mode: 0o644, content: licences },
    ...Object.entries(FILES).map(([path, mode]) => ({ path: `./${path}`, mode, content: read(`root/${path}`) })),
  ]);
  const installedBytes = installed.reduce((sum, { content }) => sum + (content?.length ?? 0), 0);
  const control = withDirectories([
    { path: './control', mode: 0o644, content: Buffer.from(controlFile(cpu, version, installedBytes)) },
    { path: './conffiles', mode: 0o644, content: read('control/conffiles') },
    { path: './postinst', mode: 0o755, content: read('control/postinst') },
    { path: './prerm', mode: 0o755, content: read('control/prerm') },
  ]);
  return tarGz([
    { path: './debian-binary', mode: 0o644, content: Buffer.from('2.0\n') },
    { path: './data.tar.gz', mode: 0o644, content: tarGz(installed) },
    { path: './control.tar.gz', mode: 0o644, content: tarGz(control) },
  ]);
}

function controlFile(cpu: string, version: string, installedBytes: number): string {
  const fields = {
    Package: 'streambed',
    Version: packageVersion(version),
    License: LICENCES,
    Section: 'net',
    'Require-User': USER,
    Maintainer: MAINTAINER,
    Architecture: cpu,
    'Installed-Size': installedBytes,
    Description: `${TITLE}\n ${DESCRIPTION}`,
  };
  return `${Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')}\n`;
}

/** The feed's Makefile; what is built is to stand in `bin/<cpu>/` beside it, and the files in `root/`. */
export function feedMakefile(version: string, architectures: readonly string[]): string {
  packageVersion(version);
  const values: Readonly<Record<string, string>> = {
    VERSION: version,
    RELEASE: String(RELEASE),
    LICENCES,
    MAINTAINER,
    TITLE,
    // The SDK's symbols name CPU families: what is in front of the first underscore, but for x86_64.
    ARCHITECTURES: architectures.map((cpu) => (cpu === 'x86_64' ? cpu : cpu.replace(/_.*/, ''))).join('||'),
    USERID: USER,
    DESCRIPTION,
    CONFFILES: read('control/conffiles').toString().trimEnd(),
  };
  return read('Makefile')
    .toString()
    .replaceAll(/@([A-Z]+)@/g, (all, name: string) => values[name] ?? all);
}

/** The files of the feed beside Makefile and binaries, by their paths in it. */
export function feedFiles(): [path: string, content: Buffer, mode: number][] {
  return Object.entries(FILES).map(([path, mode]) => [`root/${path}`, read(`root/${path}`), mode]);
}

/** Sorted, each directory in front of what is in it. */
function withDirectories(files: readonly TarEntry[]): TarEntry[] {
  const directories = new Set(['.']);
  for (const { path } of files) {
    for (let parent = dirname(path); parent !== '.'; parent = dirname(parent)) directories.add(parent);
  }
  const entries = [...directories].map((path) => ({ path: `${path}/`, mode: 0o755, content: null }));
  return [...entries, ...files].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function read(path: string): Buffer {
  return readFileSync(`${HERE}/${path}`);
}
