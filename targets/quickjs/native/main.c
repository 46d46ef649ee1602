/* The process: an engine with the language and the object `native`, and the embedded program in it. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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

/*
 * Every function gets its `length` before its `name`. The shape between the two is kept by an object that has it: else
 * it would be made anew for each function, and each promise brings some.
 */
static void keep_shape(JSContext *ctx) {
  JSValue global = JS_GetGlobalObject(ctx);
  JSValue function = JS_GetPropertyStr(ctx, global, "Function");
  JSValue prototype = JS_GetPrototype(ctx, function);
  JSValue keeper = JS_NewObjectProto(ctx, prototype);
  JS_DefinePropertyValueStr(ctx, keeper, "length", JS_NewInt32(ctx, 0), JS_PROP_CONFIGURABLE);
  JS_DefinePropertyValueStr(ctx, function, "keeper", keeper, 0);
  JS_FreeValue(ctx, prototype);
  JS_FreeValue(ctx, function);
  JS_FreeValue(ctx, global);
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
  /* A file that is opened later must not become a stream that was closed: what is written there fails instead. */
  int stream;
  while ((stream = open("/dev/null", O_RDONLY)) >= 0 && stream <= STDERR_FILENO) continue;
  close(stream);
  signal(SIGPIPE, SIG_IGN);
  JSRuntime *runtime = JS_NewRuntime2(&memory_functions, NULL);
  JSContext *ctx = runtime == NULL ? NULL : new_context(runtime);
  if (ctx == NULL) return EXIT_FAILURE;
  keep_shape(ctx);
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
