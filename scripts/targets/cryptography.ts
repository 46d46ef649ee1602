/**
 * The files of libsodium and BearSSL that the C host needs, in their portable form: what is for other CPUs, or asks the
 * CPU what it can, is left out. Nobody calls `sodium_init`, which would choose among them.
 */
import type { Cpu } from './cpus.ts';
import type { SourceDirectories } from './sources.ts';

const LIBSODIUM_FILES = [
  'crypto_aead/chacha20poly1305/sodium/aead_chacha20poly1305',
  'crypto_aead/xchacha20poly1305/sodium/aead_xchacha20poly1305',
  'crypto_auth/hmacsha256/auth_hmacsha256',
  'crypto_auth/hmacsha512/auth_hmacsha512',
  'crypto_core/hchacha20/core_hchacha20',
  'crypto_generichash/blake2b/ref/blake2b-compress-ref',
  'crypto_generichash/blake2b/ref/blake2b-ref',
  'crypto_generichash/blake2b/ref/generichash_blake2b',
  'crypto_hash/sha256/cp/hash_sha256_cp',
  'crypto_hash/sha512/cp/hash_sha512_cp',
  'crypto_onetimeauth/poly1305/donna/poly1305_donna',
  'crypto_onetimeauth/poly1305/onetimeauth_poly1305',
  'crypto_pwhash/argon2/argon2',
  'crypto_pwhash/argon2/argon2-core',
  'crypto_pwhash/argon2/argon2-encoding',
  'crypto_pwhash/argon2/argon2-fill-block-ref',
  'crypto_pwhash/argon2/blake2b-long',
  'crypto_pwhash/argon2/pwhash_argon2id',
  'crypto_stream/chacha20/ref/chacha20_ref',
  'crypto_stream/chacha20/stream_chacha20',
  'crypto_verify/sodium/verify',
  'sodium/codecs',
  'sodium/core',
  'sodium/utils',
];

/** Constant time without instructions for AES: bitslicing, and multiplication of 32 bits by 32. */
const BEARSSL_FILES = [
  'aead/gcm',
  'hash/ghash_ctmul32',
  'symcipher/aes_common',
  'symcipher/aes_ct',
  'symcipher/aes_ct_ctr',
  'symcipher/aes_ct_enc',
];

interface LibraryFile {
  readonly path: string;
  readonly flags: readonly string[];
}

export function cryptographyFiles({ libsodium, bearssl }: SourceDirectories, cpu: Cpu): LibraryFile[] {
  const order = cpu.isBigEndian ? '-DNATIVE_BIG_ENDIAN' : '-DNATIVE_LITTLE_ENDIAN';
  // With mmap for the memory of Argon2, all of it is given back.
  const configured = ['-DCONFIGURED=1', '-D_GNU_SOURCE', '-DHAVE_SYS_MMAN_H', '-DHAVE_MMAP', '-DHAVE_EXPLICIT_BZERO'];
  const sodiumFlags = [...configured, order, '-I', `${libsodium}/include/sodium`];
  const bearFlags = ['-DBR_LE_UNALIGNED=0', '-I', `${bearssl}/inc`, '-I', `${bearssl}/src`];
  return [
    ...LIBSODIUM_FILES.map((name) => ({ path: `${libsodium}/${name}.c`, flags: sodiumFlags })),
    ...BEARSSL_FILES.map((name) => ({ path: `${bearssl}/src/${name}.c`, flags: bearFlags })),
  ];
}

/** Where the C host finds their headers. */
export function cryptographyIncludes({ libsodium, bearssl }: SourceDirectories): string[] {
  return ['-isystem', `${libsodium}/include`, '-isystem', `${bearssl}/inc`];
}
