/**
 * Reading requests and writing replies, for the routes of every dialect.
 */
import type { Context } from 'hono';
import type { Producer } from '../../logged/commit-log.ts';
import { parseJson as parseExact } from '../../logged/codecs/exact-json.ts';
import type { Bytes } from '../../targets/host.ts';
import { readBody } from '../request-body.ts';
import type { KafkaLimits } from '../limits.ts';
import { KafkaHttpError, plainError } from './errors.ts';

export type JsonObject = { readonly [name: string]: unknown };

interface BodyDeps {
  readonly bytes: Bytes;
  readonly limits: KafkaLimits;
}

/** The whole body as text; empty when there is none. 413 beyond the limit, 400 when it is not UTF-8. */
export async function readText(c: Context, deps: BodyDeps): Promise<string> {
  const body = await readBody(c, deps.limits.bodyBytes);
  if (body === null) throw tooLarge(deps.limits.bodyBytes);
  if (body.length === 0) return '';
  try {
    return deps.bytes.decodeUtf8(body);
  } catch (error) {
    throw new KafkaHttpError(400, 'request body is not UTF-8', error);
  }
}

/** The body as a JSON object: 400 for anything else; an empty body gives `whenEmpty`, or 400 without it. */
export async function readObject(c: Context, deps: BodyDeps, whenEmpty?: JsonObject): Promise<JsonObject> {
  const text = await readText(c, deps);
  if (whenEmpty !== undefined && text.trim() === '') return whenEmpty;
  return asObject(parseJson(text));
}

/** Whole numbers that a number cannot hold come as bigint, unless it does not matter whether they are `exact`. */
export function parseJson(text: string, exact = true): unknown {
  try {
    return exact ? parseExact(text) : JSON.parse(text);
  } catch (error) {
    throw new KafkaHttpError(400, `Malformed JSON: ${error instanceof Error ? error.message : ''}`, error);
  }
}

export function asObject(value: unknown): JsonObject {
  if (isObject(value)) return value;
  throw new KafkaHttpError(400, 'Malformed JSON: an object was expected');
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function tooLarge(limit: number): KafkaHttpError {
  return new KafkaHttpError(413, `request body is larger than ${limit} bytes`);
}

/**
 * What makes a produce request repeatable (see `Producer` of the contract): the headers `Streambed-Producer-Id` and
 * `Streambed-Producer-Sequence`, both or none, each 0 to 2^53-1.
 */
export function producerOf(c: Context): Producer | undefined {
  const id = c.req.header('streambed-producer-id');
  const sequence = c.req.header('streambed-producer-sequence');
  if (id === undefined && sequence === undefined) return undefined;
  return { id: headerInteger(id, 'Id'), sequence: headerInteger(sequence, 'Sequence') };
}

function headerInteger(text: string | undefined, name: string): number {
  const value = text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new KafkaHttpError(
    400,
    `header Streambed-Producer-${name} must be an integer from 0 to 2^53-1, with the other`,
  );
}

/** A path segment or query value as a partition number; `notFound` as proxies answer for what is none. */
export function partitionOf(text: string): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= 0x7fff_ffff) return value;
  throw plainError(404);
}

/** An integer query parameter, `otherwise` when absent; 400 for anything that is not one. */
export function queryInteger(c: Context, name: string, otherwise: number): number {
  const text = c.req.query(name);
  if (text === undefined || text === '') return otherwise;
  const value = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new KafkaHttpError(400, `query parameter ${name} must be an integer`);
}

/** scheme://host of this service as the client sees it. */
export function baseUrl(c: Context, advertisedUrl: string | undefined): string {
  return advertisedUrl ?? new URL(c.req.url).origin;
}

export function jsonReply(text: string, status = 200, type = 'application/json'): Response {
  return new Response(text, { status, headers: { 'content-type': type } });
}
