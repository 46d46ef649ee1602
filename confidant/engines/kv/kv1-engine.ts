/** Secrets without versions: KV version 1. A write replaces, and there is no way back. Facts: http-contract B7. */
import type { Bytes } from '../../../targets/host.ts';
import type { EngineContext } from '../../core/engine-context.ts';
import type { Call, Engine, Route } from '../../core/route.ts';
import { type SecretData, SecretStoreError, type StoreReply } from '../../secret-store.ts';
import { parseDuration } from '../../wire/durations.ts';

const MOST_BYTES = 256 * 1024;
const nothing: StoreReply = { data: null };

export class Kv1Engine implements Engine {
  readonly #files: EngineContext['files'];
  readonly #bytes: Bytes;
  readonly #leaseTtl: () => number;

  constructor({ files, host, leaseTtl }: EngineContext) {
    this.#files = files.scope('secrets');
    this.#bytes = host.bytes;
    this.#leaseTtl = leaseTtl;
  }

  readonly routes: readonly Route[] = [
    {
      path: '{path...}',
      operations: {
        read: (call) => this.#read(call),
        update: (call) => this.#write(call),
        delete: (call) => this.#remove(call),
        list: (call) => this.#list(call),
      },
      exists: ({ parameters }) => this.#files.exists(parameters['path'] ?? ''),
    },
  ];

  #read({ parameters }: Call): StoreReply {
    const data = this.#files.readJson(parameters['path'] ?? '') as SecretData | null;
    if (data === null) throw new SecretStoreError('absent', 'no such secret');
    const time = data['ttl'] ?? data['lease'];
    const seconds = typeof time === 'string' || typeof time === 'number' ? parseDuration(time) : null;
    return { data, leaseDuration: Math.max(0, seconds ?? this.#leaseTtl()) };
  }

  async #write({ parameters, input }: Call): Promise<StoreReply> {
    const data = input.rest();
    if (Object.keys(data).length === 0) throw new SecretStoreError('invalid', 'missing data fields');
    if (this.#bytes.encodeUtf8(JSON.stringify(data)).length > MOST_BYTES) {
      throw new SecretStoreError('too-large', `a secret has at most ${MOST_BYTES} bytes`);
    }
    await this.#files.writeJson(parameters['path'] ?? '', data);
    return nothing;
  }

  async #remove({ parameters }: Call): Promise<StoreReply> {
    // Also when it seems to be gone: only then is that durable.
    await this.#files.remove(parameters['path'] ?? '');
    return nothing;
  }

  #list({ parameters }: Call): StoreReply {
    const keys = this.#files.list(parameters['path'] ?? '');
    if (keys.length === 0) throw new SecretStoreError('absent', 'nothing there');
    return { data: { keys } };
  }
}
