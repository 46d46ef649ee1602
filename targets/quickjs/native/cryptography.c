/*
 * Cryptography by libsodium, and by BearSSL for AES, which libsodium leaves to CPUs with instructions for it. What a
 * call is given stands in a table. Argon2id has a thread for each hash: syncs must not wait for seconds.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bearssl.h>
#include <sodium/crypto_aead_chacha20poly1305.h>
#include <sodium/crypto_aead_xchacha20poly1305.h>
#include <sodium/crypto_auth_hmacsha256.h>
#include <sodium/crypto_auth_hmacsha512.h>
#include <sodium/crypto_generichash_blake2b.h>
#include <sodium/crypto_pwhash_argon2id.h>
#include <sodium/utils.h>

#include "host.h"

#define TAG_BYTES 16

/* `in` is key, nonce, text and associated data of a cipher, key and message of a hash. */
struct call {
  struct bytes in[4];
  uint8_t *out;
  size_t length;
};

#define CIPHER(name, library)                                                                              \
  static int name##_seal(const struct call *c) {                                                           \
    return library##_encrypt(c->out, NULL, c->in[2].data, c->in[2].length, c->in[3].data, c->in[3].length, \
                             NULL, c->in[1].data, c->in[0].data);                                          \
  }                                                                                                        \
  static int name##_open(const struct call *c) {                                                           \
    return library##_decrypt(c->out, NULL, NULL, c->in[2].data, c->in[2].length, c->in[3].data,            \
                             c->in[3].length, c->in[1].data, c->in[0].data);                               \
  }

CIPHER(xchacha, crypto_aead_xchacha20poly1305_ietf)
CIPHER(chacha, crypto_aead_chacha20poly1305_ietf)

static int gcm_both(const struct call *c) {
  const int opens = c->length < c->in[2].length;
  const size_t length = opens ? c->length : c->in[2].length;
  br_aes_ct_ctr_keys keys;
  br_gcm_context gcm;
  br_aes_ct_ctr_init(&keys, c->in[0].data, c->in[0].length);
  br_gcm_init(&gcm, &keys.vtable, br_ghash_ctmul32);
  br_gcm_reset(&gcm, c->in[1].data, c->in[1].length);
  br_gcm_aad_inject(&gcm, c->in[3].data, c->in[3].length);
  br_gcm_flip(&gcm);
  memcpy(c->out, c->in[2].data, length);
  br_gcm_run(&gcm, !opens, c->out, length);
  if (!opens) br_gcm_get_tag(&gcm, c->out + length);
  const int differs = opens && br_gcm_check_tag(&gcm, c->in[2].data + length) == 0;
  sodium_memzero(&keys, sizeof(keys));
  sodium_memzero(&gcm, sizeof(gcm));
  return differs;
}

/* The counter is the first four bytes of a block, and BearSSL counts in the last: one call for each. */
static int ctr_both(const struct call *c) {
  br_aes_ct_ctr_keys keys;
  uint8_t block[16];
  memcpy(block, c->in[1].data, sizeof(block));
  memcpy(c->out, c->in[2].data, c->length);
  br_aes_ct_ctr_init(&keys, c->in[0].data, c->in[0].length);
  const uint32_t last = (uint32_t)block[12] << 24 | (uint32_t)block[13] << 16 | (uint32_t)block[14] << 8 | block[15];
  for (size_t at = 0; at < c->length; at += 16) {
    br_aes_ct_ctr_run(&keys, block, last, c->out + at, c->length - at < 16 ? c->length - at : 16);
    for (int i = 3; i >= 0 && ++block[i] == 0;) i -= 1;
  }
  sodium_memzero(&keys, sizeof(keys));
  return 0;
}

static int blake2b(const struct call *c) {
  return crypto_generichash_blake2b(c->out, c->length, c->in[1].data, c->in[1].length, c->in[0].data, c->in[0].length);
}

#define HMAC(name, library)                                        \
  static int name(const struct call *c) {                          \
    library##_state state;                                         \
    library##_init(&state, c->in[0].data, c->in[0].length);        \
    library##_update(&state, c->in[1].data, c->in[1].length);      \
    library##_final(&state, c->out);                               \
    sodium_memzero(&state, sizeof(state));                         \
    return 0;                                                      \
  }

HMAC(hmac256, crypto_auth_hmacsha256)
HMAC(hmac512, crypto_auth_hmacsha512)

