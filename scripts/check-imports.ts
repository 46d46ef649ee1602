/**
 * Who may import whom, as `npm run check` enforces it. Usage: `tsx scripts/check-imports.ts [DIRECTORY]`; prints one
 * line per forbidden import and exits with 1 when there is any.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

const CONTRACTS = /^(logged\/commit-log|confidant\/secret-store|targets\/host)\.ts$/;
const DEVELOPMENT = /^(scripts|test)\//;
/** The only files that name implementations and hand them down. */
const MAIN = /^targets\/[^/]+\/(streambed|logged|confidant|app)\.ts$/;
/** What the adapters share, knowing nothing but the system. */
const LINUX = /^targets\/service\/linux\//;
/** Flags and terminal of the commands. */
const COMMAND_LINE = /^targets\/command-line\//;

interface Rule {
  readonly files: RegExp;
  /** What they may import beside contracts. */
  readonly modules: RegExp;
}

/** The first rule whose `files` match counts. */
const RULES: readonly Rule[] = [
  { files: DEVELOPMENT, modules: /./ },
  { files: CONTRACTS, modules: /^$/ },
  // The contract of apps is made of the host's.
  { files: /^targets\/app\.ts$/, modules: /^$/ },
  { files: MAIN, modules: /^(logged|confidant|http-api|targets)\// },
  { files: LINUX, modules: LINUX },
  { files: COMMAND_LINE, modules: COMMAND_LINE },
  // What all targets share: it names implementations too, but none of a target.
  { files: /^targets\/service\//, modules: /^(logged|confidant|http-api|targets\/(service|command-line))\// },
  { files: /^targets\/node\//, modules: /^targets\/(node|service\/linux)\// },
  { files: /^targets\/quickjs\//, modules: /^targets\/(quickjs|service\/linux)\// },
  // As programs of somebody else: the package by its name.
  { files: /^examples\//, modules: /^examples\// },
  { files: /^logged\//, modules: /^(logged|targets\/command-line)\// },
  { files: /^confidant\//, modules: /^(confidant|targets\/command-line)\// },
  { files: /^http-api\//, modules: /^(http-api\/|logged\/codecs\/|confidant\/wire\/)/ },
];

/** Product code may import packages only where they are owned; the most specific names come first. */
const OWNERS: readonly { readonly name: RegExp; readonly files: RegExp }[] = [
  { name: /^streambed\//, files: /^examples\// },
  { name: /^node:/, files: /^targets\/node\// },
  { name: /^@hono\/node-server$/, files: /^targets\/node\// },
  { name: /^hono(\/|$)/, files: /^(http-api\/|targets\/quickjs\/web\/hono-context\.ts$)/ },
  { name: /^cbor-x(\/|$)/, files: /^logged\/storage\/format\/cbor\.ts$/ },
  { name: /^libsodium-wrappers-sumo$/, files: /^targets\/node\// },
  { name: /^lmdb$/, files: /^targets\/node\// },
  { name: /^streambed:(build|openapi)$/, files: /^targets\/quickjs\// },
];

interface Import {
  readonly name: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

/** Static imports and re-exports, which the formatter puts at the start of a line; `import()` unless in quotes. */
const IMPORT =
  /^(?:import|export)\s+(?<type>type\s)?(?:[\w*{][^'";]*?\sfrom\s+)?'(?<name>[^']+)'|^[^'"`\n]*\bimport\(\s*'(?<dynamic>[^']+)'/gm;

function findImports(source: string): Import[] {
  return [...source.matchAll(IMPORT)].map(({ groups = {}, index }) => ({
    name: groups['name'] ?? groups['dynamic'] ?? '',
    typeOnly: groups['type'] !== undefined,
    line: source.slice(0, index).split('\n').length,
  }));
}

/** What is wrong with an import, or null. */
function judgeImport(root: string, file: string, one: Import): string | null {
  if (!one.name.startsWith('.')) return judgePackage(file, one.name);
  const target = posix.join(posix.dirname(file), one.name);
  if (!target.endsWith('.ts')) return 'a relative import ends in .ts';
  if (target.startsWith('..')) return 'leaves the repository';
  if (!existsSync(join(root, target))) return 'no such file';
  const rule = RULES.find(({ files }) => files.test(file));
  if (rule === undefined) return 'this place has no import rule';
  if (CONTRACTS.test(file)) return 'a contract imports nothing';
  if (!CONTRACTS.test(target) && !rule.modules.test(target)) return 'this place may not know that one';
  if (!DEVELOPMENT.test(file) && target === 'targets/host.ts' && !one.typeOnly)
    return 'the port is types only: import type';
  return null;
}

function judgePackage(file: string, name: string): string | null {
  if (name === 'uvu' && file !== 'test/support/suite.ts') return 'uvu belongs to test/support/suite.ts';
  if (DEVELOPMENT.test(file)) return null;
  if (CONTRACTS.test(file)) return 'a contract imports nothing';
  const owner = OWNERS.find((one) => one.name.test(name));
  if (owner === undefined) return 'a package without an owner';
  return owner.files.test(file) ? null : `the package belongs to ${owner.files.source}`;
}

export function checkImports(root: string): string[] {
  const folders = ['logged', 'confidant', 'http-api', 'targets', 'examples', 'scripts', 'test'].filter((name) =>
    existsSync(join(root, name)),
  );
  const names = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
  );
  return names
    .filter((name) => name.endsWith('.ts') && !name.startsWith('test/fixtures/'))
    .sort()
    .flatMap((file) =>
      findImports(readFileSync(join(root, file), 'utf8')).flatMap((one) => {
        const wrong = judgeImport(root, file, one);
        return wrong === null ? [] : [`${file}:${one.line}: import of '${one.name}': ${wrong}`];
      }),
    );
}

if (import.meta.filename === process.argv[1]) {
  const wrong = checkImports(process.argv[2] ?? '.');
  for (const line of wrong) console.log(line);
  process.exitCode = wrong.length === 0 ? 0 : 1;
}
