/**
 * Content negotiation of Confluent v2 (and v1, whose names are taken as aliases of v2).
 */

/** How keys and values are embedded in a body; null: the plain type, without embedded data. */
export type EmbeddedFormat = 'binary' | 'json' | null;

interface MediaType {
  readonly name: string;
  readonly quality: number;
}

const vendor = /^application\/vnd\.kafka(?:\.(binary|json))?(?:\.v[12])?\+json$/;

/** The type of the last request that said one of ours: clients keep to theirs. */
let last: { readonly type: string; readonly format: EmbeddedFormat } = {
  type: 'application/vnd.kafka+json',
  format: null,
};

/** The format of a v2 or v1 media type, null for the plain one, or undefined when it is none of them. */
export function embeddedFormat(type: string | undefined): EmbeddedFormat | undefined {
  if (type === undefined) return undefined;
  if (type === last.type) return last.format;
  const format = parseFormat(type);
  if (format !== undefined) last = { type, format };
  return format;
}

function parseFormat(type: string): EmbeddedFormat | undefined {
  const match = vendor.exec(mediaTypeName(type));
  if (match === null) return undefined;
  return (match[1] as 'binary' | 'json' | undefined) ?? null;
}

/** Without parameters, in lower case. */
export function mediaTypeName(type: string): string {
  const semicolon = type.indexOf(';');
  return (semicolon < 0 ? type : type.slice(0, semicolon)).trim().toLowerCase();
}

/** True when the header names any type of Confluent's. */
export function namesVendorType(header: string | undefined): boolean {
  return header?.includes('application/vnd.kafka') ?? false;
}

/**
 * The best of `offered` (the server's preference first) for an `Accept` header, or null. `*\/*`, `application/*` and a
 * missing header take the first.
 */
export function negotiate(accept: string | undefined, offered: readonly string[]): string | null {
  if (accept === undefined || accept.trim() === '' || accept === '*/*') return offered[0] ?? null;
  for (const { name } of ranked(accept)) {
    if (name === '*/*' || name === 'application/*') return offered[0] ?? null;
    if (offered.includes(name)) return name;
  }
  return null;
}

/** The type of an error: what the client asked for when that is one of Confluent's, else plain JSON. */
export function errorType(accept: string | undefined): string {
  if (!namesVendorType(accept)) return 'application/json';
  return ranked(accept ?? '').find(({ name }) => vendor.test(name))?.name ?? 'application/json';
}

function ranked(accept: string): MediaType[] {
  return accept
    .split(',')
    .map((part) => ({ name: mediaTypeName(part), quality: qualityOf(part) }))
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality);
}

function qualityOf(part: string): number {
  const match = /;\s*q=([\d.]+)/i.exec(part);
  return match === null ? 1 : Number(match[1]);
}