static const struct row {
  const char *name;
  int (*run)(const struct call *c); /* not 0 when the tag differs */
  int count;                        /* of `in` */
  size_t key_least, key_most, key_step;
  size_t nonce; /* its length, or 0 for any */
  int length;   /* of the result: a cipher's beyond that of the text; a hash's, or 0 when it is an argument */
} rows[] = {
    {"seal", xchacha_seal, 4, 32, 32, 1, 24, TAG_BYTES},    {"open", xchacha_open, 4, 32, 32, 1, 24, -TAG_BYTES},
    {"chachaSeal", chacha_seal, 4, 32, 32, 1, 12, TAG_BYTES}, {"chachaOpen", chacha_open, 4, 32, 32, 1, 12, -TAG_BYTES},
    {"gcmSeal", gcm_both, 4, 16, 32, 16, 12, TAG_BYTES},    {"gcmOpen", gcm_both, 4, 16, 32, 16, 12, -TAG_BYTES},
    {"ctr", ctr_both, 3, 16, 32, 16, 16, 0},                {"plainBlake2b", blake2b, 2, 0, 0, 1, 0, 0},
    {"keyedBlake2b", blake2b, 2, 16, 64, 1, 0, 0},          {"hmac256", hmac256, 2, 0, SIZE_MAX, 1, 0, 32},
    {"hmac512", hmac512, 2, 0, SIZE_MAX, 1, 0, 64},
};

static JSValue run_row(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments, int magic) {
  const struct row *row = &rows[magic];
  uint32_t hash_length = (uint32_t)row->length;
  struct call c;
  if (row->count == 2 && row->length == 0 && JS_ToUint32(ctx, &hash_length, arguments[2])) return JS_EXCEPTION;
  for (int i = 0; i < row->count; i += 1) {
    if (get_bytes(ctx, arguments[i], &c.in[i]) == FAILED) return JS_EXCEPTION;
  }
  const size_t key = c.in[0].length;
  if (key < row->key_least || key > row->key_most || (key - row->key_least) % row->key_step != 0 ||
      (row->nonce != 0 && c.in[1].length != row->nonce)) {
    return throw_error(ctx, EINVAL, row->name, NULL);
  }
  if (row->count > 2 && row->length < 0 && c.in[2].length < TAG_BYTES) return JS_NULL;
  c.length = row->count > 2 ? c.in[2].length + (size_t)row->length : hash_length;
  c.out = js_malloc(ctx, c.length + 1);
  if (c.out == NULL) return JS_EXCEPTION;
  JSValue result = row->run(&c) == 0 ? new_bytes(ctx, c.out, c.length) : JS_NULL;
  sodium_memzero(c.out, c.length);
  js_free(ctx, c.out);
  return result;
}

static JSValue are_equal(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  struct bytes a, b;
  if (get_bytes(ctx, arguments[0], &a) == FAILED || get_bytes(ctx, arguments[1], &b) == FAILED) return JS_EXCEPTION;
  return JS_NewBool(ctx, a.length == b.length && sodium_memcmp(a.data, b.data, a.length) == 0);
}

struct hash {
  struct job job;
  struct bytes password, salt, into;
  uint32_t memory, passes;
};

static void *run_hash(void *argument) {
  struct hash *hash = argument;
  const struct bytes *password = &hash->password, *into = &hash->into;
  int status = crypto_pwhash_argon2id(into->data, into->length, (char *)password->data, password->length,
                                      hash->salt.data, hash->passes, hash->memory,
                                      crypto_pwhash_argon2id_ALG_ARGON2ID13);
  hash->job.error = status == 0 ? 0 : ENOMEM; /* nothing else can fail with numbers in range */
  end_job(&hash->job);
  return NULL;
}

/* beginArgon2id(password, salt, into, memoryBytes, passes, number): the arrays must stay until `takeDone` tells. */
static JSValue begin_argon2id(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  struct hash given;
  if (JS_ToUint32(ctx, &given.memory, arguments[3]) || JS_ToUint32(ctx, &given.passes, arguments[4]) ||
      JS_ToInt32(ctx, &given.job.number, arguments[5]) || get_bytes(ctx, arguments[0], &given.password) ||
      get_bytes(ctx, arguments[1], &given.salt) || get_bytes(ctx, arguments[2], &given.into)) {
    return JS_EXCEPTION;
  }
  if (given.salt.length != crypto_pwhash_argon2id_SALTBYTES) return throw_error(ctx, EINVAL, "salt", NULL);
  struct hash *hash = malloc(sizeof(*hash));
  if (hash == NULL) return throw_error(ctx, ENOMEM, "argon2id", NULL);
  *hash = given;
  int error = start_thread(run_hash, hash);
  if (error == 0) return JS_UNDEFINED;
  free(hash);
  return throw_error(ctx, error == EAGAIN ? ENOMEM : error, "argon2id", NULL);
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("equal", 2, are_equal),
    JS_CFUNC_DEF("beginArgon2id", 6, begin_argon2id),
};

void add_cryptography_functions(JSContext *ctx, JSValueConst native) {
  ADD_FUNCTIONS(ctx, native, functions);
  for (int i = 0; i < (int)(sizeof(rows) / sizeof(rows[0])); i += 1) {
    JSValue function = JS_NewCFunctionMagic(ctx, run_row, rows[i].name, 4, JS_CFUNC_generic_magic, i);
    JS_SetPropertyStr(ctx, native, rows[i].name, function);
  }
}
