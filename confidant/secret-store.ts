/**
 * The secret store: what every implementation promises (sealed files here, a real Vault over HTTP elsewhere) and all
 * that a caller may know. Its words and their meaning are Vault's; it imports nothing.
 *
 * Two views of one thing:
 * - `SecretStore` is what a service uses, with streambed's operations and what versions add to them. It is somebody:
 *   it logs in once and everything after that is done with the token it got.
 * - `SecretServer` is what a face (HTTP, a command line) uses: it takes one request of anybody, in the shape that
 *   Vault's own paths give it, and decides who may do what. `SecretStore` is made of requests to one.
 *
 * - **Acknowledged means kept.** What resolves is on the medium; after any stop a secret is as it was before a change or
 *   as it is after it, never neither.
 * - **Nothing unauthentic is returned.** A byte flipped, a file cut or put in another's place fails with `damaged`, and
 *   that for this one secret: everything else goes on.
 * - **Nothing leaks.** No secret, token or password stands in an error, a report, a file name or an audit record.
 *
 * A *path* names a secret below a mount: segments between `/`, none of them empty, `.` or `..`, no control characters,
 * no more than 512 bytes in all. A *secret* is a map of names to JSON values, kept in numbered *versions*, the first is
 * 1; the newest `maxVersions` are kept. Deleting a version hides it until it is undeleted; destroying it removes its
 * value for good. Times are milliseconds since 1970, durations and leases whole seconds unless their name says `Ms`.
 */
export interface SecretStore {
  /**
   * Logs in with the role id and the secret id of a machine, and uses the token from now on.
   * Errors: `unauthorized` (wrong, used up or expired, no difference is told), `busy`, `sealed`, `host-failed`.
   */
  approleAuth(roleId: string, secretId: string): Promise<Login>;

  /** Logs in with name and password. Errors as above; `forbidden` while the user is locked out. */
  userpassAuth(username: string, password: string): Promise<Login>;

  /** Goes on with a token that it has from elsewhere. Errors: `unauthorized` when it is not alive, `sealed`. */
  tokenAuth(token: string): Promise<Login>;

  /**
   * Writes a new version. `checkAndSet`: only if this is the current version, 0: only if there is none.
   * Errors: `conflict`, `forbidden`, `unauthorized`, `bad-path`, `too-large`, `invalid`, `sealed`, `damaged`,
   * `host-failed`.
   */
  createSecret(path: string, data: SecretData, options?: { readonly checkAndSet?: number }): Promise<SecretVersion>;

  /**
   * Reads the newest or a certain version. Errors: `absent`, `deleted`, `forbidden`, `unauthorized`, `bad-path`,
   * `sealed`, `damaged`, `unknown-version` (of the file's format), `host-failed`.
   */
  getSecret(path: string, version?: number): Promise<Secret>;

  /** Names below a path, sorted, those of directories with a `/` behind them. Errors as `getSecret`. */
  listSecrets(path: string): Promise<readonly string[]>;

  /** What is known of a secret without its values. Errors as `getSecret`. */
  secretMetadata(path: string): Promise<SecretMetadata>;

  /** Hides versions; without any, the newest. Of what does not exist nothing is deleted, and that is no error. */
  deleteSecret(path: string, versions?: readonly number[]): Promise<void>;
  undeleteSecret(path: string, versions: readonly number[]): Promise<void>;
  /** Removes the values of versions for good. */
  destroySecret(path: string, versions: readonly number[]): Promise<void>;
  /** Removes a secret with all of its versions and its metadata. */
  removeSecret(path: string): Promise<void>;

  /** Makes a user or sets its password and, when given, its policies. */
  userpassCreateUpdateUser(username: string, password: string, policies?: readonly string[]): Promise<void>;
}

export type SecretData = Readonly<Record<string, unknown>>;

export interface SecretVersion {
  readonly version: number;
  readonly createdAt: number;
  /** When it was or will be deleted, else null. */
  readonly deletionAt: number | null;
  readonly destroyed: boolean;
}

export interface Secret extends SecretVersion {
  readonly data: SecretData;
  /** Seconds for which a copy may be kept; 0: not at all. */
  readonly leaseDuration: number;
}

export interface SecretMetadata {
  readonly currentVersion: number;
  readonly oldestVersion: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly maxVersions: number;
  readonly casRequired: boolean;
  readonly deleteVersionAfter: number;
  readonly customMetadata: Readonly<Record<string, string>> | null;
  readonly versions: readonly SecretVersion[];
}

