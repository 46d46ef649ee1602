/** One connection of the HTTP server: its requests, one after the other, each answered before the next is read. */
import type { Connection } from '../../host.ts';
import { type BodyStream, WebRequest, WebResponse, WebSignal } from '../web/messages.ts';
import { WebHeaders } from '../web/headers.ts';
import { RequestBody } from './body.ts';
import { ByteSource } from './byte-source.ts';
import { BadRequest, parseHead, type RequestHead } from './head.ts';
import { writeReply } from './reply.ts';
import type { HttpEnv, ServerContext } from './server.ts';

/** Clients keep idle connections for up to 90 s; one that we close first meets a request that is on its way. */
const idleMs = 120_000;
const headMs = 30_000;
/** Who sends a body whose length is known, and who takes a reply, must keep going. */
const stalledMs = 60_000;
const lingerMs = 2_000;
/** What is left of a body that the application did not want is read away up to here, to keep the connection. */
const mostDrainedBytes = 64 * 1024;
/** So much of a reply must be taken before a client counts as stalled. */
const pieceBytes = 64 * 1024;

export class Exchange {
  readonly #context: ServerContext;
  readonly #connection: Connection;
  readonly #source: ByteSource;
  /** One too many: it is told so, and not served. */
  readonly #isSurplus: boolean;
  #signal: WebSignal | null = null;
  #reply: BodyStream | null = null;
  #deadline = 0;
  isIdle = true;
  #isStopping = false;
  /** A part of a reply is out: nothing but the rest of it may follow. */
  #isReplying = false;
  #hasTurn = false;

  constructor(context: ServerContext, connection: Connection, isSurplus: boolean) {
    this.#context = context;
    this.#connection = connection;
    this.#isSurplus = isSurplus;
    this.#source = new ByteSource(connection, () => this.#leave());
  }

