/** The state of the service: the last readings of each sensor, as the records of the log make it. */
import type { Reading } from './sensor-line.ts';

export interface StoredReading {
  readonly value: number;
  readonly at: number;
  readonly offset: number;
}

export class LatestReadings {
  readonly #readings = new Map<string, StoredReading[]>();
  readonly #most: number;

  /** `most`: how many are kept per sensor. */
  constructor(most: number) {
    this.#most = most;
  }

  apply({ sensor, value, at }: Reading, offset: number): void {
    const own = this.#readings.get(sensor) ?? [];
    own.push({ value, at, offset });
    if (own.length > this.#most) own.shift();
    this.#readings.set(sensor, own);
  }

  /** The last reading of every sensor, by name. */
  last(): Record<string, StoredReading | undefined> {
    const names = [...this.#readings.keys()].sort();
    return Object.fromEntries(names.map((name) => [name, this.#readings.get(name)?.at(-1)]));
  }

  /** The oldest first; null for a sensor that never sent any. */
  of(sensor: string): readonly StoredReading[] | null {
    return this.#readings.get(sensor) ?? null;
  }
}
