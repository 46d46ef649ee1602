/**
 * The `SecretStore` of a service: somebody's requests to a `SecretServer`, in this process or elsewhere, with the token
 * of the last login. Paths are below the mount `secret/`, where streambed's services keep theirs.
 */
import type { Random } from '../targets/host.ts';
import { randomUuid } from './identity/random-name.ts';
import {
  type Login,
  type Operation,
  type Secret,
  type SecretData,
  type SecretMetadata,
  type SecretServer,
  type SecretStore,
  SecretStoreError,
  type SecretVersion,
  type StoreReply,
} from './secret-store.ts';
import { parseSeconds } from './wire/durations.ts';

export interface SessionParts {
  readonly server: Pick<SecretServer, 'handle'>;
  readonly random: Random;
  /** Default `secret`. */
  readonly mount?: string;
}

export class SessionStore implements SecretStore {
  readonly #parts: SessionParts;
  readonly #mount: string;
  #token: string | null = null;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#mount = parts.mount ?? 'secret';
  }

  approleAuth(roleId: string, secretId: string): Promise<Login> {
    return this.#login('auth/approle/login', { role_id: roleId, secret_id: secretId });
  }

  userpassAuth(username: string, password: string): Promise<Login> {
    return this.#login(`auth/userpass/login/${username}`, { password });
  }

  async tokenAuth(token: string): Promise<Login> {
    const { data } = await this.#ask('read', 'auth/token/lookup-self', {}, token).catch((error: unknown) => {
      const isRefused = error instanceof SecretStoreError && error.code === 'forbidden';
      throw isRefused ? new SecretStoreError('unauthorized', 'the token is not alive', { cause: error }) : error;
    });
    this.#token = token;
    return loginOf(token, data ?? {});
  }

  async createSecret(
    path: string,
    data: SecretData,
    options?: { readonly checkAndSet?: number },
  ): Promise<SecretVersion> {
    const cas = options?.checkAndSet;
    const body = cas === undefined ? { data } : { data, options: { cas } };
    const reply = await this.#ask('update', `${this.#mount}/data/${path}`, body);
    return versionOf(reply.data ?? {});
  }

  async getSecret(path: string, version?: number): Promise<Secret> {
    const reply = await this.#ask('read', `${this.#mount}/data/${path}`, version === undefined ? {} : { version });
    const { data, metadata } = reply.data as { readonly data: SecretData | null; readonly metadata: SecretData };
    if (data === null) throw new SecretStoreError('deleted', 'this version is deleted');
    return { ...versionOf(metadata), data, leaseDuration: reply.leaseDuration ?? 0 };
  }

  async listSecrets(path: string): Promise<readonly string[]> {
    const reply = await this.#ask('list', `${this.#mount}/metadata/${path}`);
    return reply.data?.['keys'] as readonly string[];
  }

  async secretMetadata(path: string): Promise<SecretMetadata> {
    const { data } = await this.#ask('read', `${this.#mount}/metadata/${path}`);
    return metadataOf(data ?? {});
  }

  async deleteSecret(path: string, versions?: readonly number[]): Promise<void> {
    if (versions === undefined) await this.#ask('delete', `${this.#mount}/data/${path}`);
    else await this.#ask('update', `${this.#mount}/delete/${path}`, { versions });
  }

  async undeleteSecret(path: string, versions: readonly number[]): Promise<void> {
    await this.#ask('update', `${this.#mount}/undelete/${path}`, { versions });
  }

  async destroySecret(path: string, versions: readonly number[]): Promise<void> {
    await this.#ask('update', `${this.#mount}/destroy/${path}`, { versions });
  }

  async removeSecret(path: string): Promise<void> {
    await this.#ask('delete', `${this.#mount}/metadata/${path}`);
  }

  async userpassCreateUpdateUser(username: string, password: string, policies?: readonly string[]): Promise<void> {
    const body = policies === undefined ? { password } : { password, token_policies: policies };
    await this.#ask('update', `auth/userpass/users/${username}`, body);
  }

  async #login(path: string, data: SecretData): Promise<Login> {
    const { auth } = await this.#ask('update', path, data, null);
    if (auth === undefined) throw new SecretStoreError('unauthorized', 'the server gave no token');
    this.#token = auth.clientToken;
    return auth;
  }

  #ask(operation: Operation, path: string, data: SecretData = {}, token = this.#token): Promise<StoreReply> {
    const id = randomUuid(this.#parts);
    return this.#parts.server.handle({ id, operation, path, data, token, remoteAddress: '', wrapTtl: null });
  }
}

function timeOf(value: unknown): number | null {
  return typeof value === 'string' && value !== '' ? Date.parse(value) : null;
}

function versionOf(data: SecretData): SecretVersion {
  return {
    version: Number(data['version']),
    createdAt: timeOf(data['created_time']) ?? 0,
    deletionAt: timeOf(data['deletion_time']),
    destroyed: data['destroyed'] === true,
  };
}

function metadataOf(data: SecretData): SecretMetadata {
  const versions = Object.entries((data['versions'] ?? {}) as Record<string, SecretData>);
  return {
    currentVersion: Number(data['current_version']),
    oldestVersion: Number(data['oldest_version']),
    createdAt: timeOf(data['created_time']) ?? 0,
    updatedAt: timeOf(data['updated_time']) ?? 0,
    maxVersions: Number(data['max_versions']),
    casRequired: data['cas_required'] === true,
    deleteVersionAfter: parseSeconds(String(data['delete_version_after'] ?? '0')) ?? 0,
    customMetadata: (data['custom_metadata'] ?? null) as SecretMetadata['customMetadata'],
    versions: versions.map(([version, entry]) => versionOf({ ...entry, version })),
  };
}

/** A token's own look at itself as a login. */
function loginOf(token: string, data: SecretData): Login {
  return {
    clientToken: token,
    accessor: String(data['accessor'] ?? ''),
    policies: data['policies'] as readonly string[],
    tokenPolicies: data['policies'] as readonly string[],
    metadata: (data['meta'] ?? null) as Login['metadata'],
    leaseDuration: Number(data['ttl'] ?? 0),
    renewable: data['renewable'] === true,
    orphan: data['orphan'] === true,
    numUses: Number(data['num_uses'] ?? 0),
  };
}