  /** Serves until the connection ends; never rejects. */
  async run(): Promise<void> {
    try {
      this.#wait(this.#isSurplus ? headMs : idleMs);
      while (await this.#serveOne()) this.#wait(idleMs);
    } catch (error) {
      if (error instanceof BadRequest && !this.#isReplying) await this.#refuse(error).catch(() => {});
    }
    this.#connection.close();
  }

  /** Ends what waits for longer than it may. */
  check(nowMs: number): void {
    if (nowMs > this.#deadline) this.#connection.close();
  }

  /** Closes now, or behind the reply that is on its way. */
  stop(): void {
    this.#isStopping = true;
    if (this.isIdle) this.#connection.close();
  }

  close(): void {
    this.#connection.close();
  }

  #wait(durationMs: number): void {
    this.#deadline = this.#context.clock.monotonic() + durationMs;
  }

  /** Nothing more comes: whoever waits for something to tell this client need wait no longer. */
  #leave(): void {
    this.#signal?.abort();
    void this.#reply?.cancel();
  }

  /** Whether another request may follow. */
  async #serveOne(): Promise<boolean> {
    const head = await this.#readHead();
    if (head === null) return false;
    if (this.#isSurplus) throw new BadRequest(503, 'too many connections');
    this.#wait(Number.POSITIVE_INFINITY);
    let isAnswered = false;
    const body = new RequestBody(this.#source, head.bodyLength, {
      begin: () => {
        if (head.expectsContinue) void this.#write('HTTP/1.1 100 Continue\r\n\r\n').catch(() => {});
      },
      // A body without a length may be a stream, which pauses as it likes for as long as it is listened to.
      waits: (isWaiting) => {
        this.#wait(isWaiting && (isAnswered || head.bodyLength !== null) ? stalledMs : Number.POSITIVE_INFINITY);
      },
      decodeLatin1: this.#context.decodeLatin1,
    });
    if (body.isComplete) this.#source.readAhead();
    else if (head.bodyLength !== null && this.#source.bytes.length >= head.bodyLength) await this.#takeTurn();
    const response = await this.#answer(head, body);
    if (body.fault !== null) throw body.fault;
    // To HTTP/1.0 the end of the connection is the end of a stream.
    const isKept = head.keepsAlive && !this.#isStopping && !(head.isOld && streamIn(response) !== null);
    const keepsAlive = isKept && (body.isComplete || !head.expectsContinue);
    await this.#send(head, response, keepsAlive);
    isAnswered = true;
    this.#signal = null;
    this.#reply = null;
    if (keepsAlive && (await this.#drain(body))) {
      this.isIdle = true;
      return !this.#isStopping;
    }
    await this.#linger();
    return false;
  }

  async #readHead(): Promise<RequestHead | null> {
    for (let seen = 0; ; ) {
      const { bytes } = this.#source;
      // Line ends in front of a request are allowed for, as old clients send one behind a body.
      let start = 0;
      while (bytes[start] === 13 && bytes[start + 1] === 10) start += 2;
      if (bytes.length > start && this.isIdle) {
        this.isIdle = false;
        this.#wait(headMs);
      }
      // A client that speaks TLS would wait for an answer until its patience ends, or ours.
      if (!mayBegin(bytes[start])) throw new BadRequest(400, 'no method begins like this');
      if (bytes.indexOf(10, Math.max(seen, start)) !== -1) {
        const text = this.#context.decodeLatin1(bytes, start, Math.min(bytes.length, this.#context.maxHeaderBytes));
        const end = text.indexOf('\r\n\r\n');
        if (end !== -1) {
          this.#source.take(start + end + 4);
          return parseHead(text.slice(0, end));
        }
      }
      if (bytes.length > this.#context.maxHeaderBytes) throw new BadRequest(431, 'the head is too long');
      seen = bytes.length;
      if (await this.#source.more()) continue;
      if (seen > start) throw new BadRequest(400, 'the client ended in the middle of a head');
      return null;
    }
  }

  async #answer(head: RequestHead, body: RequestBody): Promise<WebResponse> {
    this.#signal = new WebSignal();
    if (this.#source.hasEnded) this.#signal.abort();
    const isGet = head.method === 'GET' || head.method === 'HEAD';
    const request = new WebRequest(this.#urlOf(head), {
      method: head.method,
      headers: new WebHeaders(head.headers),
      body: isGet || body.isComplete ? null : streamFrom(body),
      signal: this.#signal,
      readAll: async () => (await this.#readWhole(body, Number.POSITIVE_INFINITY)) as Uint8Array,
    });
    const env: HttpEnv = {
      remoteAddress: this.#connection.remote.host,
      readBody: (limit) => this.#readWhole(body, limit),
    };
    try {
      return await this.#context.fetch(request, env);
    } catch (error) {
      this.#context.report(error);
      return this.#refusal(500);
    } finally {
      if (this.#hasTurn) this.#context.turns.give();
      this.#hasTurn = false;
    }
  }

  async #takeTurn(): Promise<void> {
    await this.#context.turns.take();
    this.#hasTurn = true;
  }

  /** Null when it is longer. Whoever sends slowly keeps no other from its turn. */
  #readWhole(body: RequestBody, limit: number): Promise<Uint8Array | null> {
    return this.#hasTurn || body.isComplete ? body.readAll(limit) : this.#readInTurn(body, limit);
  }

  async #readInTurn(body: RequestBody, limit: number): Promise<Uint8Array | null> {
    const bytes = await body.readAll(limit);
    if (!this.#hasTurn) await this.#takeTurn();
    return bytes;
  }

  #urlOf({ target, headers }: RequestHead): string {
    if (!target.startsWith('/')) return target;
    return `http://${headers.get('host') || this.#context.fallbackHost}${target}`;
  }

  async #send(head: RequestHead, response: WebResponse, keepsAlive: boolean): Promise<void> {
    this.#reply = streamIn(response);
    if (this.#source.hasEnded) await this.#reply?.cancel();
    const { method, isOld } = head;
    const write = (bytes: Uint8Array) => this.#writePieces(bytes);
    const reply = { method, isOld, closes: !keepsAlive, write, date: this.#context.date() };
    await writeReply({ ...this.#context, ...reply }, response);
    this.#isReplying = false;
  }

  /** A client that takes a reply must keep going; the application need not. */
  async #writePieces(bytes: Uint8Array): Promise<void> {
    this.#isReplying = true;
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      this.#wait(stalledMs);
      await this.#connection.write(bytes.subarray(at, at + pieceBytes));
    }
    this.#wait(Number.POSITIVE_INFINITY);
  }

  /** Whether the body is read to its end, so that the next request can be found. */
  async #drain(body: RequestBody): Promise<boolean> {
    let left = mostDrainedBytes;
    while (!body.isComplete) {
      const bytes = await body.read();
      left -= bytes?.length ?? 0;
      if (left < 0) return false;
    }
    return true;
  }

  async #refuse(fault: BadRequest): Promise<void> {
    if (fault.status === 500) this.#context.report(fault);
    const head: RequestHead = {
      method: 'POST',
      target: '/',
      headers: new Map(),
      isOld: false,
      bodyLength: 0,
      keepsAlive: false,
      expectsContinue: false,
    };
    await this.#send(head, this.#refusal(fault.status), false);
    await this.#linger();
  }

  #refusal(status: number): WebResponse {
    return new WebResponse(this.#context.refusal(status), { status, headers: { 'content-type': 'application/json' } });
  }

  /** To close with bytes unread would reset the connection, and take the reply from the client before it is read. */
  async #linger(): Promise<void> {
    this.#connection.end();
    this.#wait(lingerMs);
    while (await this.#source.more()) this.#source.take(this.#source.bytes.length);
  }

  #write(text: string): Promise<void> {
    return this.#connection.write(this.#context.encodeUtf8(text));
  }
}

function streamIn({ content }: WebResponse): BodyStream | null {
  return content !== null && typeof content === 'object' && 'getReader' in content ? content : null;
}

function streamFrom(body: RequestBody): BodyStream {
  const cancel = async (): Promise<void> => {};
  const reader = {
    read: async () => {
      const value = await body.read();
      return value === null ? { done: true } : { done: false, value };
    },
    cancel,
    releaseLock: () => {},
  };
  return { getReader: () => reader, cancel };
}

/** Whether a request can begin with this byte, or nothing has come yet; a CR may have its LF behind it. */
function mayBegin(byte = 13): boolean {
  return byte === 13 || (byte > 32 && byte < 127);
}
