/* The process: arguments, environment, standard streams, signals. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host.h"

/* A pipe that poll(2) calls writable takes this much without making anybody wait. */
#define PIPE_BYTES 4096

static JSValue get_variable(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  const char *name = JS_ToCString(ctx, arguments[0]);
  if (name == NULL) return JS_EXCEPTION;
  const char *value = getenv(name);
  JS_FreeCString(ctx, name);
  return value == NULL ? JS_UNDEFINED : JS_NewString(ctx, value);
}

static int is_ready(int descriptor, short events) {
  struct pollfd poll_one = {descriptor, events, 0};
  int ready;
  do {
    ready = poll(&poll_one, 1, 0);
  } while (ready < 0 && errno == EINTR);
  return ready != 0;
}

/* The next bytes, empty at the end, or null when there are none yet. The descriptor is shared: it stays blocking. */
static JSValue read_stream(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  static uint8_t chunk[PIPE_BYTES];
  int descriptor;
  ssize_t length;
  if (JS_ToInt32(ctx, &descriptor, arguments[0])) return JS_EXCEPTION;
  if (!is_ready(descriptor, POLLIN)) return JS_NULL;
  do {
    length = read(descriptor, chunk, sizeof(chunk));
  } while (length < 0 && errno == EINTR);
  if (length >= 0) return new_bytes(ctx, chunk, (size_t)length);
  return errno == EAGAIN ? JS_NULL : throw_error(ctx, errno, "read", NULL);
}

/* writeStream(descriptor, bytes, start): how many were taken, or null when none can be yet. */
static JSValue write_stream(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  int descriptor;
  uint32_t start;
  struct bytes bytes;
  ssize_t length;
  if (JS_ToInt32(ctx, &descriptor, arguments[0]) || JS_ToUint32(ctx, &start, arguments[2])) return JS_EXCEPTION;
  if (get_bytes(ctx, arguments[1], &bytes) == FAILED) return JS_EXCEPTION;
  if (start > bytes.length) return throw_error(ctx, EINVAL, "write", NULL);
  if (!is_ready(descriptor, POLLOUT)) return JS_NULL;
  size_t part = bytes.length - start;
  if (part > PIPE_BYTES) part = PIPE_BYTES;
  do {
    length = write(descriptor, bytes.data + start, part);
  } while (length < 0 && errno == EINTR);
  if (length >= 0) return JS_NewInt64(ctx, length);
  return errno == EAGAIN ? JS_NULL : throw_error(ctx, errno, "write", NULL);
}

/* pollStream(descriptor): whether events will tell; a regular file is always ready and has none. */
static JSValue poll_stream(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  int descriptor;
  if (JS_ToInt32(ctx, &descriptor, arguments[0])) return JS_EXCEPTION;
  if (watch_descriptor(descriptor) == 0) return JS_TRUE;
  if (errno == EPERM || errno == EEXIST) return JS_NewBool(ctx, errno == EEXIST);
  return throw_error(ctx, errno, "poll", NULL);
}

static JSValue is_terminal(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  int descriptor;
  if (JS_ToInt32(ctx, &descriptor, arguments[0])) return JS_EXCEPTION;
  return JS_NewBool(ctx, isatty(descriptor));
}

/* From now on SIGINT and SIGTERM do nothing by themselves and are told by the descriptor. */
static JSValue open_signals(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, NULL);
  int descriptor = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (descriptor >= 0 && watch_descriptor(descriptor) == 0) return JS_NewInt32(ctx, descriptor);
  int error = errno;
  if (descriptor >= 0) close(descriptor);
  return throw_error(ctx, error, "signalfd", NULL);
}

/* The name of the next signal that came, or null. */
static JSValue take_signal(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  int descriptor;
  struct signalfd_siginfo signal;
  if (JS_ToInt32(ctx, &descriptor, arguments[0])) return JS_EXCEPTION;
  if (read(descriptor, &signal, sizeof(signal)) != sizeof(signal)) return JS_NULL;
  return JS_NewString(ctx, signal.ssi_signo == SIGINT ? "SIGINT" : "SIGTERM");
}

static JSValue effective_user(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  return JS_NewUint32(ctx, geteuid());
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("getVariable", 1, get_variable),
    JS_CFUNC_DEF("readStream", 1, read_stream),
    JS_CFUNC_DEF("writeStream", 3, write_stream),
    JS_CFUNC_DEF("pollStream", 1, poll_stream),
    JS_CFUNC_DEF("isTerminal", 1, is_terminal),
    JS_CFUNC_DEF("openSignals", 0, open_signals),
    JS_CFUNC_DEF("takeSignal", 1, take_signal),
    JS_CFUNC_DEF("effectiveUser", 0, effective_user),
};

void add_process_functions(JSContext *ctx, JSValueConst native) {
  ADD_FUNCTIONS(ctx, native, functions);
}
