/** Reading JSON requests of v3 member by member, with Confluent's codes for what is wrong with them. */
import { KafkaHttpError } from '../errors.ts';
import { asObject, isObject, type JsonObject, parseJson, readText } from '../wire.ts';
import type { Call } from './resources.ts';

/** The body as an object with none but these members; 42206 when there is no body. */
export async function readMembers(call: Call, names: readonly string[]): Promise<JsonObject> {
  const text = await readText(call.c, call.context);
  if (text.trim() === '') throw payloadError('Request body is empty. Data is required.');
  const body = asObject(parseJson(text));
  checkMembers(body, names);
  return body;
}

export function payloadError(message: string): KafkaHttpError {
  return new KafkaHttpError(42206, `Payload error. ${message}`);
}

export function badRequest(message: string): KafkaHttpError {
  return new KafkaHttpError(400, `Bad Request: ${message}`);
}

/** A member that nobody reads may be a misspelt one, or a request of v2: it must not pass in silence. */
export function checkMembers(object: JsonObject, names: readonly string[]): void {
  for (const name in object) {
    if (!names.includes(name)) throw badRequest(`unrecognized field ${shown(name)}`);
  }
}

/** Null counts as left out. */
export function optionalInteger(object: JsonObject, name: string): number | undefined {
  const value = object[name] ?? undefined;
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value)) return value as number;
  throw badRequest(`${name}=${shown(value)} is not an integer.`);
}

export function optionalBoolean(object: JsonObject, name: string): boolean {
  const value = object[name] ?? false;
  if (typeof value === 'boolean') return value;
  throw badRequest(`${name}=${shown(value)} is not a boolean.`);
}

/** 422 when left out. */
export function requiredText(object: JsonObject, name: string): string {
  const value = object[name] ?? null;
  if (value === null) throw new KafkaHttpError(422, `${name} must not be null`);
  if (typeof value === 'string') return value;
  throw badRequest(`${name}=${shown(value)} is not a string.`);
}

/** An array of objects with none but these members; 422 when left out. */
export function objectList(value: unknown, what: string, names: readonly string[]): readonly JsonObject[] {
  if ((value ?? null) === null) throw new KafkaHttpError(422, `${what} must not be null`);
  if (!Array.isArray(value) || !value.every(isObject)) throw badRequest(`${what} is not a list of objects.`);
  for (const item of value) checkMembers(item, names);
  return value;
}

/** A configuration value: text, or a number or boolean as it is written; null for none. */
export function configValue(object: JsonObject): string | null {
  const value = object['value'] ?? null;
  if (value === null || typeof value === 'string') return value;
  if (typeof value !== 'object') return String(value);
  throw badRequest(`value=${shown(value)} is not a string.`);
}

/** A JSON value for a message, of bounded length. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}...` : value);
  if (typeof value !== 'object' || value === null) return String(value);
  return Array.isArray(value) ? '[...]' : '{...}';
}
