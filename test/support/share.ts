/**
 * How much is tried of what tries many cases: all of it, or as much as `STREAMBED_SHARE` says (0 to 1), as where an
 * emulated CPU takes its time. Which part it is depends on `STREAMBED_SEED`.
 */
import { variable } from './platform.ts';

export const SHARE = Number(variable('STREAMBED_SHARE') ?? 1);
export const SEED = Number(variable('STREAMBED_SEED') ?? 1);
/** Whether the whole is tried where a part is enough for every day: `STREAMBED_MATRIX=full`. */
export const FULL = variable('STREAMBED_MATRIX') === 'full';

/** That share of a number of cases, at least one. */
export function some(count: number): number {
  return Math.max(1, Math.round(count * SHARE));
}

/**
 * Whether the case of this number is among those that are tried; they are spread evenly. `part`: of those of which a
 * part is enough for every day.
 */
export function isTried(number: number, part = 1): boolean {
  const goldenRatio = 0.618_033_988_749_895;
  return ((number + SEED * 31) * goldenRatio) % 1 < (FULL ? 1 : part) * SHARE;
}
