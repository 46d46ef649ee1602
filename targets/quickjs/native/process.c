/* The process: arguments, environment, standard streams, signals. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <termios.h>
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
  RETRY(ready, poll(&poll_one, 1, 0));
  return ready != 0;
}

/* The next bytes, empty at the end, or null when there are none yet. The descriptor is shared: it stays blocking. */
static JSValue read_stream(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  static uint8_t chunk[PIPE_BYTES];
  const int descriptor = get_int(ctx, arguments[0]);
  ssize_t length;
  if (!is_ready(descriptor, POLLIN)) return JS_NULL;
  RETRY(length, read(descriptor, chunk, sizeof(chunk)));
  return length < 0 ? null_or_error(ctx, "read") : new_bytes(ctx, chunk, (size_t)length);
}

/* writeStream(descriptor, bytes, start): how many were taken, or null when none can be yet. */
static JSValue write_stream(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  const int descriptor = get_int(ctx, arguments[0]);
  struct bytes bytes;
  ssize_t length;
  if (get_bytes_from(ctx, arguments[1], arguments[2], &bytes) == FAILED) return JS_EXCEPTION;
  if (!is_ready(descriptor, POLLOUT)) return JS_NULL;
  RETRY(length, write(descriptor, bytes.data, bytes.length < PIPE_BYTES ? bytes.length : PIPE_BYTES));
  return length < 0 ? null_or_error(ctx, "write") : JS_NewInt64(ctx, length);
}

/* pollStream(descriptor): whether events will tell; a regular file is always ready and has none. */
static JSValue poll_stream(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  if (watch_descriptor(get_int(ctx, arguments[0])) == 0) return JS_TRUE;
  if (errno == EPERM || errno == EEXIST) return JS_NewBool(ctx, errno == EEXIST);
  return throw_error(ctx, errno, "poll", NULL);
}

static JSValue is_terminal(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  return JS_NewBool(ctx, isatty(get_int(ctx, arguments[0])));
}

/* showInput(descriptor, isShown): from now on, or no more; false when there is no terminal. */
static JSValue show_input(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  const int descriptor = get_int(ctx, arguments[0]);
  struct termios settings;
  if (tcgetattr(descriptor, &settings) != 0) return JS_FALSE;
  settings.c_lflag = JS_ToBool(ctx, arguments[1]) ? settings.c_lflag | ECHO : settings.c_lflag & ~(tcflag_t)ECHO;
  return JS_NewBool(ctx, tcsetattr(descriptor, TCSANOW, &settings) == 0);
}

/* From now on SIGINT and SIGTERM do nothing by themselves and are told by the descriptor. */
static JSValue open_signals(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, NULL);
  return new_descriptor(ctx, signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK), 0, "signalfd", NULL);
}

/* The name of the next signal that came, or null. */
static JSValue take_signal(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  struct signalfd_siginfo signal;
  if (read(get_int(ctx, arguments[0]), &signal, sizeof(signal)) != sizeof(signal)) return JS_NULL;
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
    JS_CFUNC_DEF("showInput", 2, show_input),
    JS_CFUNC_DEF("openSignals", 0, open_signals),
    JS_CFUNC_DEF("takeSignal", 1, take_signal),
    JS_CFUNC_DEF("effectiveUser", 0, effective_user),
};

EXPORT_FUNCTIONS(process)
