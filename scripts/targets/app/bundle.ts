/**
 * An app (see `targets/app.ts`) as modules that QuickJS can run. `streambed/...` is this package, wherever the app
 * lies; a module of Node is refused, with the imports that lead to it.
 */
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { resolve } from 'node:path';
import { build, type BuildFailure, formatMessages, type Metafile, type Plugin } from 'esbuild';
import { BUNDLING, type Module } from '../program.ts';
import { BuildError } from '../system.ts';

/** Of the package: seen from the source of this file and from what is built of it. */
export interface AppPackage {
  readonly root: string;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
}

export function readPackage(root: string): AppPackage {
  const { exports } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as AppPackage;
  return { root, exports };
}

const ENTRY = '<stdin>';
/** Stand in for what is not there, until it is known who imports it. */
const NODE = 'node-module';
/** The first ones tell enough. */
const MOST_CHAINS = 5;
const OWN_RESOLUTION = Symbol('own resolution');

export interface AppBundle {
  /** The main module first. */
  readonly modules: readonly Module[];
  /** The files that something of is in them. */
  readonly inputs: readonly string[];
}

/** Statements with one of the labels are left out. */
export async function bundleApp(own: AppPackage, entry: string, dropLabels: readonly string[]): Promise<AppBundle> {
  const library = `${own.root}/dist/lib/targets/quickjs`;
  const main = `import { main } from ${JSON.stringify(resolve(entry))};
import { runApp } from ${JSON.stringify(`${library}/app.js`)};
runApp(native, main);`;
  const { outputFiles, metafile } = await build({
    ...BUNDLING,
    stdin: { contents: main, resolveDir: process.cwd(), sourcefile: ENTRY },
    alias: { 'cbor-x/index-no-eval': `${library}/cbor.js` },
    dropLabels: [...dropLabels],
    plugins: [streambedModules(own), nodeModules()],
    logLevel: 'silent',
  }).catch(explain);
  const inputs = usedInputs(metafile);
  refuseNode(metafile, inputs);
  const isMain = (path: string): boolean => metafile.outputs[path]?.entryPoint === ENTRY;
  const modules = outputFiles.map(({ path, text }) => ({
    name: path.replace(/^.*\//, ''),
    text,
    isMain: isMain(path),
  }));
  return { modules: modules.sort((a, b) => Number(b.isMain) - Number(a.isMain)), inputs };
}

function usedInputs({ outputs }: Metafile): string[] {
  const used = Object.values(outputs).flatMap((output) =>
    Object.entries(output.inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  );
  return [...new Set(used)].sort();
}

function streambedModules({ root, exports }: AppPackage): Plugin {
  return {
    name: 'streambed',
    setup(bundler) {
      bundler.onResolve({ filter: /^streambed(\/|$)/ }, ({ path }) => {
        const exported = exports[path.replace(/^streambed/, '.')];
        if (exported === undefined) return { errors: [{ text: `the package has no ${path}` }] };
        const file = typeof exported === 'string' ? exported : exported['default'];
        if (file === undefined) return { errors: [{ text: `${path} has types only: import type` }] };
        return { path: resolve(root, file) };
      });
    },
  };
}

/** A package may be called as a module of Node is, and then be meant by the name alone. */
function nodeModules(): Plugin {
  const names = new Set(builtinModules);
  return {
    name: 'modules of Node',
    setup(bundler) {
      bundler.onResolve({ filter: /^[^./]/ }, async ({ path, resolveDir, kind, importer, pluginData }) => {
        if (pluginData === OWN_RESOLUTION) return null;
        if (!path.startsWith('node:')) {
          if (!names.has(path)) return null;
          const found = await bundler.resolve(path, { resolveDir, kind, importer, pluginData: OWN_RESOLUTION });
          if (found.errors.length === 0) return found;
        }
        return { path, namespace: NODE, sideEffects: false };
      });
      bundler.onLoad({ filter: /./, namespace: NODE }, () => ({ contents: 'module.exports = { isThere: false };' }));
    },
  };
}

function refuseNode({ inputs }: Metafile, used: readonly string[]): void {
  const ofNode = used.filter((path) => path.startsWith(`${NODE}:`));
  if (ofNode.length === 0) return;
  const chains = ofNode.map((path) => `  ${chainTo(path, inputs).join(' -> ')}\n`);
  const more = chains.length > MOST_CHAINS ? `  and ${chains.length - MOST_CHAINS} more\n` : '';
  const shown = `${chains.slice(0, MOST_CHAINS).join('')}${more}`.trimEnd();
  throw new BuildError(`there is no Node in a binary, and these are modules of Node:\n${shown}`);
}

/** The shortest way from the app to a module. */
function chainTo(wanted: string, inputs: Metafile['inputs']): string[] {
  const chains = new Map<string, string[]>([[ENTRY, []]]);
  for (const [path, chain] of chains) {
    if (path === wanted) break;
    for (const imported of inputs[path]?.imports ?? []) {
      if (!chains.has(imported.path)) chains.set(imported.path, [...chain, imported.path.replace(`${NODE}:`, '')]);
    }
  }
  return chains.get(wanted) ?? [wanted];
}

async function explain(error: unknown): Promise<never> {
  const { errors } = error as BuildFailure;
  if (!Array.isArray(errors)) throw error;
  const texts = await formatMessages(errors, { kind: 'error' });
  throw new BuildError(texts.join('').trim());
}
