/** `auth/userpass`: people and old services log in with name and password. Facts: http-contract B6. */
import type { EngineContext } from '../../core/engine-context.ts';
import type { Call, Engine, Route } from '../../core/route.ts';
import { Turns } from '../../core/turns.ts';
import { isInRanges } from '../../identity/address-range.ts';
import { LoginThrottle } from '../../identity/login-throttle.ts';
import type { PasswordCheck } from '../../identity/passwords.ts';
import {
  describeTokenParameters,
  plainTokens,
  readTokenParameters,
  type TokenParameters,
} from '../../identity/token-parameters.ts';
import { SecretStoreError, type StoreReply } from '../../secret-store.ts';

interface User {
  /** PHC text of the password's hash. */
  readonly password: string;
  readonly tokens: TokenParameters;
}

const nothing: StoreReply = { data: null };
const LONGEST_NAME = 128;
const LONGEST_PASSWORD = 1024;

export class UserpassEngine implements Engine {
  readonly #context: EngineContext;
  readonly #throttle: LoginThrottle;
  readonly #turns = new Turns();

  constructor(context: EngineContext) {
    this.#context = { ...context, files: context.files.scope('users') };
    const prefix = `userpass-${context.mount.uuid.slice(0, 8)}/`;
    this.#throttle = new LoginThrottle(context.ledger, context.clock, prefix);
  }

  readonly routes: readonly Route[] = [
    { path: 'login/{username}', operations: { update: (call) => this.#login(call) }, isOpen: true },
    { path: 'users', operations: { list: () => this.#list() } },
    {
      path: 'users/{username}',
      operations: {
        read: (call) => this.#read(call),
        update: (call) => this.#write(call),
        delete: (call) => this.#remove(call),
      },
      exists: (call) => this.#context.files.exists(nameOf(call)),
    },
    { path: 'users/{username}/password', operations: { update: (call) => this.#setPassword(call) } },
    { path: 'users/{username}/policies', operations: { update: (call) => this.#setPolicies(call) } },
  ];

  sweep(): Promise<void> {
    return this.#throttle.sweep();
  }

  #find(name: string): User | null {
    return this.#context.files.readJson(name) as User | null;
  }

  #list(): StoreReply {
    const keys = this.#context.files.list('');
    if (keys.length === 0) throw new SecretStoreError('absent', 'no users');
    return { data: { keys } };
  }

  #read(call: Call): StoreReply {
    const user = this.#find(nameOf(call));
    if (user === null) throw new SecretStoreError('absent', 'no such user');
    return { data: describeTokenParameters(user.tokens) };
  }

  async #write(call: Call): Promise<StoreReply> {
    const password = passwordOf(call);
    if (password === undefined && this.#find(nameOf(call)) === null) throw missing();
    const hash = password === undefined ? undefined : await this.#context.passwords.hash(password);
    return this.#change(call, (before) => {
      const known = hash ?? before?.password;
      if (known === undefined) throw missing();
      return { password: known, tokens: readTokenParameters(call.input, before?.tokens ?? plainTokens) };
    });
  }

  async #setPassword(call: Call): Promise<StoreReply> {
    const password = passwordOf(call);
    if (password === undefined) throw missing();
    existing(this.#find(nameOf(call)));
    const hash = await this.#context.passwords.hash(password);
    return this.#change(call, (before) => ({ ...existing(before), password: hash }));
  }

  #setPolicies(call: Call): Promise<StoreReply> {
    return this.#change(call, (before) => {
      const user = existing(before);
      return { ...user, tokens: readTokenParameters(call.input, user.tokens) };
    });
  }

  #change(call: Call, update: (before: User | null) => User): Promise<StoreReply> {
    const name = nameOf(call);
    return this.#turns.take(name, async () => {
      await this.#context.files.writeJson(name, update(this.#find(name)));
      await this.#throttle.succeeded(name);
      return nothing;
    });
  }

  #remove(call: Call): Promise<StoreReply> {
    const name = nameOf(call);
    return this.#turns.take(name, async () => {
      // Also when it seems to be gone: only then is that durable.
      await this.#context.files.remove(name);
      return nothing;
    });
  }

  async #login(call: Call): Promise<StoreReply> {
    const { path, remoteAddress } = call;
    const name = nameOf(call);
    const password = passwordOf(call);
    if (password === undefined) throw new SecretStoreError('unauthorized', 'missing password');
    this.#throttle.check(name, remoteAddress);
    const user = await this.#context.passwords.attempt((isRight) => this.#judge(call, name, password, isRight));
    const { login, warnings } = await this.#context.tokens.create({
      ...user.tokens,
      path,
      displayName: `userpass-${name}`,
      holder: this.#context.mount.path + name,
      meta: { username: name },
    });
    return { data: null, auth: login, warnings };
  }

  async #judge({ remoteAddress }: Call, name: string, password: string, isRight: PasswordCheck): Promise<User> {
    // Whoever waited before this one may have failed once too often.
    this.#throttle.check(name, remoteAddress);
    const user = this.#find(name);
    const isKnown = await isRight(password, user?.password ?? null);
    // A hash takes its time: the user may have been removed, or given another password, meanwhile.
    const isStill = this.#find(name)?.password === user?.password;
    if (user === null || !isKnown || !isStill || !isInRanges(remoteAddress, user.tokens.boundCidrs)) {
      await this.#throttle.failed(name, remoteAddress);
      throw new SecretStoreError('unauthorized', 'invalid username or password');
    }
    await this.#throttle.succeeded(name);
    return user;
  }
}

/** Errors: `bad-path`. */
function nameOf({ parameters }: Call): string {
  const name = (parameters['username'] ?? '').toLowerCase();
  if (name.length > LONGEST_NAME) throw new SecretStoreError('bad-path', 'the user name is too long');
  return name;
}

/** Errors: `invalid`. */
function passwordOf({ input }: Call): string | undefined {
  const password = input.text('password');
  if (password === undefined || password === '') return undefined;
  if (password.length > LONGEST_PASSWORD) throw new SecretStoreError('invalid', 'the password is too long');
  return password;
}

function missing(): SecretStoreError {
  return new SecretStoreError('invalid', 'missing password');
}

function existing(user: User | null): User {
  if (user === null) throw new SecretStoreError('invalid', 'username does not exist');
  return user;
}
