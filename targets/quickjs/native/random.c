/* Bytes of the kernel's generator; getrandom waits until it has been seeded once after the boot. */
#include <errno.h>
#include <sys/random.h>

#include "host.h"

static JSValue fill_random(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  struct bytes into;
  size_t filled = 0;
  if (get_bytes(ctx, arguments[0], &into) == FAILED) return JS_EXCEPTION;
  while (filled < into.length) {
    ssize_t part = getrandom(into.data + filled, into.length - filled, 0);
    if (part < 0 && errno == EINTR) continue;
    if (part < 0) return throw_error(ctx, errno, "getrandom", NULL);
    filled += (size_t)part;
  }
  return JS_UNDEFINED;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("fillRandom", 1, fill_random),
};

EXPORT_FUNCTIONS(random)
