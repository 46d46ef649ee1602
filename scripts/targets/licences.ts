/**
 * The licences of everything that is in a binary. Nearly all of them ask that their text goes wherever the binary goes,
 * so the builds write it beside, and the packages have it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Build } from './objects.ts';

/** This package, seen from the source of this file and from what is built of it. */
const ROOT = resolve(import.meta.dirname, '../..');

/** `inputs` are the files that the program was bundled from. */
export function licenceTexts(build: Build, inputs: readonly string[]): string {
  const { sources, toolchain, hasCryptography = true } = build;
  const { quickjs, lmdb, libsodium, bearssl } = sources;
  const cryptography = { libsodium: [`${libsodium}/../../LICENSE`], BearSSL: [`${bearssl}/LICENSE.txt`] };
  const files: Readonly<Record<string, readonly string[]>> = {
    Streambed: [`${ROOT}/LICENSE`],
    QuickJS: [`${quickjs}/LICENSE`],
    LMDB: [`${lmdb}/COPYRIGHT`, `${lmdb}/LICENSE`],
    ...(hasCryptography ? cryptography : {}),
    ...toolchain.licences,
  };
  const texts = Object.entries(files).map(([name, paths]) => [name, readAll(paths)] as const);
  const packages = packagesOf(inputs).map(
    (directory) => [directory.replace(/^.*\/node_modules\//, ''), packageLicence(directory)] as const,
  );
  return [...texts, ...packages].map(([name, text]) => `==== ${name}\n\n${text}\n`).join('\n\n');
}

function readAll(paths: readonly string[]): string {
  return paths.map((path) => readFileSync(path, 'utf8').trim()).join('\n\n');
}

/** The directories of the npm packages that files are from, but for this one. */
function packagesOf(inputs: readonly string[]): string[] {
  const directories = inputs.flatMap((path) => {
    const directory = /^(.*\bnode_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
    return directory === undefined ? [] : [resolve(directory)];
  });
  return [...new Set(directories)].filter((directory) => directory !== ROOT).sort();
}

/** Some packages name their licence without its text. */
function packageLicence(directory: string): string {
  const names = readdirSync(directory).filter((name) => /^(licen[cs]e|copying|copyright|notice)\b/i.test(name));
  if (names.length > 0) return readAll(names.sort().map((name) => `${directory}/${name}`));
  const { license } = JSON.parse(readFileSync(`${directory}/package.json`, 'utf8')) as { readonly license?: unknown };
  return typeof license === 'string' ? license : 'It names no licence.';
}
