/** A client that holds what it sends to the Kafka face, and what it gets, against the document, and keeps a list. */
import * as assert from 'uvu/assert';
import { CommitLogError, type CommitLogErrorCode } from '../../logged/commit-log.ts';
import { type Ask, face, type Face, V2 } from './harness.ts';
import { document, type Operation, type Reply, resolve, violation } from './openapi-document.ts';
import { utf8 } from '../support/text.ts';

export const JSON_TYPE = 'application/json';
export const EMPTY = '';

const templates = Object.keys(document.paths)
  .map((template) => ({
    template,
    pattern: new RegExp(`^${template.replaceAll(/[.:]/g, '\\$&').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
    open: template.split('{').length,
  }))
  .sort((a, b) => a.open - b.open);

export class Tourist {
  /** `GET /topics 200 application/json` for what went well, `GET /topics 404 *` for what did not. */
  readonly seen = new Set<string>();
  one: Face = face();

  /** The status must be as expected; objects are sent as JSON, lists of objects to a v3 stream one after the other. */
  async go(status: number, method: string, path: string, body?: unknown, ask: Ask = {}): Promise<string> {
    const { type = path.startsWith('/v3') ? JSON_TYPE : V2, accept, headers = {} } = ask;
    const text = typeof body === 'string' ? body : isStream(path) ? streamOf(body) : JSON.stringify(body);
    const init = {
      method,
      headers: {
        ...(text === undefined || type === EMPTY ? {} : { 'content-type': type }),
        ...(text === undefined ? {} : { 'content-length': String(utf8(text).length) }),
        ...(accept === undefined ? {} : { accept }),
        ...headers,
      },
      ...(text === undefined || method === 'GET' ? {} : { body: text }),
    };
    const env = method === 'GET' && text !== undefined ? { readBody: async () => utf8(text) } : {};
    const { template, operation } = operationOf(method, path);
    const asked = this.one.app.request(`http://edge.example:8082${path}`, init, env);
    await this.one.clock.settle();
    const reply = await asked;
    const received = await reply.text();
    const place = `${method} ${path} ${reply.status}: ${received}`;
    assert.is(reply.status, status, place);
    if (status < 300 && text !== undefined) checkBody(operation, type, isStream(path) ? body : jsonOf(text), place);
    checkQuery(operation, path, place);
    const replyType = received === EMPTY ? EMPTY : (reply.headers.get('content-type') ?? EMPTY);
    checkReply(operation, status, replyType, received, place);
    this.seen.add(`${method} ${template} ${status} ${status < 300 ? replyType : '*'}`);
    return received;
  }

  /** The same with either of the types that a reply of v2 without embedded data may have. */
  async both(status: number, method: string, path: string, body?: unknown): Promise<void> {
    for (const accept of [V2, JSON_TYPE]) await this.go(status, method, path, body, { accept });
  }

  /** While the log fails with a code. */
  async failing(code: CommitLogErrorCode, action: () => Promise<unknown>): Promise<void> {
    this.one.log.faults = (method) => (method === 'produceBatch' ? new CommitLogError(code, code) : null);
    await action();
    this.one.log.faults = null;
  }
}

function operationOf(method: string, path: string): { template: string; operation: Operation } {
  const bare = path.split('?')[0] ?? '';
  const template = templates.find(({ pattern }) => pattern.test(bare))?.template ?? '';
  const operation = document.paths[template]?.[method.toLowerCase()];
  if (operation === undefined) throw new Error(`${method} ${path} is not in the document`);
  return { template, operation };
}

const isStream = (path: string): boolean => path.startsWith('/v3') && path.endsWith('/records');
const streamOf = (records: unknown): string => (records as object[]).map((record) => JSON.stringify(record)).join(' ');
const jsonOf = (text: string): unknown => (text === EMPTY ? undefined : JSON.parse(text));

function checkBody({ requestBody }: Operation, type: string, body: unknown, place: string): void {
  if (body === undefined) return assert.is(requestBody?.required ?? false, false, place);
  const schema = requestBody?.content[type]?.schema;
  if (schema === undefined) throw new Error(`${place}: requests of ${type} are not in the document`);
  for (const one of Array.isArray(body) ? body : [body]) assert.is(violation(schema, one), null, place);
}

function checkQuery({ parameters = [] }: Operation, path: string, place: string): void {
  const known = parameters.map((parameter) => resolve(parameter as { readonly name: string }).name);
  for (const name of new URL(path, 'http://x').searchParams.keys())
    assert.ok(known.includes(name), `${place}: ${name}`);
}

function checkReply({ responses }: Operation, status: number, type: string, text: string, place: string): void {
  const response = responses[status] ?? (status >= 400 ? responses['default'] : undefined);
  if (response === undefined) throw new Error(`${place}: the status is not in the document`);
  const { content } = resolve<Reply>(response);
  if (type === EMPTY) return assert.is(content, undefined, place);
  const schema = content?.[type]?.schema;
  if (schema === undefined) throw new Error(`${place}: replies of ${type} are not in the document`);
  for (const part of partsOf(type, text)) assert.is(violation(schema, part), null, place);
}

/** A stream's schema is that of its parts. */
function partsOf(type: string, text: string): unknown[] {
  if (type === 'text/event-stream') return [text];
  const lines = text.split(type === 'application/x-ndjson' ? '\n' : '\r\n').filter((line) => line !== EMPTY);
  return lines.map((line) => JSON.parse(line));
}
