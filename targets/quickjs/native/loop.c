/*
 * The event loop: one epoll set, one turn after another. In a turn the promise jobs that are ready run, then one timer
 * or one `soon` callback, then the events of up to 64 descriptors, each followed by the jobs that it made ready.
 *
 * TypeScript gives three functions to `native.start`: dispatch(descriptor) is called for every event; step() runs one
 * callback that is due and returns for how many milliseconds there is none, -1 for ever; report(error) is told of what
 * nobody has caught, which never ends the process.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "host.h"
#include "../engine/memory.h"

#define EVENTS 64
/* Grown by so much since the last time, garbage is looked for; by more and more where that is in vain. */
#define GARBAGE_BYTES (128 * 1024)
#define MOST_GARBAGE_BYTES (512 * 1024)

struct rejection {
  struct rejection *next;
  JSValue promise;
  JSValue reason;
};

static int epoll = -1;
static JSValue dispatch, step, report; /* no functions until `native.start` was called */
static struct rejection *rejections = NULL;
static int is_over = 0;
static int exit_code = 0;

int watch_descriptor(int descriptor) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.fd = descriptor};
  if (epoll < 0) epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) return FAILED;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : FAILED;
}

JSValue new_descriptor(JSContext *ctx, int descriptor, int failed, const char *what, const char *where) {
  if (!failed && descriptor >= 0 && watch_descriptor(descriptor) == 0) return JS_NewInt32(ctx, descriptor);
  const int error = errno;
  if (descriptor >= 0) close(descriptor);
  return throw_error(ctx, error, what, where);
}

static void print_error(JSContext *ctx, JSValueConst error) {
  JSValue trace = JS_IsObject(error) ? JS_GetPropertyStr(ctx, error, "stack") : JS_UNDEFINED;
  const char *text = JS_ToCString(ctx, error);
  const char *stack = JS_ToCString(ctx, trace);
  fprintf(stderr, "%s\n%s", text == NULL ? "an error that cannot be printed" : text, stack == NULL ? "" : stack);
  JS_FreeCString(ctx, text);
  JS_FreeCString(ctx, stack);
  JS_FreeValue(ctx, trace);
}

/* Takes the error over. */
static void report_error(JSContext *ctx, JSValue error) {
  JSValueConst arguments[] = {error};
  JSValue result = JS_Call(ctx, report, JS_UNDEFINED, 1, arguments);
  if (JS_IsException(result)) {
    JS_FreeValue(ctx, JS_GetException(ctx));
    print_error(ctx, error);
  }
  JS_FreeValue(ctx, result);
  JS_FreeValue(ctx, error);
}

static void track_rejection(JSContext *ctx, JSValueConst promise, JSValueConst reason, JS_BOOL is_handled, void *opaque) {
  if (!is_handled) {
    struct rejection *added = malloc(sizeof(*added));
    if (added == NULL) return;
    *added = (struct rejection){rejections, JS_DupValue(ctx, promise), JS_DupValue(ctx, reason)};
    rejections = added;
    return;
  }
  for (struct rejection **at = &rejections; *at != NULL; at = &(*at)->next) {
    struct rejection *one = *at;
    if (JS_VALUE_GET_PTR(one->promise) != JS_VALUE_GET_PTR(promise)) continue;
    *at = one->next;
    JS_FreeValue(ctx, one->promise);
    JS_FreeValue(ctx, one->reason);
    free(one);
    return;
  }
}

static void run_jobs(JSContext *ctx) {
  JSContext *job_ctx;
  do {
    while (!is_over) {
      int status = JS_ExecutePendingJob(JS_GetRuntime(ctx), &job_ctx);
      if (status == 0) break;
      if (status < 0) report_error(ctx, JS_GetException(ctx));
    }
    /* What has no handler now, after all jobs, has none. */
    struct rejection *one = rejections;
    if (one == NULL) return;
    rejections = one->next;
    JS_FreeValue(ctx, one->promise);
    report_error(ctx, one->reason);
    free(one);
  } while (!is_over);
}

/* Runs a callback and the jobs that it makes ready; its result as a number, 0 when it threw. */
static int call(JSContext *ctx, JSValueConst function, int count, JSValueConst *arguments) {
  int number = 0;
  JSValue result = JS_Call(ctx, function, JS_UNDEFINED, count, arguments);
  if (JS_IsException(result)) report_error(ctx, JS_GetException(ctx));
  else if (!JS_IsUndefined(result)) JS_ToInt32(ctx, &number, result);
  JS_FreeValue(ctx, result);
  run_jobs(ctx);
  return number;
}

/*
 * The engine itself waits until its memory has grown by half, which on a router is too much for what requests leave
 * behind in cycles.
 */
static void collect_garbage(JSContext *ctx) {
  static size_t after_last = 0, allowed = GARBAGE_BYTES;
  const size_t now = memory_in_use();
  if (now < after_last) after_last = now;
  if (now - after_last < allowed) return;
  JS_RunGC(JS_GetRuntime(ctx));
  after_last = memory_in_use();
  if (now - after_last > GARBAGE_BYTES / 4) allowed = GARBAGE_BYTES;
  else if (allowed < MOST_GARBAGE_BYTES) allowed *= 2;
}

int run_loop(JSContext *ctx, JSValue main_module) {
  struct epoll_event events[EVENTS];
  const int is_read = !JS_IsException(main_module);
  if (is_read) run_jobs(ctx);
  if (!is_read || JS_PromiseState(ctx, main_module) == JS_PROMISE_REJECTED) {
    JSValue error = is_read ? JS_PromiseResult(ctx, main_module) : JS_GetException(ctx);
    print_error(ctx, error);
    JS_FreeValue(ctx, error);
    exit_code = EXIT_FAILURE;
    is_over = 1;
  }
  JS_FreeValue(ctx, main_module);
  while (!is_over) {
    int delay = call(ctx, step, 0, NULL);
    if (is_over) break;
    collect_garbage(ctx);
    int count = epoll_wait(epoll, events, EVENTS, delay);
    for (int i = 0; i < count && !is_over; i += 1) {
      JSValueConst arguments[] = {JS_NewInt32(ctx, events[i].data.fd)};
      call(ctx, dispatch, 1, arguments);
      collect_garbage(ctx);
    }
  }
  return exit_code;
}

void free_loop(JSContext *ctx) {
  JS_FreeValue(ctx, dispatch);
  JS_FreeValue(ctx, step);
  JS_FreeValue(ctx, report);
  for (struct rejection *one = rejections; one != NULL; one = rejections) {
    rejections = one->next;
    JS_FreeValue(ctx, one->promise);
    JS_FreeValue(ctx, one->reason);
    free(one);
  }
}

static JSValue start(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  if (epoll < 0) epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) return throw_error(ctx, errno, "epoll_create1", NULL);
  JS_SetHostPromiseRejectionTracker(JS_GetRuntime(ctx), track_rejection, NULL);
  dispatch = JS_DupValue(ctx, arguments[0]);
  step = JS_DupValue(ctx, arguments[1]);
  report = JS_DupValue(ctx, arguments[2]);
  return JS_UNDEFINED;
}

/* The loop ends after the callback that calls this. */
static JSValue leave(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  exit_code = get_int(ctx, arguments[0]);
  is_over = 1;
  return JS_UNDEFINED;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("start", 3, start),
    JS_CFUNC_DEF("exit", 1, leave),
};

EXPORT_FUNCTIONS(loop)
