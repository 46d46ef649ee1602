/** The whole Kafka face over the reference log, on a clock that stands still until a test advances it. */
import type { Hono } from 'hono/tiny';
import * as assert from 'uvu/assert';
import { type KafkaDeps, type KafkaDialect, kafkaApp } from '../../http-api/kafka-app.ts';
import { registerStreambed } from '../../http-api/kafka/streambed/routes.ts';
import { registerStreams } from '../../http-api/kafka/streams/routes.ts';
import { registerV2 } from '../../http-api/kafka/v2/routes.ts';
import { registerV3 } from '../../http-api/kafka/v3/routes.ts';
import { defaultLimits, type KafkaLimits } from '../../http-api/limits.ts';
import { MemoryClock } from '../support/memory-host/clock.ts';
import { referenceLog, type ReferenceLog } from '../support/reference-log/reference-log.ts';
import { bytes, random } from '../support/platform.ts';
import { fromBase64, utf8 } from '../support/text.ts';

/** What the clock says at first: 2024-02-29T12:34:56.789Z. */
export const START = 1_709_210_096_789;

export interface Face {
  readonly app: Hono;
  readonly log: ReferenceLog;
  readonly clock: MemoryClock;
  /** What the operator was told. */
  readonly reported: string[];
  readonly stop: () => void;
}

export function face(
  deps: Partial<KafkaDeps> = {},
  limits: Partial<KafkaLimits> = {},
  further: readonly KafkaDialect[] = [],
): Face {
  const clock = new MemoryClock(START);
  const log = referenceLog({ clock });
  const reported: string[] = [];
  const stopping = new AbortController();
  const app = kafkaApp(
    {
      log,
      clock,
      random,
      bytes,
      limits: { ...defaultLimits, ...limits },
      stopping: stopping.signal,
      report: (line) => reported.push(line),
      wildcardDialect: 'streambed',
      clusterId: 'edge-1',
      ...deps,
    },
    [registerStreambed, registerV2, registerV3, registerStreams, ...further],
  );
  return { app, log, clock, reported, stop: () => stopping.abort() };
}

export const V2 = 'application/vnd.kafka.v2+json';
export const BINARY = 'application/vnd.kafka.binary.v2+json';
export const JSON_V2 = 'application/vnd.kafka.json.v2+json';

export interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
  // The tests look at what they expect to be there: a wrong guess fails them.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly json: any;
}

export interface Ask {
  readonly type?: string | undefined;
  readonly accept?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Sends a value as JSON, under the plain v2 type unless told otherwise; `type: ''` sends none. */
export async function ask(
  { app }: Pick<Face, 'app'>,
  method: string,
  path: string,
  body?: unknown,
  { type = V2, accept, headers = {}, signal }: Ask = {},
): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const encoded = text === undefined ? {} : { body: utf8(text) };
  const types = text === undefined || type === '' ? {} : { 'content-type': type };
  const length = text === undefined ? {} : { 'content-length': String(encoded.body?.length) };
  const accepts = accept === undefined ? {} : { accept };
  const init = {
    method,
    headers: { ...types, ...length, ...accepts, ...headers },
    ...encoded,
    ...(signal && { signal }),
  };
  return answerOf(await app.request(`http://edge.example:8082${path}`, init));
}

export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const json: unknown = /^[[{]/.test(text) && !text.includes('\n') ? JSON.parse(text) : undefined;
  return { status: response.status, type: response.headers.get('content-type'), text, json };
}

export function ok(answer: Answer, body: unknown, type: string = V2): void {
  assert.equal([answer.status, answer.json], [200, body], answer.text);
  assert.is(answer.type, type);
}

export function done(answer: Answer): void {
  assert.equal([answer.status, answer.text], [204, '']);
}

export function fails(answer: Answer, status: number, errorCode: number, message?: string | RegExp): void {
  assert.equal([answer.status, answer.json?.error_code], [status, errorCode], answer.text);
  assert.equal(Object.keys(answer.json), ['error_code', 'message']);
  if (typeof message === 'string') assert.is(answer.json.message, message);
  else if (message !== undefined) assert.match(answer.json.message, message);
}

/** Produces text values straight into the log, without keys, to partition 0 unless told otherwise. */
export async function fill({ log }: Face, topic: string, values: readonly string[], partition = 0): Promise<void> {
  for (const value of values) await log.produce({ topic, partition, key: null, value: utf8(value) });
}

/** Creates an instance of group `g` and returns its path. */
export async function instance(one: Face, config: object = {}, group = 'g'): Promise<string> {
  const { status, json, text } = await ask(one, 'POST', `/consumers/${group}`, config);
  assert.is(status, 200, text);
  return new URL(json.base_uri).pathname;
}

/** Starts a request and lets it come to rest: it has been answered, or it waits for time to pass. */
export async function started<T>({ clock }: Face, request: Promise<T>): Promise<{ readonly value: T | null }> {
  const state: { value: T | null } = { value: null };
  request.then(
    (value) => {
      state.value = value;
    },
    () => {},
  );
  await clock.settle();
  return state;
}

export const earliest = { 'auto.offset.reset': 'earliest' };

/** Creates an instance that is subscribed, and returns its path. */
export async function subscribed(
  one: Face,
  config: object = earliest,
  topics: readonly string[] = ['t'],
  group = 'g',
): Promise<string> {
  const path = await instance(one, config, group);
  done(await ask(one, 'POST', `${path}/subscription`, { topics }));
  return path;
}

/** The values of one poll, as text. */
export async function read(one: Face, path: string, query = ''): Promise<string[]> {
  const asked = ask(one, 'GET', `${path}/records${query}`);
  const answer = await started(one, asked);
  if (answer.value === null) await one.clock.advance(1000);
  const { status, json, text } = await asked;
  assert.is(status, 200, text);
  return json.map(({ value }: { value: string }) => fromBase64(value));
}
