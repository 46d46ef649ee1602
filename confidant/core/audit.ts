/**
 * What was asked and what came of it, one record before and one after each request, for a log that the operator keeps.
 * Values, tokens and accessors stand in it as keyed hashes: the same value has the same hash, so an incident can be
 * followed, and none can be read. Paths and names of fields stand as they are. What monitors ask again and again, without
 * a token, is left out, as Vault leaves it out: it would wear out the flash, and push what matters out of a bounded log.
 */
import type { Bytes } from '../../targets/host.ts';
import type { TokenEntry } from '../identity/token-entry.ts';
import type { Keyring } from '../sealing/keyring.ts';
import { type SecretData, SecretStoreError, type StoreReply, type StoreRequest } from '../secret-store.ts';
import { hexOf } from '../wire/hex.ts';

/** Where records go. In the service: the topic `audit` of the commit log. */
export interface AuditSink {
  /** Resolves when the record is as durable as the operator wants it. */
  append(record: Uint8Array): Promise<void>;
}

export interface AuditParts {
  readonly sink: AuditSink;
  /** `closed`: no request without its record; `open`: requests go on, and the lack is reported. */
  readonly onFailure: 'closed' | 'open';
  readonly bytes: Bytes;
  /** Null while the store is sealed: then values are left out. */
  readonly keyring: () => Keyring | null;
  readonly now: () => number;
  readonly report: (line: string) => void;
}

/** Deeper or longer than this, a value is hashed as a whole: a record has a bounded size. */
const DEEPEST = 4;
const MOST_FIELDS = 64;
const LONGEST_DATA = 16_384;
const LEFT_OUT = /^sys\/(health|leader|seal-status)$/;

export class Audit {
  readonly #parts: AuditParts;

  constructor(parts: AuditParts) {
    this.#parts = parts;
  }

  /** Errors: `host-failed` when it is to fail closed. */
  async asked(request: StoreRequest): Promise<void> {
    if (isLeftOut(request)) return;
    await this.#append({ type: 'request', ...this.#describe(request) });
  }

  async answered(request: StoreRequest, caller: TokenEntry | null, result: StoreReply | Error): Promise<void> {
    if (isLeftOut(request)) return;
    const code = result instanceof SecretStoreError ? result.code : 'internal';
    const outcome =
      result instanceof Error
        ? { error: code }
        : {
            response: {
              data: this.#hidden(result.data),
              auth: this.#hide(result.auth, 0),
              wrap: this.#hide(result.wrap, 0),
            },
          };
    const auth = caller && {
      accessor: this.#hash(caller.accessor),
      policies: caller.policies,
      display_name: caller.displayName,
    };
    await this.#append({ type: 'response', ...this.#describe(request), auth, ...outcome });
  }

  #describe(request: StoreRequest) {
    return {
      time: new Date(this.#parts.now()).toISOString(),
      request: {
        id: request.id,
        operation: request.operation,
        // Some clients name a token in the path.
        path: request.path.slice(0, 512).replaceAll(/\bhv[sb]\.[\w-]+/g, (token) => this.#hash(token)),
        client_token: request.token === null ? '' : this.#hash(request.token),
        remote_address: request.remoteAddress,
        data: this.#hidden(request.data),
      },
    };
  }

  async #append(record: unknown): Promise<void> {
    const { sink, bytes, onFailure, report } = this.#parts;
    try {
      await sink.append(bytes.encodeUtf8(JSON.stringify(record)));
    } catch (error) {
      if (onFailure === 'closed')
        throw new SecretStoreError('host-failed', 'the audit cannot be written', { cause: error });
      report('audit: a record could not be written');
    }
  }

  #hidden(data: SecretData | null): unknown {
    const hidden = this.#hide(data, 0);
    return JSON.stringify(hidden).length > LONGEST_DATA ? this.#hash(JSON.stringify(data)) : hidden;
  }

  /** A value with all that is in it hashed; the names of fields stay. */
  #hide(value: unknown, depth: number): unknown {
    if (value === null || value === undefined || typeof value === 'boolean') return value;
    if (typeof value !== 'object') return this.#hash(String(value));
    const entries = Object.entries(value);
    if (depth === DEEPEST || entries.length > MOST_FIELDS) return this.#hash(JSON.stringify(value));
    if (Array.isArray(value)) return value.map((item) => this.#hide(item, depth + 1));
    return Object.fromEntries(entries.map(([name, item]) => [name, this.#hide(item, depth + 1)]));
  }

  #hash(text: string): string {
    const { keyring, bytes } = this.#parts;
    const hash = keyring()?.mac('audit', bytes.encodeUtf8(text));
    if (hash === undefined) return 'hmac-blake2b:sealed';
    return `hmac-blake2b:${hexOf(hash.subarray(0, 16))}`;
  }
}

function isLeftOut({ operation, path }: StoreRequest): boolean {
  return operation === 'read' && LEFT_OUT.test(path);
}
