/** Figures as JSON lines on stdout, and the count of what was promised about them. */
export interface Figure {
  /** Who it is about: what runs in the machine. */
  readonly runtime: string;
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  /** To the requests per second of a bare echo route, in turns in the same boot. */
  readonly ratio?: number;
}

export interface Budget {
  readonly atMost?: number;
  readonly atLeast?: number;
}

export class Report {
  readonly #counts = { passed: 0, failed: 0, skipped: 0 };
  readonly #figures: Figure[] = [];

  print(figure: Figure): void {
    this.#figures.push(figure);
    console.log(JSON.stringify({ ...figure, value: round(figure.value), ...ratioOf(figure) }));
  }

  /** A figure that was promised: its ratio when it has one, else its value. */
  expect(figure: Figure, { atMost, atLeast }: Budget): void {
    const value = figure.ratio ?? figure.value;
    const isWithin = value <= (atMost ?? Infinity) && value >= (atLeast ?? -Infinity);
    this.#count(isWithin);
    this.#figures.push(figure);
    const budget = { ...(atMost === undefined ? {} : { atMost }), ...(atLeast === undefined ? {} : { atLeast }) };
    console.log(JSON.stringify({ ...figure, value: round(figure.value), ...ratioOf(figure), ...budget, isWithin }));
    if (!isWithin)
      console.error(`FAILED: ${figure.runtime}: ${figure.figure}: ${value}, want ${JSON.stringify(budget)}`);
  }

  /** Something that is right or wrong: `faults` says what is wrong. */
  check(
    runtime: string,
    what: string,
    faults: readonly string[],
    details: Readonly<Record<string, number>> = {},
  ): void {
    this.#count(faults.length === 0);
    console.log(JSON.stringify({ runtime, check: what, ...details, isRight: faults.length === 0 }));
    for (const fault of faults.slice(0, 20)) console.error(`FAILED: ${runtime}: ${what}: ${fault}`);
  }

  skip(what: string, why: string): void {
    this.#counts.skipped += 1;
    console.error(`skipped: ${what}: ${why}`);
  }

  /** What ended a part before its end. */
  fail(what: string, error: unknown): void {
    this.#count(false);
    console.error(`FAILED: ${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }

  /** Prints what runtimes have in common, side by side, and the last line; the exit code. */
  finish(): number {
    for (const line of compareRuntimes(this.#figures)) console.error(line);
    const { passed, failed, skipped } = this.#counts;
    console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
    return failed === 0 && passed > 0 ? 0 : 1;
  }

  #count(isRight: boolean): void {
    this.#counts[isRight ? 'passed' : 'failed'] += 1;
  }
}

/** The lines of a table: figures that more than one runtime has, with a column for each of those. */
export function compareRuntimes(figures: readonly Figure[]): string[] {
  const shared = new Map<string, Map<string, Figure>>();
  for (const figure of figures) {
    const name = `${figure.figure} (${figure.unit})`;
    shared.set(name, (shared.get(name) ?? new Map<string, Figure>()).set(figure.runtime, figure));
  }
  const rows = [...shared].filter(([, values]) => values.size > 1);
  const runtimes = [...new Set(rows.flatMap(([, values]) => [...values.keys()]))];
  const table = rows.map(([name, values]) => [
    name,
    ...runtimes.map((runtime) => String(round(values.get(runtime)?.value ?? Number.NaN)).replace('NaN', '-')),
  ]);
  if (table.length === 0) return [];
  const lines = [['figure', ...runtimes], ...table];
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  return lines.map((line) => line.map((cell, at) => pad(cell, at, widths[at] ?? 0)).join('  '));
}

/** Names to the left, numbers to the right. */
function pad(cell: string, column: number, width: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}

function ratioOf({ ratio }: Figure): { readonly ratio?: number } {
  return ratio === undefined ? {} : { ratio: round(ratio) };
}

function round(value: number): number {
  return Number(value.toPrecision(4 + Math.max(0, Math.floor(Math.log10(Math.abs(value) || 1)) - 3)));
}
