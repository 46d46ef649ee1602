/** Figures as JSON lines on stdout, and the count of what was promised about them. */
import type { LimitedService } from './limited-service.ts';

export class Measured {
  readonly #of: string;
  readonly #counts: { passed: number; failed: number };

  constructor(of: string, counts: { passed: number; failed: number }) {
    this.#of = of;
    this.#counts = counts;
  }

  print(figure: string, value: number, unit: string): void {
    console.log(JSON.stringify({ case: this.#of, figure, value: Math.round(value), unit }));
  }

  /** Resident memory now, and the most that the process had and that its group was charged so far. */
  memory(when: string, limited: LimitedService): void {
    for (const [name, kibibytes] of Object.entries(limited.memory())) {
      this.print(`memory/${when}/${name}`, kibibytes, 'KiB');
    }
    const peak = limited.limit.peakBytes();
    if (peak !== null) this.print(`memory/${when}/charged-at-most`, peak / 1024, 'KiB');
  }

  async time<T>(figure: string, count: number, unit: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await work();
    this.print(figure, (count * 1000) / (performance.now() - start), unit);
    return result;
  }

  check(what: string, details: Readonly<Record<string, unknown>>, isRight: boolean): void {
    this.#counts[isRight ? 'passed' : 'failed'] += 1;
    console.log(JSON.stringify({ case: this.#of, check: what, ...details, isRight }));
    if (!isRight) console.error(`FAILED: ${this.#of}: ${what}`);
  }

  fail(error: unknown): void {
    this.#counts.failed += 1;
    console.error(`FAILED: ${this.#of}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
}
