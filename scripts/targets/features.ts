/** What can be left out of a program: the statements with such a label, and all that only they need. */
import { BuildError } from './system.ts';

export const FEATURES: readonly string[] = [
  'kafka-streambed',
  'kafka-v2',
  'kafka-v3',
  'kafka-streams',
  'openapi',
  'vault',
  'logged',
  'confidant',
];

/** Those that encrypt. Without them libsodium and BearSSL are not linked. */
const ENCRYPTING = ['vault', 'confidant'];

/** The labels to drop so that only these features are left: `kafka-v2,logged`. Errors: `BuildError`. */
export function labelsWithout(wanted: string): string[] {
  const names = wanted.split(',').filter((name) => name !== '');
  const unknown = names.find((name) => !FEATURES.includes(name));
  if (unknown !== undefined) throw new BuildError(`--features ${unknown}: want some of ${FEATURES.join(',')}`);
  return FEATURES.filter((name) => !names.includes(name)).map(labelOf);
}

/** Whether a build without these statements can come to need cryptography. */
export function needsCryptography(dropLabels: readonly string[]): boolean {
  return ENCRYPTING.some((name) => !dropLabels.includes(labelOf(name)));
}

function labelOf(feature: string): string {
  return feature.toUpperCase().replaceAll('-', '_');
}
