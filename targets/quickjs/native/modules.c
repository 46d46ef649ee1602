/*
 * The program: modules of byte code in the executable, each read when it is first imported, so that what is not used
 * takes no memory. The table is made by the build.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "modules.h"

#include "host.h"

static JSValue read_module(JSContext *ctx, const struct module *module) {
  const size_t length = (size_t)(module->end - module->start);
  JSValue value = JS_ReadObject(ctx, module->start, length, JS_READ_OBJ_BYTECODE);
  /* The engine has made its own copy: these pages can be read from the file again, if ever. */
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  const uintptr_t from = ((uintptr_t)module->start + page - 1) & ~(page - 1);
  const uintptr_t to = (uintptr_t)module->end & ~(page - 1);
  if (from < to) madvise((void *)from, to - from, MADV_DONTNEED);
  return value;
}

static JSModuleDef *load_module(JSContext *ctx, const char *name, void *opaque) {
  for (const struct module *module = modules; module->name != NULL; module += 1) {
    if (strcmp(module->name, name) != 0) continue;
    JSValue value = read_module(ctx, module);
    if (JS_IsException(value)) return NULL;
    JSModuleDef *definition = JS_VALUE_GET_PTR(value);
    JS_FreeValue(ctx, value); /* the context holds it */
    return definition;
  }
  JS_ThrowReferenceError(ctx, "no module %s", name);
  return NULL;
}

void set_module_loader(JSRuntime *runtime) {
  JS_SetModuleLoaderFunc(runtime, NULL, load_module, NULL);
}

/* Runs the first module of the table; its promise, or an exception. */
JSValue load_main_module(JSContext *ctx) {
  JSValue value = read_module(ctx, &modules[0]);
  if (JS_IsException(value)) return value;
  if (JS_ResolveModule(ctx, value) < 0) {
    JS_FreeValue(ctx, value);
    return JS_EXCEPTION;
  }
  return JS_EvalFunction(ctx, value);
}
