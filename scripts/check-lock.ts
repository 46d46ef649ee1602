/**
 * Checks package-lock.json for what `npm ci` trips over or what ties it to one machine: npm leaves out the optional
 * packages of other platforms when the registry at hand lacks them, and then `npm ci` refuses the file.
 */
import { readFileSync } from 'node:fs';

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Locked> };
const wrong = Object.entries(packages).flatMap(([place, one]) => [
  ...(one.resolved === undefined ? [] : [`${place}: names a registry: ${one.resolved}`]),
  ...Object.keys(one.optionalDependencies ?? {})
    .filter(
      (name) =>
        packages[`node_modules/${name}`] === undefined && packages[`${place}/node_modules/${name}`] === undefined,
    )
    .map((name) => `${place}: its optional dependency ${name} has no entry`),
]);
for (const line of wrong) console.log(line);
process.exitCode = wrong.length === 0 ? 0 : 1;
