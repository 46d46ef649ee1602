/* The two clocks, in milliseconds. */
#include <time.h>

#include "host.h"

static JSValue read_clock(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments, int clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  if (clock == CLOCK_REALTIME) return JS_NewInt64(ctx, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
  return JS_NewFloat64(ctx, (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6);
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_MAGIC_DEF("now", 0, read_clock, CLOCK_REALTIME),
    JS_CFUNC_MAGIC_DEF("monotonic", 0, read_clock, CLOCK_MONOTONIC),
};

EXPORT_FUNCTIONS(clock)
