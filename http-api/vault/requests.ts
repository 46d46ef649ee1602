/** Reads what a Vault client sends, however it sends it. Facts: http-contract B0. */
import type { Context } from 'hono';
import { type Operation, type SecretData, SecretStoreError } from '../../confidant/secret-store.ts';
import { inexactNumber } from '../../confidant/wire/exact-numbers.ts';
import type { Bytes } from '../../targets/host.ts';
import { readBody } from '../request-body.ts';

/** Of a number that is refused. */
const LONGEST_SHOWN = 50;

export type Query = Readonly<Record<string, string>>;

const operations: Readonly<Record<string, Operation>> = {
  GET: 'read',
  HEAD: 'read',
  POST: 'update',
  PUT: 'update',
  DELETE: 'delete',
  PATCH: 'patch',
  LIST: 'list',
};

/** `LIST` is a method of its own, or a GET with `list=true`. Errors: `unsupported`. */
export function operationOf(method: string, query: Query): Operation {
  if (method === 'GET' && ['true', '1', 't'].includes(query['list'] ?? '')) return 'list';
  const operation = operations[method];
  if (operation === undefined)
    throw new SecretStoreError('unsupported', `1 error occurred:\n\t* unsupported operation\n\n`);
  return operation;
}

/** What stands behind `/v1/`, decoded. Errors: `bad-path`, `no-route`. */
export function pathOf(pathname: string): string {
  if (!pathname.startsWith('/v1/')) throw new SecretStoreError('no-route', 'no handler for route');
  try {
    return decodeURIComponent(pathname.slice('/v1/'.length)).replace(/^\/+|\/+$/g, '');
  } catch (error) {
    throw new SecretStoreError('bad-path', 'invalid URL escape', { cause: error });
  }
}

export function tokenOf(c: Context): string | null {
  const own = c.req.header('x-vault-token');
  if (own !== undefined && own !== '') return own;
  const bearer = /^bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '');
  return bearer?.[1] ?? null;
}

/**
 * The fields of the body; of what has none, those of the query. What is written is in the body alone: with KV version 1
 * all of it is the secret. Errors: `invalid`, `too-large`.
 */
export async function fieldsOf(c: Context, query: Query, bytes: Bytes, limit: number): Promise<SecretData> {
  const { method } = c.req;
  const isRead = ['GET', 'HEAD', 'LIST'].includes(method);
  const fields = new Map<string, unknown>();
  if (isRead || method === 'DELETE') {
    for (const [name, value] of Object.entries(query)) if (name !== 'list') fields.set(name, value);
  }
  if (!isRead) {
    for (const [name, value] of Object.entries(await bodyFields(c, bytes, limit))) fields.set(name, value);
  }
  return Object.fromEntries(fields);
}

async function bodyFields(c: Context, bytes: Bytes, limit: number): Promise<SecretData> {
  const body = await readBody(c, limit);
  if (body === null) throw new SecretStoreError('too-large', `request body is larger than ${limit} bytes`);
  const text = textOf(bytes, body).trim();
  if (text === '') return {};
  const isForm = /^application\/x-www-form-urlencoded/i.test(c.req.header('content-type') ?? '');
  if (isForm && !text.startsWith('{') && !text.startsWith('[')) return formFields(text);
  const value = parsed(text);
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value))
    throw new SecretStoreError('invalid', 'error parsing JSON: want an object');
  return value as SecretData;
}

function textOf(bytes: Bytes, body: Uint8Array): string {
  try {
    return bytes.decodeUtf8(body);
  } catch (error) {
    throw new SecretStoreError('invalid', 'request body is not UTF-8', { cause: error });
  }
}

/** The text stays out of the error: it may hold a secret, and engines quote it. */
function parsed(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new SecretStoreError('invalid', 'error parsing JSON');
  }
  const number = inexactNumber(text);
  if (number === null) return value;
  const shown = number.length > LONGEST_SHOWN ? `${number.slice(0, LONGEST_SHOWN)}...` : number;
  throw new SecretStoreError('invalid', `the number ${shown} cannot be kept exactly: send it as a string`);
}

/** A name that comes more than once is a list. */
function formFields(text: string): SecretData {
  const fields = new Map<string, unknown>();
  const decode = (part: string): string => {
    try {
      return decodeURIComponent(part.replaceAll('+', ' '));
    } catch {
      throw new SecretStoreError('invalid', 'error parsing form: invalid URL escape');
    }
  };
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const split = pair.indexOf('=');
    const name = decode(split < 0 ? pair : pair.slice(0, split));
    const value = split < 0 ? '' : decode(pair.slice(split + 1));
    const known = fields.get(name);
    fields.set(name, known === undefined ? value : [...(Array.isArray(known) ? known : [known]), value]);
  }
  return Object.fromEntries(fields);
}
