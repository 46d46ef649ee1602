/** The policies by name, one sealed file each, and what a set of them allows. */
import { Acl } from '../policy/acl.ts';
import { defaultPolicyText } from '../policy/default-policy.ts';
import { parsePolicy, type Policy } from '../policy/policy.ts';
import type { SealedFiles } from '../sealing/sealed-files.ts';
import { SecretStoreError } from '../secret-store.ts';
import { WRAPPING_POLICY } from './wrapping.ts';

/** Compiled policies that are kept; a device has few. */
const MOST_COMPILED = 16;

export class PolicySet {
  readonly #files: () => SealedFiles;
  readonly #compiled = new Map<string, Policy | null>();

  constructor(files: () => SealedFiles) {
    this.#files = files;
  }

  /** Sorted, but for `root`, which Vault names last. */
  names(): readonly string[] {
    return [...[...new Set([...this.#files().list(''), 'default'])].sort(), 'root'];
  }

  /** The text as it was written, or null. */
  text(name: string): string | null {
    if (name === 'root') return '';
    const stored = this.#files().readJson(name) as { readonly text: string } | null;
    return stored?.text ?? (name === 'default' ? defaultPolicyText() : null);
  }

  /** Errors: `invalid` for a text that is no policy, and for `root`. */
  async write(name: string, text: string): Promise<void> {
    if (name === 'root' || name === WRAPPING_POLICY) {
      throw new SecretStoreError('invalid', `cannot update "${name}" policy`);
    }
    parsePolicy(text);
    try {
      await this.#files().writeJson(name, { text });
    } finally {
      this.#compiled.delete(name);
    }
  }

  async remove(name: string): Promise<void> {
    if (name === 'root' || name === 'default') throw new SecretStoreError('invalid', `cannot delete "${name}" policy`);
    try {
      await this.#files().remove(name);
    } finally {
      this.#compiled.delete(name);
    }
  }

  /** A policy that does not exist grants nothing; one that cannot be read may deny, so nothing is decided without it. */
  acl(names: readonly string[]): Acl {
    return new Acl(
      names.flatMap((name) => this.#policy(name) ?? []),
      names.includes('root'),
    );
  }

  #policy(name: string): Policy | null {
    let policy = this.#compiled.get(name);
    if (policy === undefined) {
      const text = name === 'root' ? null : this.text(name);
      policy = text === null ? null : parsePolicy(text);
      if (this.#compiled.size >= MOST_COMPILED) this.#compiled.clear();
      this.#compiled.set(name, policy);
    }
    return policy;
  }
}
