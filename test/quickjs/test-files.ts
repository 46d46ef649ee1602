/**
 * Which test files QuickJS runs: all that come to nothing of Node but through the two modules of `test/support` that
 * have a counterpart here, and those that are for QuickJS alone.
 */
import { readdirSync } from 'node:fs';
import { build, type Metafile, type Plugin } from 'esbuild';

/** For QuickJS alone. */
const OWN_FILES = ['test/quickjs/http1.ts', 'test/quickjs/loop.ts'];

/** They have nothing of a runtime in them. */
const PORTABLE_PACKAGES = /^(uvu|fast-check|pure-rand|hono|cbor-x)(\/|$)/;

const COUNTERPARTS: Readonly<Record<string, string>> = {
  'test/support/platform.ts': 'test/quickjs/platform.ts',
  'test/support/real-host.ts': 'test/quickjs/real-host.ts',
};

export interface TestFiles {
  readonly files: readonly string[];
  /** Those that Node alone runs, with what they need of it. */
  readonly others: ReadonlyMap<string, string>;
}

export async function findTestFiles(): Promise<TestFiles> {
  const all = readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `test/${name}`)
    .sort();
  const { inputs } = (await bundleOf([...OWN_FILES, ...all])).metafile;
  const others = new Map<string, string>();
  for (const file of all) {
    const need = foreignImport(inputs, file, new Set());
    if (need !== null) others.set(file, need);
  }
  return { files: [...OWN_FILES, ...all.filter((file) => !others.has(file))], others };
}

/** Gives the program its table of test files, and the counterparts. */
export function testFilesPlugin(files: readonly string[]): Plugin {
  const rows = files.map((file) => `  ${JSON.stringify(file)}: () => import(${JSON.stringify(`./${file}`)}),\n`);
  return {
    name: 'test files',
    setup: (setup) => {
      setup.onResolve({ filter: /^streambed-tests$/ }, () => ({ path: 'table', namespace: 'test-files' }));
      setup.onLoad({ filter: /^table$/, namespace: 'test-files' }, () => ({
        contents: `export const files = {\n${rows.join('')}};\n`,
        resolveDir: process.cwd(),
      }));
      void counterparts.setup(setup);
    },
  };
}

const counterparts: Plugin = {
  name: 'counterparts',
  setup: (setup) => {
    for (const [file, counterpart] of Object.entries(COUNTERPARTS)) {
      const path = `${process.cwd()}/${file}`;
      const filter = new RegExp(`/${path.split('/').at(-1)?.replaceAll('.', '\\.')}$`);
      setup.onResolve({ filter }, ({ path: name, resolveDir }) =>
        new URL(name, `file://${resolveDir}/`).pathname === path ? { path: `${process.cwd()}/${counterpart}` } : null,
      );
    }
  },
};

function bundleOf(files: readonly string[]) {
  return build({
    entryPoints: [...files],
    plugins: [counterparts],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    packages: 'external',
    outdir: '/',
    logLevel: 'silent',
  });
}

/** The first import on the way from a file that is not for every runtime. */
function foreignImport(inputs: Metafile['inputs'], file: string, seen: Set<string>): string | null {
  if (seen.has(file)) return null;
  seen.add(file);
  for (const { path, external } of inputs[file]?.imports ?? []) {
    if (external === true && !PORTABLE_PACKAGES.test(path)) return path;
    const found = external === true ? null : foreignImport(inputs, path, seen);
    if (found !== null) return found;
  }
  return null;
}
