/* Arguments and results that several files have. */
#include <limits.h>

#include "host.h"

int64_t get_position(JSContext *ctx, JSValueConst value) {
  int64_t number = -1;
  if (JS_IsNumber(value)) JS_ToInt64(ctx, &number, value);
  return number;
}

int get_int(JSContext *ctx, JSValueConst value) {
  const int64_t number = get_position(ctx, value);
  return number < INT_MIN || number > INT_MAX ? -1 : (int)number;
}

int get_bytes(JSContext *ctx, JSValueConst value, struct bytes *bytes) {
  size_t offset, length, element, whole;
  JSValue buffer = JS_GetTypedArrayBuffer(ctx, value, &offset, &length, &element);
  if (JS_IsException(buffer)) return FAILED;
  uint8_t *data = JS_GetArrayBuffer(ctx, &whole, buffer);
  JS_FreeValue(ctx, buffer); /* the view holds it */
  if (data == NULL) return FAILED;
  bytes->data = data + offset;
  bytes->length = length;
  return 0;
}

int get_bytes_from(JSContext *ctx, JSValueConst value, JSValueConst start, struct bytes *bytes) {
  const int64_t from = JS_IsUndefined(start) ? 0 : get_position(ctx, start);
  if (get_bytes(ctx, value, bytes) == FAILED) return FAILED;
  if (from < 0 || (uint64_t)from > bytes->length) {
    JS_ThrowRangeError(ctx, "byte %lld of %lld", (long long)from, (long long)bytes->length);
    return FAILED;
  }
  bytes->data += from;
  bytes->length -= (size_t)from;
  return 0;
}

JSValue view_buffer(JSContext *ctx, JSValue buffer) {
  if (JS_IsException(buffer)) return buffer;
  /* The constructor reads all three, whatever the count says. */
  JSValueConst arguments[] = {buffer, JS_UNDEFINED, JS_UNDEFINED};
  JSValue bytes = JS_NewTypedArray(ctx, 3, arguments, JS_TYPED_ARRAY_UINT8);
  JS_FreeValue(ctx, buffer);
  return bytes;
}

JSValue new_bytes(JSContext *ctx, const uint8_t *data, size_t length) {
  return view_buffer(ctx, JS_NewArrayBufferCopy(ctx, data, length));
}

JSValue new_array(JSContext *ctx, uint32_t count, const JSValue *values) {
  JSValue array = JS_NewArray(ctx);
  int failed = JS_IsException(array);
  for (uint32_t i = 0; i < count; i += 1) {
    if (failed) JS_FreeValue(ctx, values[i]);
    else failed = JS_DefinePropertyValueUint32(ctx, array, i, values[i], JS_PROP_C_W_E) < 0;
  }
  if (!failed) return array;
  JS_FreeValue(ctx, array);
  return JS_EXCEPTION;
}
