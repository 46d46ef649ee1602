/** A v3 application over the reference log, and the few things its tests say over and over. */
import type { Hono } from 'hono/tiny';
import * as assert from 'uvu/assert';
import { type GroupMember, type KafkaDeps, kafkaApp } from '../../http-api/kafka-app.ts';
import { registerV3 } from '../../http-api/kafka/v3/routes.ts';
import { defaultLimits } from '../../http-api/limits.ts';
import type { ConsumerRecord, Producer } from '../../logged/commit-log.ts';
import { referenceLog, type ReferenceLog } from '../support/reference-log/reference-log.ts';
import { bytes as platformBytes, clock as realClock, random } from '../support/platform.ts';
import { fromUtf8, utf8 } from '../support/text.ts';

/** What the clock says: 2024-02-29T12:34:56.789Z. */
export const NOW = 1_709_210_096_789;
export const CLUSTER = 'http://edge.example:8082/v3/clusters/edge-1';

export interface V3 {
  readonly app: Hono;
  readonly log: ReferenceLog;
  /** What the operator was told. */
  readonly reported: string[];
  readonly stop: () => void;
  readonly members: Record<string, GroupMember[]>;
  /** Whether requests say how long they are, and are then read whole when they are short. */
  readonly hasLength: boolean;
}

export function v3(
  deps: Partial<KafkaDeps> & {
    readonly createTopicsByUse?: boolean;
    readonly rememberedCalls?: number;
    readonly hasLength?: boolean;
  } = {},
): V3 {
  const clock = { ...realClock, now: () => NOW };
  const { createTopicsByUse, rememberedCalls } = deps;
  const log = referenceLog({ clock, createTopicsByUse, rememberedCalls });
  const reported: string[] = [];
  const members: Record<string, GroupMember[]> = {};
  const stopping = new AbortController();
  const app = kafkaApp(
    {
      log,
      clock,
      random,
      bytes: platformBytes,
      limits: defaultLimits,
      stopping: stopping.signal,
      report: (line) => reported.push(line),
      wildcardDialect: 'streambed',
      clusterId: 'edge-1',
      ...deps,
    },
    [
      registerV3,
      (_, context) => {
        context.members = { groups: () => Object.keys(members), of: (group) => members[group] ?? [] };
      },
    ],
  );
  return { app, log, reported, members, stop: () => stopping.abort(), hasLength: deps.hasLength ?? true };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // The tests look at what they expect to be there: a wrong guess fails them.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly json: any;
}

export async function ask(
  { app, hasLength }: V3,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  const length = text === undefined || !hasLength ? {} : { 'content-length': String(utf8(text).length) };
  const url = path.startsWith('/v3') || path.startsWith('/kafka') ? path : `/v3/clusters/edge-1${path}`;
  const init = { method, headers: { ...type, ...length, ...headers }, ...(text === undefined ? {} : { body: text }) };
  return answerOf(await app.request(`http://edge.example:8082${url}`, init));
}

export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = text.startsWith('{') && !text.includes('\r\n');
  return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined };
}

/** Checks that the answer is this JSON, under the type that v3 has. */
export function same(answer: Answer, status: number, body: unknown): void {
  assert.equal([answer.status, answer.json], [status, body], answer.text);
  assert.is(answer.headers.get('content-type'), 'application/json');
}

export function fails(answer: Answer, status: number, errorCode: number, message: string | RegExp): void {
  assert.equal([answer.status, answer.json?.error_code], [status, errorCode], answer.text);
  if (typeof message === 'string') assert.is(answer.json.message, message);
  else assert.match(answer.json.message, message);
  assert.equal(Object.keys(answer.json), ['error_code', 'message']);
  assert.is(answer.headers.get('content-type'), 'application/json');
}

export function empty(answer: Answer, status = 204): void {
  assert.equal([answer.status, answer.text], [status, '']);
}

/** All that is stored of a topic, in order. */
export async function stored({ log }: V3, topic: string): Promise<ConsumerRecord[]> {
  const records: ConsumerRecord[] = [];
  for await (const record of log.subscribe({ subscriptions: [{ topic }], idleTimeoutMs: 0 })) records.push(record);
  return records;
}

export function text(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : fromUtf8(bytes);
}

export function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

export function producerHeaders({ id, sequence }: Producer): Record<string, string> {
  return { 'streambed-producer-id': String(id), 'streambed-producer-sequence': String(sequence) };
}
