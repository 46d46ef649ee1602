/** What the checks of `streambed doctor` find. */
import type { Platform } from '../platform.ts';

export interface Outcome {
  readonly ok: boolean;
  /** For people. */
  readonly text: string;
  /** The same for programs. */
  readonly details: Readonly<Record<string, string | number | boolean | null>>;
}

export interface Finding extends Outcome {
  readonly name: string;
}

/** The directory is empty when the machine alone is looked at. What the host throws is a finding too. */
export type Check = readonly [
  name: string,
  check: (platform: Platform, directory: string) => Outcome | Promise<Outcome>,
];

const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

export function printSize(lengthBytes: number): string {
  let size = lengthBytes;
  let unit = 0;
  for (; size >= 1024 && unit < units.length - 1; unit += 1) size /= 1024;
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}
