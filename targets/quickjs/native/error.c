/* Makes every error of the host: an Error with `code` as Node spells it, and a message in the form of Node's. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host.h"

#define NAME(code) {code, #code}

/* The numbers differ between CPUs: on MIPS most of them are not what they are elsewhere. */
static const struct {
  int number;
  const char *name;
} names[] = {
    NAME(EACCES),       NAME(EADDRINUSE),  NAME(EADDRNOTAVAIL), NAME(EAFNOSUPPORT), NAME(EAGAIN),      NAME(EALREADY),
    NAME(EBADF),        NAME(EBUSY),       NAME(ECONNABORTED),  NAME(ECONNREFUSED), NAME(ECONNRESET),  NAME(EDQUOT),
    NAME(EEXIST),       NAME(EFAULT),      NAME(EFBIG),         NAME(EHOSTUNREACH), NAME(EILSEQ),      NAME(EINVAL),
    NAME(EIO),          NAME(EISDIR),      NAME(ELOOP),         NAME(EMFILE),       NAME(EMLINK),      NAME(ENAMETOOLONG),
    NAME(ENETUNREACH),  NAME(ENFILE),      NAME(ENOBUFS),       NAME(ENODEV),       NAME(ENOENT),      NAME(ENOLCK),
    NAME(ENOMEM),       NAME(ENOSPC),      NAME(ENOSYS),        NAME(ENOTCONN),     NAME(ENOTDIR),     NAME(ENOTEMPTY),
    NAME(ENOTSUP),      NAME(ENXIO),       NAME(EOVERFLOW),     NAME(EPERM),        NAME(EPIPE),       NAME(EROFS),
    NAME(ESPIPE),       NAME(ESTALE),      NAME(ETIMEDOUT),     NAME(ETXTBSY),      NAME(EXDEV),
};

static void name_of(int number, char *into, size_t size) {
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i += 1) {
    if (names[i].number != number) continue;
    snprintf(into, size, "%s", names[i].name);
    return;
  }
  snprintf(into, size, "E%d", number);
}

JSValue make_error(JSContext *ctx, int number, const char *what, const char *path) {
  char code[16];
  char message[512];
  name_of(number, code, sizeof(code));
  snprintf(message, sizeof(message), path == NULL ? "%s: %s, %s" : "%s: %s, %s '%s'", code, strerror(number), what, path);
  JSValue error = JS_NewError(ctx);
  if (JS_IsException(error)) return error;
  const int flags = JS_PROP_CONFIGURABLE | JS_PROP_WRITABLE;
  JS_DefinePropertyValueStr(ctx, error, "message", JS_NewString(ctx, message), flags);
  JS_DefinePropertyValueStr(ctx, error, "code", JS_NewString(ctx, code), flags | JS_PROP_ENUMERABLE);
  return error;
}

JSValue throw_error(JSContext *ctx, int number, const char *what, const char *path) {
  return JS_Throw(ctx, make_error(ctx, number, what, path));
}

JSValue null_or_error(JSContext *ctx, const char *what) {
  return errno == EAGAIN ? JS_NULL : throw_error(ctx, errno, what, NULL);
}

/* errorOf(number, what): the error of a call that failed elsewhere. */
static JSValue error_of(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  const char *what = JS_ToCString(ctx, arguments[1]);
  if (what == NULL) return JS_EXCEPTION;
  JSValue error = make_error(ctx, get_int(ctx, arguments[0]), what, NULL);
  JS_FreeCString(ctx, what);
  return error;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("errorOf", 2, error_of),
};

EXPORT_FUNCTIONS(error)
