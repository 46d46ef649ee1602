/**
 * Compiles test files with all that they import, once per run: whatever a process would have to compile for itself at
 * its start costs more than most test files do. What is imported by more than one file is in files of its own, so that
 * each module is still one module in a process.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';

/** Below it `import` finds the packages of this checkout. */
const PLACE = 'node_modules/.cache';

/** A module says where its source is, from which its neighbours are found. */
const ownPlace: Plugin = {
  name: 'own place',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      if (!/import\.meta\.(url|filename|dirname)/.test(text)) return undefined;
      const contents = text
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
        .replaceAll('import.meta.filename', JSON.stringify(path))
        .replaceAll('import.meta.dirname', JSON.stringify(dirname(path)));
      return { contents, loader: 'ts' };
    });
  },
};

/** The directory of a run, which its maker removes. */
export class Compiled {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** Null when a file cannot be compiled, or is not there: then each has to be tried alone. */
  static async of(files: readonly string[]): Promise<Compiled | null> {
    mkdirSync(PLACE, { recursive: true });
    const compiled = new Compiled(mkdtempSync(`${PLACE}/tests-`));
    try {
      await build({
        entryPoints: [...files],
        outdir: compiled.directory,
        outbase: '.',
        chunkNames: 'chunks/[hash]',
        bundle: true,
        splitting: true,
        format: 'esm',
        platform: 'node',
        target: 'node20',
        packages: 'external',
        sourcemap: true,
        sourcesContent: false,
        logLevel: 'silent',
        plugins: [ownPlace],
      });
      return compiled;
    } catch {
      compiled.remove();
      return null;
    }
  }

  /** What a source has become. */
  moduleOf(file: string): string {
    return `${this.directory}/${relative('.', file).replace(/\.[cm]?[jt]s$/, '.js')}`;
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
