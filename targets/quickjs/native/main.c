/* The process: an engine with the language and the object `native`, and the embedded program in it. */
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "host.h"
#include "../engine/memory.h"

/* The language without eval, Proxy, WeakRef and String.normalize: what is not added here is not linked. */
static JSContext *new_context(JSRuntime *runtime) {
  JSContext *ctx = JS_NewContextRaw(runtime);
  if (ctx == NULL) return NULL;
  JS_AddIntrinsicBaseObjects(ctx);
  JS_AddIntrinsicDate(ctx);
  JS_AddIntrinsicRegExp(ctx);
  JS_AddIntrinsicJSON(ctx);
  JS_AddIntrinsicMapSet(ctx);
  JS_AddIntrinsicTypedArrays(ctx);
  JS_AddIntrinsicPromise(ctx);
  return ctx;
}

#define ADD(file) add_##file##_functions(ctx, native);

static void add_native(JSContext *ctx, int count, char **arguments) {
  JSValue global = JS_GetGlobalObject(ctx);
  JSValue native = JS_NewObject(ctx);
  JSValue list = JS_NewArray(ctx);
  for (int i = 1; i < count; i += 1) JS_SetPropertyUint32(ctx, list, (uint32_t)i - 1, JS_NewString(ctx, arguments[i]));
  JS_SetPropertyStr(ctx, native, "arguments", list);
  FOR_EACH_FILE(ADD)
  JS_SetPropertyStr(ctx, global, "native", native);
  JS_FreeValue(ctx, global);
}

int main(int count, char **arguments) {
  umask(077);
  signal(SIGPIPE, SIG_IGN);
  JSRuntime *runtime = JS_NewRuntime2(&memory_functions, NULL);
  JSContext *ctx = runtime == NULL ? NULL : new_context(runtime);
  if (ctx == NULL) return EXIT_FAILURE;
  set_module_loader(runtime);
  add_native(ctx, count, arguments);
  int code = run_loop(ctx, load_main_module(ctx));
#ifdef FREE_AT_EXIT
  free_loop(ctx);
  JS_FreeContext(ctx);
  JS_FreeRuntime(runtime);
#endif
  return code;
}
