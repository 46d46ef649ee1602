/* Byte work that is slow in an interpreter: checksum, text encodings, comparison. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

/* The Castagnoli polynomial 0x1edc6f41, bits reversed. */
#define POLYNOMIAL 0x82f63b78u

/* table[k][b]: the effect of byte b, k bytes before the end of four (slicing, Kounavis and Berry 2005). */
static uint32_t table[4][256];

static void fill_table(void) {
  for (uint32_t byte = 0; byte < 256; byte += 1) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >> 1) ^ POLYNOMIAL : crc >> 1;
    table[0][byte] = crc;
  }
  for (int k = 1; k < 4; k += 1) {
    for (int byte = 0; byte < 256; byte += 1) {
      table[k][byte] = table[0][table[k - 1][byte] & 0xff] ^ (table[k - 1][byte] >> 8);
    }
  }
}

static uint32_t crc32c(uint32_t crc, const uint8_t *at, size_t length) {
  crc = ~crc;
  for (; length >= 4; length -= 4, at += 4) {
    crc ^= (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
    crc = table[3][crc & 0xff] ^ table[2][crc >> 8 & 0xff] ^ table[1][crc >> 16 & 0xff] ^ table[0][crc >> 24];
  }
  for (; length > 0; length -= 1, at += 1) crc = table[0][(crc ^ *at) & 0xff] ^ (crc >> 8);
  return ~crc;
}

/* The bytes of arguments 0 to 2, which are bytes, start and end, where those are given. */
static int get_range(JSContext *ctx, JSValueConst *arguments, struct bytes *bytes) {
  struct bytes behind;
  if (get_bytes_from(ctx, arguments[0], arguments[1], bytes) == FAILED) return FAILED;
  if (JS_IsUndefined(arguments[2])) return 0;
  if (get_bytes_from(ctx, arguments[0], arguments[2], &behind) == FAILED) return FAILED;
  if (behind.length > bytes->length) {
    JS_ThrowRangeError(ctx, "the end of a range is before its start");
    return FAILED;
  }
  bytes->length -= behind.length;
  return 0;
}

/* crc32c(bytes, start, end, previous?). */
static JSValue checksum(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  struct bytes bytes;
  uint32_t previous = 0;
  if (!JS_IsUndefined(arguments[3]) && JS_ToUint32(ctx, &previous, arguments[3])) return JS_EXCEPTION;
  if (get_range(ctx, arguments, &bytes) == FAILED) return JS_EXCEPTION;
  return JS_NewUint32(ctx, crc32c(previous, bytes.data, bytes.length));
}

/* The engine writes a lone surrogate as it would a character: ed a0..bf xx. U+FFFD takes three bytes as well. */
static JSValue encode_utf8(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  size_t length;
  const char *text = JS_ToCStringLen(ctx, &length, arguments[0]);
  if (text == NULL) return JS_EXCEPTION;
  JSValue buffer = JS_NewArrayBufferCopy(ctx, (const uint8_t *)text, length);
  JS_FreeCString(ctx, text);
  if (JS_IsException(buffer)) return buffer;
  uint8_t *at = JS_GetArrayBuffer(ctx, &length, buffer);
  const uint8_t *const end = at + length;
  while (at != NULL && (at = memchr(at, 0xed, (size_t)(end - at))) != NULL) {
    if (at[1] >= 0xa0) memcpy(at, "\xef\xbf\xbd", 3);
    at += 3;
  }
  return view_buffer(ctx, buffer);
}

/* The length of the well-formed sequence at `at` (table 3-7 of the Unicode standard), 0 when there is none. */
static size_t sequence_length(const uint8_t *at, size_t room) {
  const uint8_t lead = at[0];
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (room < length) return 0;
  const uint8_t lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const uint8_t highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (at[1] < lowest || at[1] > highest) return 0;
  for (size_t i = 2; i < length; i += 1) {
    if ((at[i] & 0xc0) != 0x80) return 0;
  }
  return length;
}

/* decodeUtf8(bytes, start?, end?). */
static JSValue decode_utf8(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  struct bytes bytes;
  if (get_range(ctx, arguments, &bytes) == FAILED) return JS_EXCEPTION;
  for (size_t at = 0; at < bytes.length;) {
    size_t length = sequence_length(bytes.data + at, bytes.length - at);
    if (length == 0) return throw_error(ctx, EILSEQ, "UTF-8", NULL);
    at += length;
  }
  return JS_NewStringLen(ctx, (const char *)bytes.data, bytes.length);
}

/* decodeLatin1(bytes, start?, end?): one character per byte. */
static JSValue decode_latin1(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  struct bytes bytes;
  if (get_range(ctx, arguments, &bytes) == FAILED) return JS_EXCEPTION;
  char *text = js_malloc(ctx, 2 * bytes.length + 1);
  if (text == NULL) return JS_EXCEPTION;
  size_t length = 0;
  for (size_t at = 0; at < bytes.length; at += 1) {
    const uint8_t byte = bytes.data[at];
    if (byte >= 0x80) text[length++] = (char)(0xc0 | byte >> 6);
    text[length++] = (char)(byte >= 0x80 ? 0x80 | (byte & 0x3f) : byte);
  }
  JSValue result = JS_NewStringLen(ctx, text, length);
  js_free(ctx, text);
  return result;
}

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static JSValue encode_base64(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  struct bytes bytes;
  if (get_bytes(ctx, arguments[0], &bytes) == FAILED) return JS_EXCEPTION;
  char *text = js_malloc(ctx, (bytes.length + 2) / 3 * 4 + 1);
  if (text == NULL) return JS_EXCEPTION;
  char *to = text;
  for (size_t at = 0; at < bytes.length; at += 3) {
    const size_t left = bytes.length - at;
    const uint32_t three = (uint32_t)bytes.data[at] << 16 | (left > 1 ? (uint32_t)bytes.data[at + 1] << 8 : 0) |
                           (left > 2 ? bytes.data[at + 2] : 0);
    *to++ = digits[three >> 18];
    *to++ = digits[three >> 12 & 63];
    *to++ = left > 1 ? digits[three >> 6 & 63] : '=';
    *to++ = left > 2 ? digits[three & 63] : '=';
  }
  JSValue result = JS_NewStringLen(ctx, text, (size_t)(to - text));
  js_free(ctx, text);
  return result;
}

/* The value of a digit, or -1. */
static int digit_value(uint8_t digit) {
  if (digit >= 'A' && digit <= 'Z') return digit - 'A';
  if (digit >= 'a' && digit <= 'z') return digit - 'a' + 26;
  if (digit >= '0' && digit <= '9') return digit - '0' + 52;
  return digit == '+' ? 62 : digit == '/' ? 63 : -1;
}

/* Decodes in place; the length of the result, or -1 unless the text is strict base64. */
static ptrdiff_t decode_digits(uint8_t *text, size_t length) {
  if (length % 4 != 0) return -1;
  size_t padding = 0;
  while (padding < 2 && padding < length && text[length - 1 - padding] == '=') padding += 1;
  uint8_t *to = text;
  uint32_t bits = 0;
  for (size_t at = 0; at < length - padding; at += 1) {
    const int value = digit_value(text[at]);
    if (value < 0) return -1;
    bits = bits << 6 | (uint32_t)value;
    if (at % 4 != 0) *to++ = (uint8_t)(bits >> (6 - at % 4 * 2));
  }
  /* Of the last digit before the padding, the bits that were not needed must be zero. */
  if (padding > 0 && (bits & (padding == 1 ? 3 : 15)) != 0) return -1;
  return to - text;
}

static JSValue decode_base64(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  size_t length;
  const char *text = JS_ToCStringLen(ctx, &length, arguments[0]);
  if (text == NULL) return JS_EXCEPTION;
  uint8_t *copy = js_malloc(ctx, length + 1);
  JSValue result = JS_EXCEPTION;
  if (copy != NULL) {
    memcpy(copy, text, length);
    ptrdiff_t decoded = decode_digits(copy, length);
    result = decoded < 0 ? throw_error(ctx, EILSEQ, "base64", NULL) : new_bytes(ctx, copy, (size_t)decoded);
    js_free(ctx, copy);
  }
  JS_FreeCString(ctx, text);
  return result;
}

static JSValue compare_bytes(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  struct bytes a, b;
  if (get_bytes(ctx, arguments[0], &a) == FAILED || get_bytes(ctx, arguments[1], &b) == FAILED) return JS_EXCEPTION;
  int order = memcmp(a.data, b.data, a.length < b.length ? a.length : b.length);
  if (order == 0) order = (a.length > b.length) - (a.length < b.length);
  return JS_NewInt32(ctx, order);
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("crc32c", 4, checksum),
    JS_CFUNC_DEF("encodeUtf8", 1, encode_utf8),
    JS_CFUNC_DEF("decodeUtf8", 3, decode_utf8),
    JS_CFUNC_DEF("decodeLatin1", 3, decode_latin1),
    JS_CFUNC_DEF("encodeBase64", 1, encode_base64),
    JS_CFUNC_DEF("decodeBase64", 1, decode_base64),
    JS_CFUNC_DEF("compare", 2, compare_bytes),
};

void add_bytes_functions(JSContext *ctx, JSValueConst native) {
  fill_table();
  ADD_FUNCTIONS(ctx, native, functions);
}
