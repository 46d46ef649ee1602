/** Durations on command lines, as Rust's humantime reads them: `100ms`, `1m`, `1h 30m`. */
const UNITS_MS: readonly (readonly [words: RegExp, ms: number])[] = [
  [/^(ns|nsec|nanos)$/, 1e-6],
  [/^(us|µs|usec|micros)$/, 1e-3],
  [/^(ms|msec|millis)$/, 1],
  [/^(s|secs?|seconds?)$/, 1000],
  [/^(m|mins?|minutes?)$/, 60_000],
  [/^(h|hrs?|hours?)$/, 3_600_000],
  [/^(d|days?)$/, 86_400_000],
  [/^(w|weeks?)$/, 604_800_000],
  [/^(M|months?)$/, 30.44 * 86_400_000],
  [/^(y|years?)$/, 365.25 * 86_400_000],
];

/** Milliseconds, or null when the text is no duration. A number needs its unit. */
export function parseDuration(text: string): number | null {
  if (!/^\s*(\d+\s*[a-zA-Zµ]+\s*)+$/.test(text)) return null;
  let totalMs = 0;
  for (const [, count, word] of text.matchAll(/(\d+)\s*([a-zA-Zµ]+)/g)) {
    const unit = UNITS_MS.find(([words]) => words.test(word!));
    if (!unit) return null;
    totalMs += Number(count) * unit[1];
  }
  return totalMs;
}
