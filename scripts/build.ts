/**
 * Builds `dist/` from what package.json promises: `dist/node/<name>.js`, one file per `bin`, from
 * `targets/node/<name>.ts`; `dist/lib/` with one module per entry of `exports`, and `dist/types/` with its
 * declarations, both laid out like the sources; `dist/build/`, the command `streambed build`; and `dist/openapi.json`.
 * Packages stay imports: npm installs them. What `build:targets` and `package:openwrt` have put into `dist/targets` and
 * `dist/openwrt` stays.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { build } from 'esbuild';

interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
const exported = Object.values(manifest.exports).flatMap((one) =>
  typeof one === 'string' ? [one] : Object.values(one),
);
const bins = Object.values(manifest.bin);
const commands = Object.keys(manifest.bin).map((name) => `targets/node/${name}.ts`);
const modules = exported.flatMap((path) => {
  const name = /^\.\/dist\/lib\/(.*)\.js$/.exec(path)?.[1];
  return name === undefined ? [] : [`${name}.ts`];
});
/** What `streambed build` puts into binaries beside what is exported. */
const parts = ['targets/quickjs/app.ts', 'targets/quickjs/cbor.ts'];
/** What it reads beside its own file, which stands in for the folder of its source. */
const buildFiles = readdirSync('scripts/targets').filter((name) => /\.[ch]$/.test(name));
demand('package.json promises what has no source', [...commands, ...modules]);

// Built aside and moved in at the end: whoever starts the service meanwhile finds the old build whole.
const stage = `dist.${process.pid}`;
const common = { bundle: true, format: 'esm', platform: 'node', target: 'node20', packages: 'external' } as const;
try {
  await build({
    ...common,
    entryPoints: commands,
    outdir: `${stage}/node`,
    banner: { js: '#!/usr/bin/env node' },
  });
  await build({
    ...common,
    entryPoints: [...modules, ...parts],
    outdir: `${stage}/lib`,
    outbase: '.',
    splitting: true, // a class is the same class, whichever entry it is imported from
    chunkNames: 'chunks/[hash]',
  });
  await build({ ...common, entryPoints: { build: 'scripts/targets/app/main.ts' }, outdir: `${stage}/build` });
  for (const name of buildFiles) copyFileSync(`scripts/targets/${name}`, `${stage}/build/${name}`);
  const openApi: unknown = JSON.parse(readFileSync('http-api/kafka/openapi.json', 'utf8'));
  writeFileSync(`${stage}/openapi.json`, JSON.stringify(openApi));
  for (const path of bins) chmodSync(path.replace(/^dist/, stage), 0o755);
  const tsc = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.types.json', '--outDir', `${stage}/types`];
  execFileSync(process.execPath, tsc, { stdio: 'inherit' });
  for (const name of ['targets', 'openwrt']) {
    if (existsSync(`dist/${name}`)) renameSync(`dist/${name}`, `${stage}/${name}`);
  }
  if (existsSync('dist')) renameSync('dist', `${stage}.old`);
  renameSync(stage, 'dist');
} finally {
  rmSync(stage, { recursive: true, force: true });
  rmSync(`${stage}.old`, { recursive: true, force: true });
}
demand('package.json promises what was not built', [...bins, ...exported]);

function demand(what: string, paths: readonly string[]): void {
  const missing = paths.filter((path) => !existsSync(path));
  if (missing.length === 0) return;
  console.error(`build: ${what}: ${missing.join(', ')}`);
  process.exit(1);
}
