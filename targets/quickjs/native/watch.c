/* inotify: one instance for all watches, whose descriptor the loop polls. Which watch means what, TypeScript knows. */
#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "host.h"

/* A directory is watched for its names alone: not for what happens inside of its files. */
#define GONE (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT | IN_Q_OVERFLOW)
#define FILE_EVENTS (IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF)
#define DIRECTORY_EVENTS (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF)

static JSValue open_watches(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  return new_descriptor(ctx, inotify_init1(IN_CLOEXEC | IN_NONBLOCK), 0, "inotify_init1", NULL);
}

/* addWatch(descriptor, path, isDirectory): the watch's number, the same as before for the same inode. */
static JSValue add_watch(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  const char *path = JS_ToCString(ctx, arguments[1]);
  if (path == NULL) return JS_EXCEPTION;
  int events = JS_ToBool(ctx, arguments[2]) ? DIRECTORY_EVENTS : FILE_EVENTS;
  int number = inotify_add_watch(get_int(ctx, arguments[0]), path, (uint32_t)(events | IN_DONT_FOLLOW));
  JSValue result = number < 0 ? throw_error(ctx, errno, "watch", path) : JS_NewInt32(ctx, number);
  JS_FreeCString(ctx, path);
  return result;
}

/* A number that is no longer watched is no error: its inode may be gone. */
static JSValue remove_watch(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  inotify_rm_watch(get_int(ctx, arguments[0]), get_int(ctx, arguments[1]));
  return JS_UNDEFINED;
}

/*
 * Some of the events that are there, as number, gone, number, gone, ...; empty when there is none. `gone` is 1 when the
 * watched inode may no longer be what stands at the path. The number -1 means all watches: events were lost.
 */
static JSValue read_watches(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  union {
    struct inotify_event event;
    uint8_t bytes[4096];
  } buffer;
  ssize_t length;
  RETRY(length, read(get_int(ctx, arguments[0]), &buffer, sizeof(buffer)));
  if (length < 0 && errno != EAGAIN) return throw_error(ctx, errno, "inotify", NULL);
  JSValue events = JS_NewArray(ctx);
  if (JS_IsException(events)) return events;
  uint32_t at = 0;
  for (ssize_t offset = 0; offset < length;) {
    const struct inotify_event *event = (const void *)(buffer.bytes + offset);
    offset += (ssize_t)(sizeof(*event) + event->len);
    int gone = (event->mask & GONE) != 0;
    if (JS_SetPropertyUint32(ctx, events, at, JS_NewInt32(ctx, event->wd)) < 0 ||
        JS_SetPropertyUint32(ctx, events, at + 1, JS_NewInt32(ctx, gone)) < 0) {
      JS_FreeValue(ctx, events);
      return JS_EXCEPTION;
    }
    at += 2;
  }
  return events;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("openWatches", 0, open_watches),
    JS_CFUNC_DEF("addWatch", 3, add_watch),
    JS_CFUNC_DEF("removeWatch", 2, remove_watch),
    JS_CFUNC_DEF("readWatches", 1, read_watches),
};

EXPORT_FUNCTIONS(watch)
