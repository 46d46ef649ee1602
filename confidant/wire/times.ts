/** Times as Vault prints them: RFC 3339 in UTC, with as many digits behind the second as say something. */

/** Milliseconds since 1970; what no calendar has is printed as Go's zero time, `0001-01-01T00:00:00Z`. */
export function formatTime(timeMs: number): string {
  const date = new Date(timeMs);
  if (Number.isNaN(date.getTime())) return '0001-01-01T00:00:00Z';
  let text = date.toISOString().slice(0, -1);
  while (text.endsWith('0') && text.includes('.')) text = text.slice(0, -1);
  return `${text.endsWith('.') ? text.slice(0, -1) : text}Z`;
}