/** A token that was given out, with what its holder is told of it: Vault's `auth`, in camel case. */
export interface Login {
  readonly clientToken: string;
  readonly accessor: string;
  readonly policies: readonly string[];
  readonly tokenPolicies: readonly string[];
  readonly metadata: Readonly<Record<string, string>> | null;
  /** Seconds; 0: never ends. */
  readonly leaseDuration: number;
  readonly renewable: boolean;
  readonly orphan: boolean;
  readonly numUses: number;
}

export interface SecretServer {
  /**
   * Answers one request. Everything Vault says by an error status is thrown as a `SecretStoreError`; its `message` is
   * Vault's text. Nothing is changed and nothing is told without a token that may do it, but for the paths that Vault
   * leaves open: health, seal status, leader, init, unseal, unwrapping, logins.
   */
  handle(request: StoreRequest): Promise<StoreReply>;

  /**
   * What a token may do, for faces of other things that the same policies guard. Counts as a use of the token. Errors:
   * `forbidden` for one that is not alive, or not good for that address, `sealed`, `uninitialized`, `host-failed`.
   */
  authorize(token: string, remoteAddress: string): Promise<Authority>;
}

export interface Authority {
  may(path: string, operation: Operation): boolean;
}

/** Vault's operations. A face sends `update` for every write; the server finds out whether it is a `create`. */
export type Operation = 'read' | 'create' | 'update' | 'patch' | 'delete' | 'list';

export interface StoreRequest {
  /** A UUID that the face gives, by which the audit's records of one request are found. */
  readonly id: string;
  readonly operation: Operation;
  /** Without `/v1/` in front and without `/` at either end: `secret/data/a/b`. */
  readonly path: string;
  /** The body's fields; of what is read or deleted, those of the query. */
  readonly data: SecretData;
  readonly token: string | null;
  /** Where the request comes from, for throttling, for tokens that are bound to addresses, and for the audit. */
  readonly remoteAddress: string;
  /** For how long the reply is to be kept under a wrapping token, in seconds or in Go's words (`5m`); null: not at all. */
  readonly wrapTtl: number | string | null;
}

export interface StoreReply {
  /** What `data` of the reply's envelope holds; the whole body when `plain`. Null with nothing else set: no content. */
  readonly data: SecretData | null;
  readonly auth?: Login;
  readonly wrap?: WrapInfo;
  readonly warnings?: readonly string[];
  readonly leaseDuration?: number;
  /** The body is `data` itself and not Vault's envelope: health, seal status, init, leader. */
  readonly plain?: boolean;
  /** `not-found` and `invalid` for replies that are errors and say something all the same, as a deleted version does. */
  readonly outcome?: 'not-found' | 'invalid';
}

export interface WrapInfo {
  readonly token: string;
  readonly accessor: string;
  readonly ttl: number;
  readonly creationTime: number;
  readonly creationPath: string;
  readonly wrappedAccessor?: string;
}

/**
 * - `absent`: nothing there; `deleted`: there was; `unsupported`: the path knows no such operation; `no-route`: no such
 *   path at all, or it goes through something that is not there.
 * - `unauthorized`: login refused; `forbidden`: no token, a dead token, or one that may not.
 * - `invalid`: the request makes no sense; `bad-path`; `too-large`; `conflict`: check-and-set; `exists`: it is there.
 * - `busy`: too many hashes wait, or too many failures: again after `retryAfterMs`.
 * - `sealed`, `uninitialized`: the server's state.
 * - `damaged`: not authentic; `unknown-version`: of the file's format; `host-failed`: the medium refused.
 */
export type SecretStoreErrorCode =
  | 'absent'
  | 'deleted'
  | 'unsupported'
  | 'no-route'
  | 'unauthorized'
  | 'forbidden'
  | 'invalid'
  | 'bad-path'
  | 'too-large'
  | 'conflict'
  | 'exists'
  | 'busy'
  | 'sealed'
  | 'uninitialized'
  | 'damaged'
  | 'unknown-version'
  | 'host-failed';

export class SecretStoreError extends Error {
  override readonly name = 'SecretStoreError';
  readonly code: SecretStoreErrorCode;
  /** With `busy`. */
  readonly retryAfterMs: number;

  constructor(code: SecretStoreErrorCode, message: string, options?: { cause?: unknown; retryAfterMs?: number }) {
    super(message, options);
    this.code = code;
    this.retryAfterMs = options?.retryAfterMs ?? 0;
  }
}
