/** `transit`: encrypts for others with keys that never leave, so that a sensor can send what only some can read. */
import type { EngineContext } from '../../core/engine-context.ts';
import { Input } from '../../core/input.ts';
import type { Call, Engine, Route } from '../../core/route.ts';
import { type SecretData, SecretStoreError, type StoreReply } from '../../secret-store.ts';
import { type CipherTools, decrypt, encrypt, hmac, isHmac } from './transit-cipher.ts';
import { type KeyType, keyTypes, type TransitKey, TransitKeys } from './transit-keys.ts';

const nothing: StoreReply = { data: null };
const DEFAULT_TYPE = 'aes256-gcm96';
const MOST_ITEMS = 1000;
const flags = ['derived', 'convergent_encryption', 'exportable', 'allow_plaintext_backup'];

type Transform = (item: Input, key: TransitKey) => SecretData;

export class TransitEngine implements Engine {
  readonly #tools: CipherTools;
  readonly #context: EngineContext;
  readonly #keys: TransitKeys;

  constructor(context: EngineContext) {
    const { aes, random, bytes } = context.host;
    this.#tools = { aes, random, bytes, sodium: context.sodium };
    this.#context = context;
    this.#keys = new TransitKeys({ ...context, files: context.files.scope('keys') });
  }

  readonly routes: readonly Route[] = [
    { path: 'keys', operations: { list: () => this.#list() } },
    {
      path: 'keys/{name}',
      operations: {
        read: (call) => this.#read(call),
        update: (call) => this.#create(call),
        delete: (call) => this.#keys.remove(nameOf(call)).then(() => nothing),
      },
    },
    {
      path: 'keys/{name}/rotate',
      operations: { update: async (call) => ({ data: describe(await this.#keys.rotate(nameOf(call))) }) },
    },
    { path: 'keys/{name}/config', operations: { update: (call) => this.#configure(call) } },
    { path: 'keys/{name}/trim', operations: { update: (call) => this.#trim(call) } },
    {
      path: 'encrypt/{name}',
      operations: { update: (call) => this.#encrypt(call) },
      exists: (call) => this.#keys.exists(nameOf(call)),
    },
    {
      path: 'decrypt/{name}',
      operations: { update: (call) => this.#each(call, (item, key) => this.#decrypted(item, key)) },
    },
    {
      path: 'rewrap/{name}',
      operations: { update: (call) => this.#each(call, (item, key) => this.#rewrapped(item, key)) },
    },
    {
      path: 'hmac/{name}',
      operations: { update: (call) => this.#each(call, (item, key) => this.#hmac(call, item, key)) },
    },
    {
      path: 'hmac/{name}/{algorithm}',
      operations: { update: (call) => this.#each(call, (item, key) => this.#hmac(call, item, key)) },
    },
    {
      path: 'verify/{name}',
      operations: { update: (call) => this.#each(call, (item, key) => this.#verified(call, item, key)) },
    },
    {
      path: 'verify/{name}/{algorithm}',
      operations: { update: (call) => this.#each(call, (item, key) => this.#verified(call, item, key)) },
    },
    { path: 'datakey/{kind}/{name}', operations: { update: (call) => this.#dataKey(call) } },
  ];

  #list(): StoreReply {
    const keys = this.#keys.names();
    if (keys.length === 0) throw new SecretStoreError('absent', 'no keys');
    return { data: { keys } };
  }

  #read(call: Call): StoreReply {
    const key = this.#keys.find(nameOf(call));
    if (key === null) throw new SecretStoreError('absent', 'no such key');
    return { data: describe(key) };
  }

  async #create(call: Call): Promise<StoreReply> {
    const { input } = call;
    const asked =
      flags.find((name) => input.boolean(name) === true) ??
      (input.duration('auto_rotate_period') ? 'auto_rotate_period' : null);
    if (asked !== null) throw new SecretStoreError('invalid', `${asked} is not supported`);
    const isNew = await this.#keys.create(nameOf(call), typeOf(input));
    const warnings = isNew ? [] : [`key ${nameOf(call)} already existed`];
    return { data: describe(this.#known(nameOf(call))), warnings };
  }

  #configure(call: Call): Promise<StoreReply> {
    const { input } = call;
    const changed = this.#keys.change(nameOf(call), (key) => {
      const minDecryption = input.integer('min_decryption_version') ?? key.minDecryption;
      const minEncryption = input.integer('min_encryption_version') ?? key.minEncryption;
      const newest = key.versions.length;
      if (minDecryption < 1 || minDecryption > newest || minDecryption < key.minAvailable) {
        throw new SecretStoreError(
          'invalid',
          'cannot set min decryption version of less than 1 or beyond the versions there are',
        );
      }
      if (minEncryption < 0 || minEncryption > newest || (minEncryption > 0 && minEncryption < minDecryption)) {
        throw new SecretStoreError(
          'invalid',
          'cannot set min encryption version below min decryption version or beyond the latest',
        );
      }
      return {
        ...key,
        minDecryption,
        minEncryption,
        deletionAllowed: input.boolean('deletion_allowed') ?? key.deletionAllowed,
      };
    });
    return changed.then((key) => ({ data: describe(key) }));
  }

  #trim(call: Call): Promise<StoreReply> {
    const least = call.input.integer('min_available_version') ?? 0;
    const changed = this.#keys.change(nameOf(call), (key) => {
      if (least < key.minAvailable || least > key.minDecryption || least > (key.minEncryption || key.versions.length)) {
        throw new SecretStoreError('invalid', 'minimum available version cannot be above the versions that are in use');
      }
      const versions = key.versions.map((version, i) => (i + 1 < least ? null : version));
      return { ...key, versions, minAvailable: least };
    });
    return changed.then((key) => ({ data: describe(key) }));
  }

  /** A key that is missing is made: whoever comes here without one may create it. */
  async #encrypt(call: Call): Promise<StoreReply> {
    // Of no account where there is a key.
    const hasType = call.input.has('type');
    if (!this.#keys.exists(nameOf(call))) {
      if (call.operation !== 'create') throw new SecretStoreError('invalid', 'encryption key not found');
      await this.#keys.create(nameOf(call), hasType ? typeOf(call.input) : DEFAULT_TYPE);
    }
    return this.#each(call, (item, key) => {
      const plaintext = this.#bytesOf(item, 'plaintext');
      return shown(encrypt(this.#tools, key, plaintext, this.#associated(item), item.integer('key_version') ?? 0));
    });
  }

  #decrypted(item: Input, key: TransitKey): SecretData {
    const plaintext = decrypt(this.#tools, key, textOf(item, 'ciphertext'), this.#associated(item));
    return { plaintext: this.#tools.bytes.encodeBase64(plaintext) };
  }

  #rewrapped(item: Input, key: TransitKey): SecretData {
    const associated = this.#associated(item);
    const plaintext = decrypt(this.#tools, key, textOf(item, 'ciphertext'), associated);
    return shown(encrypt(this.#tools, key, plaintext, associated, item.integer('key_version') ?? 0));
  }

  #hmac(call: Call, item: Input, key: TransitKey): SecretData {
    const version = item.integer('key_version') ?? call.input.integer('key_version') ?? 0;
    return { hmac: hmac(this.#tools, key, algorithmOf(call), this.#bytesOf(item, 'input'), version) };
  }

  #verified(call: Call, item: Input, key: TransitKey): SecretData {
    return { valid: isHmac(this.#tools, key, algorithmOf(call), this.#bytesOf(item, 'input'), textOf(item, 'hmac')) };
  }

  #dataKey(call: Call): StoreReply {
    const { input, parameters } = call;
    const kind = parameters['kind'] ?? '';
    const bits = input.integer('bits') ?? 256;
    if (kind !== 'plaintext' && kind !== 'wrapped')
      throw new SecretStoreError('invalid', 'invalid path, must be plaintext or wrapped');
    if (bits !== 128 && bits !== 256 && bits !== 512) throw new SecretStoreError('invalid', 'invalid bit length');
    const key = new Uint8Array(bits / 8);
    this.#tools.random.fill(key);
    const sealed = shown(encrypt(this.#tools, this.#known(nameOf(call)), key, new Uint8Array(0), 0));
    return { data: kind === 'wrapped' ? sealed : { ...sealed, plaintext: this.#tools.bytes.encodeBase64(key) } };
  }

  /** One item, or each of `batch_input`, whose failures are told in their places. */
  #each(call: Call, transform: Transform): StoreReply {
    const { input } = call;
    const key = this.#known(nameOf(call));
    const batch = input.raw('batch_input');
    if (batch === undefined) return { data: transform(input, key) };
    if (!Array.isArray(batch) || batch.length === 0)
      throw new SecretStoreError('invalid', 'missing batch input to process');
    if (batch.length > MOST_ITEMS) throw new SecretStoreError('invalid', `at most ${MOST_ITEMS} items at once`);
    const results = batch.map((item) => resultOf(item, key, transform));
    const hasFailed =
      input.integer('partial_failure_response_code') !== 200 && results.some((result) => 'error' in result);
    return { data: { batch_results: results }, ...(hasFailed && { outcome: 'invalid' as const }) };
  }

  /** Errors: `invalid`. */
  #known(name: string): TransitKey {
    const key = this.#keys.find(name);
    if (key === null) throw new SecretStoreError('invalid', 'encryption key not found');
    return key;
  }

  #associated(item: Input): Uint8Array {
    if ((item.text('context') ?? '') !== '')
      throw new SecretStoreError('invalid', 'context given, but the key is not derived');
    return item.has('associated_data') ? this.#bytesOf(item, 'associated_data') : new Uint8Array(0);
  }

  #bytesOf(item: Input, name: string): Uint8Array {
    const text = item.text(name);
    if (text === undefined) throw new SecretStoreError('invalid', `missing ${name}`);
    try {
      return this.#context.host.bytes.decodeBase64(text);
    } catch {
      throw new SecretStoreError('invalid', `failed to base64-decode ${name}`);
    }
  }
}

function resultOf(item: unknown, key: TransitKey, transform: Transform): SecretData {
  const isMap = typeof item === 'object' && item !== null && !Array.isArray(item);
  const input = new Input(isMap ? (item as SecretData) : {});
  const reference = input.raw('reference');
  const rest = reference === undefined ? {} : { reference };
  try {
    return { ...transform(input, key), ...rest };
  } catch (error) {
    if (error instanceof SecretStoreError && error.code === 'invalid') return { error: error.message, ...rest };
    throw error;
  }
}

function shown({ ciphertext, version }: { readonly ciphertext: string; readonly version: number }): SecretData {
  return { ciphertext, key_version: version };
}

function typeOf(input: Input): KeyType {
  const type = input.text('type') ?? DEFAULT_TYPE;
  if (Object.hasOwn(keyTypes, type)) return type as KeyType;
  throw new SecretStoreError(
    'invalid',
    `unknown key type ${type.slice(0, 32)}: ${Object.keys(keyTypes).join(', ')} are known`,
  );
}

function algorithmOf({ parameters, input }: Call): string {
  return parameters['algorithm'] ?? input.text('algorithm') ?? 'sha2-256';
}

function textOf(item: Input, name: string): string {
  const text = item.text(name);
  if (text === undefined) throw new SecretStoreError('invalid', `missing ${name}`);
  return text;
}

function nameOf({ parameters }: Call): string {
  return parameters['name'] ?? '';
}

function describe(key: TransitKey): SecretData {
  const versions = key.versions.flatMap((version, i) => (version === null ? [] : [[i + 1, version] as const]));
  return {
    name: key.name,
    type: key.type,
    latest_version: key.versions.length,
    min_decryption_version: key.minDecryption,
    min_encryption_version: key.minEncryption,
    min_available_version: key.minAvailable,
    deletion_allowed: key.deletionAllowed,
    derived: false,
    exportable: false,
    allow_plaintext_backup: false,
    auto_rotate_period: 0,
    imported_key: false,
    supports_encryption: true,
    supports_decryption: true,
    supports_derivation: false,
    supports_signing: false,
    keys: Object.fromEntries(
      versions
        .filter(([version]) => version >= key.minDecryption)
        .map(([version, { createdAt }]) => [version, Math.floor(createdAt / 1000)]),
    ),
  };
}
