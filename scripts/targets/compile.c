/*
 * Runs on the machine that builds: compiles modules to byte code for all CPUs.
 * Usage: compile NAME SOURCE OUTPUT [keep-lines]. NAME is what other modules import it by.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quickjs.h"

static char *read_source(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) return NULL;
  fseek(file, 0, SEEK_END);
  const long size = ftell(file);
  rewind(file);
  char *text = malloc((size_t)size + 1);
  *length = text == NULL ? 0 : fread(text, 1, (size_t)size, file);
  fclose(file);
  if (text != NULL) text[*length] = '\0';
  return text;
}

static int do_nothing(JSContext *ctx, JSModuleDef *module) {
  return ctx == NULL || module == NULL;
}

/* What is imported need not be there yet: it is looked for when the program runs. */
static JSModuleDef *find_nothing(JSContext *ctx, const char *name, void *opaque) {
  return opaque == NULL ? JS_NewCModule(ctx, name, do_nothing) : NULL;
}

int main(int count, char **arguments) {
  size_t length, written;
  if (count < 4) return 2;
  char *source = read_source(arguments[2], &length);
  JSRuntime *runtime = JS_NewRuntime();
  JSContext *ctx = JS_NewContext(runtime);
  JS_SetStripInfo(runtime, count > 4 && strcmp(arguments[4], "keep-lines") == 0 ? JS_STRIP_SOURCE : JS_STRIP_DEBUG);
  JS_SetModuleLoaderFunc(runtime, NULL, find_nothing, NULL);
  if (source == NULL) {
    perror(arguments[2]);
    return 1;
  }
  JSValue module = JS_Eval(ctx, source, length, arguments[1], JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
  if (JS_IsException(module)) {
    JSValue error = JS_GetException(ctx);
    JSValue stack = JS_GetPropertyStr(ctx, error, "stack");
    fprintf(stderr, "%s: %s\n%s", arguments[2], JS_ToCString(ctx, error), JS_ToCString(ctx, stack));
    return 1;
  }
  uint8_t *code = JS_WriteObject(ctx, &written, module, JS_WRITE_OBJ_BYTECODE);
  FILE *output = fopen(arguments[3], "wb");
  if (code == NULL || output == NULL) return 1;
  const int failed = fwrite(code, 1, written, output) != written;
  return fclose(output) != 0 || failed;
}
