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

/* What went wrong with a descriptor that does not block: null when it would have had to wait. */
JSValue null_or_error(JSContext *ctx, const char *what);
/* A system call that a signal may interrupt. */
#define RETRY(result, call) do result = call; while (result < 0 && errno == EINTR)

/* values.c: arguments and results. Numbers are -1 when they are none or too large, which no call takes. */
int get_int(JSContext *ctx, JSValueConst value);
int64_t get_position(JSContext *ctx, JSValueConst value);
/* 0 or FAILED; the second gives those from a position on, 0 when that is undefined. */
int get_bytes(JSContext *ctx, JSValueConst value, struct bytes *bytes);
int get_bytes_from(JSContext *ctx, JSValueConst value, JSValueConst start, struct bytes *bytes);
JSValue new_bytes(JSContext *ctx, const uint8_t *data, size_t length);
/* A Uint8Array of the whole ArrayBuffer, which is taken over. */
JSValue view_buffer(JSContext *ctx, JSValue buffer);
/* Takes the values over, also when it fails. */
JSValue new_array(JSContext *ctx, uint32_t count, const JSValue *values);

/* The files that have functions for `native`: each is told by its add_..._functions to add them. */
#define FOR_EACH_FILE(use) \
  use(bytes) use(clock) use(cryptography) use(error) use(files) use(kv) use(loop) use(net) use(process) use(random) \
  use(sync) use(watch)
#define DECLARE(file) void add_##file##_functions(JSContext *ctx, JSValueConst native);
FOR_EACH_FILE(DECLARE)

/* Adds the table `functions` of a file; one that has no more to do than that says EXPORT_FUNCTIONS at its end. */
#define ADD_FUNCTIONS(ctx, native, list) \
  JS_SetPropertyFunctionList(ctx, native, list, (int)(sizeof(list) / sizeof((list)[0])))
#define EXPORT_FUNCTIONS(file) \
  void add_##file##_functions(JSContext *ctx, JSValueConst native) { ADD_FUNCTIONS(ctx, native, functions); }

/* modules.c: the embedded program, read when it is imported. */
void set_module_loader(JSRuntime *runtime);
JSValue load_main_module(JSContext *ctx);

/* sync.c: what a thread does beside the loop, the first member of what malloc gave; `takeDone` frees it. */
struct job {
  struct job *next;
  int number; /* chosen by the caller */
  int error;  /* 0 or an errno */
};
/* 0 or an errno. */
int start_thread(void *(*run)(void *), void *argument);
void end_job(struct job *job);

/* loop.c: runs until `native.exit` was called, and returns its code. */
int run_loop(JSContext *ctx, JSValue main_module);
void free_loop(JSContext *ctx);
/* Adds a descriptor to the loop's epoll set; 0, or FAILED with errno set. */
int watch_descriptor(int descriptor);
/* The descriptor, watched from now on; when there is none or `failed`, it is closed and the error of errno thrown. */
JSValue new_descriptor(JSContext *ctx, int descriptor, int failed, const char *what, const char *where);

#endif
