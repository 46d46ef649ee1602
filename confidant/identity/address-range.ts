/** IP addresses and ranges of them in CIDR notation (RFC 4632, RFC 4291), for logins that are bound to a network. */

/** An address alone is a range of one. */
export function isAddressRange(text: string): boolean {
  return parseRange(text) !== null;
}

/** Whether an address, or all of a range, is in one of these. No ranges: everything is. */
export function isInRanges(range: string, wider: readonly string[]): boolean {
  return wider.length === 0 || wider.some((one) => isInRange(range, one));
}

/** The ranges of what is in both: of two ranges that meet, one is in the other. Either being empty: the other. */
export function inBoth(some: readonly string[], others: readonly string[]): readonly string[] {
  return [
    ...new Set([
      ...some.filter((range) => isInRanges(range, others)),
      ...others.filter((range) => isInRanges(range, some)),
    ]),
  ];
}

function isInRange(text: string, range: string): boolean {
  const inner = parseRange(text);
  const wanted = parseRange(range);
  if (inner === null || wanted === null || inner.bits.length !== wanted.bits.length) return false;
  return inner.length >= wanted.length && inner.bits.slice(0, wanted.length) === wanted.bits.slice(0, wanted.length);
}

function parseRange(text: string): { readonly bits: string; readonly length: number } | null {
  const [address = '', length, ...rest] = text.split('/');
  const bits = parseAddress(address);
  if (bits === null || rest.length > 0) return null;
  if (length === undefined) return { bits, length: bits.length };
  if (!/^\d{1,3}$/.test(length) || Number(length) > bits.length) return null;
  return { bits, length: Number(length) };
}

/** Its 32 or 128 bits as text; an IPv4 address that is mapped into IPv6 counts as what it is. Null: none. */
function parseAddress(text: string): string | null {
  const bare = text.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!bare.includes(':')) return parseIpv4(bare);
  const [head = '', tail, ...rest] = bare.split('::');
  if (rest.length > 0) return null;
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = 8 - front.length - back.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const groups = [...front, ...Array.from({ length: tail === undefined ? 0 : missing }, () => '0'), ...back];
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return null;
  return groups.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0')).join('');
}

function parseIpv4(text: string): string | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return null;
  return parts.map((part) => Number(part).toString(2).padStart(8, '0')).join('');
}
