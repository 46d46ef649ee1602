/** Columns with two spaces between them. */
export function table(rows: readonly (readonly (string | number)[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, String(cell).length);
    });
  }
  const lines = rows.map((row) =>
    row
      .map((cell, i) => String(cell).padEnd(widths[i]! + 2))
      .join('')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}
