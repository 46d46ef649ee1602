/*
 * The C side of the host port: one file per member, all of them functions of one object, `native`, whose TypeScript
 * view is ../native.ts. C moves bytes and integers; what they mean is decided in TypeScript.
 */
#ifndef STREAMBED_HOST_H
#define STREAMBED_HOST_H

#include <stddef.h>
#include <stdint.h>

#include "quickjs.h"

/* Why a call cannot go on: an exception is pending. */
#define FAILED (-1)

struct bytes {
  uint8_t *data;
  size_t length;
};

/* error.c: the only place that makes errors. `what` is the call, `path` what it was about, or NULL. */
JSValue make_error(JSContext *ctx, int number, const char *what, const char *path);
JSValue throw_error(JSContext *ctx, int number, const char *what, const char *path);

/* values.c: arguments and results. Those that return int return 0 or FAILED. */
int get_bytes(JSContext *ctx, JSValueConst value, struct bytes *bytes);
JSValue new_bytes(JSContext *ctx, const uint8_t *data, size_t length);
/* A Uint8Array of the whole ArrayBuffer, which is taken over. */
JSValue view_buffer(JSContext *ctx, JSValue buffer);
/* Takes the values over, also when it fails. */
JSValue new_array(JSContext *ctx, uint32_t count, const JSValue *values);

/* Each adds the functions of its file to `native`. */
void add_bytes_functions(JSContext *ctx, JSValueConst native);
void add_clock_functions(JSContext *ctx, JSValueConst native);
void add_error_functions(JSContext *ctx, JSValueConst native);
void add_files_functions(JSContext *ctx, JSValueConst native);
void add_kv_functions(JSContext *ctx, JSValueConst native);
void add_loop_functions(JSContext *ctx, JSValueConst native);
void add_net_functions(JSContext *ctx, JSValueConst native);
void add_process_functions(JSContext *ctx, JSValueConst native);
void add_random_functions(JSContext *ctx, JSValueConst native);
void add_sync_functions(JSContext *ctx, JSValueConst native);
void add_watch_functions(JSContext *ctx, JSValueConst native);

/* The functions of a file, as the body of its add_... */
#define ADD_FUNCTIONS(ctx, native, list) \
  JS_SetPropertyFunctionList(ctx, native, list, (int)(sizeof(list) / sizeof((list)[0])))

/* modules.c: the embedded program, read when it is imported. */
void set_module_loader(JSRuntime *runtime);
JSValue load_main_module(JSContext *ctx);

/* loop.c: runs until `native.exit` was called, and returns its code. */
int run_loop(JSContext *ctx, JSValue main_module);
void free_loop(JSContext *ctx);
/* Adds a descriptor to the loop's epoll set; 0, or FAILED with errno set. */
int watch_descriptor(int descriptor);

#endif
