/** A measured figure: one JSON line on standard output. What else there is to say goes to standard error. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The figure divided by a limit that was measured in the same run, and what that limit is. */
  readonly ratio?: number;
  readonly limit?: string;
}

export function print(figure: Figure): void {
  const rounded = { ...figure, value: round(figure.value), ...(figure.ratio && { ratio: round(figure.ratio) }) };
  process.stdout.write(`${JSON.stringify(rounded)}\n`);
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

/** Seconds that the work took. */
export async function seconds(work: () => unknown): Promise<number> {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / 1e9;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], at: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? Number.NaN;
}
