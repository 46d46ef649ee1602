/** What `streambed --version` prints: the version, and under it what this build is and has. No dates: it is repeatable. */
import { featureNames } from './features.ts';
import type { BuildFacts } from './platform.ts';

export function versionText({ version, engine, cpu, byteOrder, store }: BuildFacts): string {
  return [
    `streambed ${version}`,
    `engine: ${engine}`,
    `cpu: ${cpu}, ${byteOrder}-endian`,
    `store: ${store ?? 'none'}`,
    `features: ${featureNames().join(' ')}`,
    '',
  ].join('\n');
}
