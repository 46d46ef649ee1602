/**
 * The contract suite of what `targets/host.ts` promises of cryptography, against published vectors, for every
 * implementation on every runtime.
 */
import { argon2Contract } from './sodium/argon2id.ts';
import { blockCipherContract } from './sodium/block-cipher.ts';
import type { SodiumFactory } from './sodium/harness.ts';
import { hashContract } from './sodium/hashes.ts';
import { sealContract } from './sodium/seals.ts';

export function sodiumContract(factory: SodiumFactory): void {
  sealContract(factory);
  blockCipherContract(factory);
  hashContract(factory);
  argon2Contract(factory);
}
