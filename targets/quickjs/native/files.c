/* Files and directories: the system calls, one by one, with EINTR and short counts dealt with. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "host.h"

/* By the numbers of `OpenFor` in native.ts. O_NONBLOCK keeps the opening of a FIFO from waiting for its other end. */
static const int open_flags[] = {
    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,       O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,   O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
    O_RDONLY | O_DIRECTORY | O_CLOEXEC,                   O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
};
enum { READ_ONLY = 5 };

static JSValue open_file(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  const unsigned purpose = (unsigned)get_int(ctx, arguments[1]);
  if (purpose >= sizeof(open_flags) / sizeof(open_flags[0])) return throw_error(ctx, EINVAL, "open", NULL);
  const char *path = JS_ToCString(ctx, arguments[0]);
  if (path == NULL) return JS_EXCEPTION;
  int descriptor;
  RETRY(descriptor, open(path, open_flags[purpose], purpose == READ_ONLY ? 0400 : 0600));
  JSValue result = descriptor < 0 ? throw_error(ctx, errno, "open", path) : JS_NewInt32(ctx, descriptor);
  JS_FreeCString(ctx, path);
  return result;
}

/* The descriptor is gone whatever close(2) returns. */
static JSValue close_file(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  close(get_int(ctx, arguments[0]));
  return JS_UNDEFINED;
}

/* [mode, length, owner, identity]: identity tells one file from all others of the machine. */
static JSValue new_stat(JSContext *ctx, const struct stat *status) {
  char identity[40];
  snprintf(identity, sizeof(identity), "%" PRIx64 "-%" PRIx64, (uint64_t)status->st_dev, (uint64_t)status->st_ino);
  const JSValue values[] = {
      JS_NewUint32(ctx, status->st_mode),
      JS_NewInt64(ctx, status->st_size),
      JS_NewUint32(ctx, status->st_uid),
      JS_NewString(ctx, identity),
  };
  return new_array(ctx, 4, values);
}

enum { WHOLE, LENGTH };

static JSValue stat_descriptor(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments, int part) {
  struct stat status;
  if (fstat(get_int(ctx, arguments[0]), &status) != 0) return throw_error(ctx, errno, "fstat", NULL);
  return part == WHOLE ? new_stat(ctx, &status) : JS_NewInt64(ctx, status.st_size);
}

/* stat(path, follow): null when nothing is there. */
static JSValue stat_path(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  struct stat status;
  const char *path = JS_ToCString(ctx, arguments[0]);
  if (path == NULL) return JS_EXCEPTION;
  JSValue result;
  if ((JS_ToBool(ctx, arguments[1]) ? stat : lstat)(path, &status) == 0) result = new_stat(ctx, &status);
  else if (errno == ENOENT || errno == ENOTDIR) result = JS_NULL;
  else result = throw_error(ctx, errno, "stat", path);
  JS_FreeCString(ctx, path);
  return result;
}

enum { READ, WRITE };

/* readAt and writeAt(descriptor, bytes, position): how many bytes, fewer than asked for only at the end of a file. */
static JSValue move_bytes(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments, int call) {
  const int descriptor = get_int(ctx, arguments[0]);
  const int64_t position = get_position(ctx, arguments[2]);
  struct bytes bytes;
  size_t moved = 0;
  if (get_bytes(ctx, arguments[1], &bytes) == FAILED) return JS_EXCEPTION;
  while (moved < bytes.length) {
    uint8_t *const at = bytes.data + moved;
    const size_t left = bytes.length - moved;
    const off_t place = position + (off_t)moved;
    ssize_t part;
    RETRY(part, call == READ ? pread(descriptor, at, left, place) : pwrite(descriptor, at, left, place));
    if (part < 0) return throw_error(ctx, errno, call == READ ? "read" : "write", NULL);
    if (part == 0 && call == WRITE) return throw_error(ctx, EIO, "write", NULL);
    if (part == 0) break;
    moved += (size_t)part; /* after a short write the next one says why */
  }
  return JS_NewInt64(ctx, (int64_t)moved);
}

static JSValue truncate_file(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  int status;
  RETRY(status, ftruncate(get_int(ctx, arguments[0]), get_position(ctx, arguments[1])));
  return status == 0 ? JS_UNDEFINED : throw_error(ctx, errno, "ftruncate", NULL);
}

/* Takes the lock of an open file without waiting; closing the file releases it. */
static JSValue lock_file(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  int status;
  RETRY(status, flock(get_int(ctx, arguments[0]), LOCK_EX | LOCK_NB));
  return status == 0 ? JS_UNDEFINED : throw_error(ctx, errno, "flock", NULL);
}

static JSValue list_directory(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  const char *path = JS_ToCString(ctx, arguments[0]);
  if (path == NULL) return JS_EXCEPTION;
  DIR *directory = opendir(path);
  JSValue names = directory == NULL ? throw_error(ctx, errno, "opendir", path) : JS_NewArray(ctx);
  uint32_t length = 0;
  while (!JS_IsException(names)) {
    errno = 0;
    const struct dirent *entry = readdir(directory);
    int failed = 0;
    if (entry == NULL) {
      if (errno == 0) break;
      failed = JS_IsException(throw_error(ctx, errno, "readdir", path));
    } else if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
      failed = JS_SetPropertyUint32(ctx, names, length, JS_NewString(ctx, entry->d_name)) < 0;
      length += 1;
    }
    if (!failed) continue;
    JS_FreeValue(ctx, names);
    names = JS_EXCEPTION;
  }
  if (directory != NULL) closedir(directory);
  JS_FreeCString(ctx, path);
  return names;
}

/* The calls that take a path and give nothing; `give` makes it belong to the user of the second argument. */
enum { MAKE_DIR, REMOVE_DIR, REMOVE, GIVE };

static JSValue change_path(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments, int call) {
  static const char *const calls[] = {"mkdir", "rmdir", "unlink", "chown"};
  const char *path = JS_ToCString(ctx, arguments[0]);
  if (path == NULL) return JS_EXCEPTION;
  int status = call == MAKE_DIR     ? mkdir(path, 0700)
               : call == REMOVE_DIR ? rmdir(path)
               : call == REMOVE     ? unlink(path)
                                    : chown(path, (uid_t)get_position(ctx, arguments[1]), (gid_t)-1);
  JSValue result = status == 0 ? JS_UNDEFINED : throw_error(ctx, errno, calls[call], path);
  JS_FreeCString(ctx, path);
  return result;
}

static JSValue rename_path(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  const char *from = JS_ToCString(ctx, arguments[0]);
  const char *to = from == NULL ? NULL : JS_ToCString(ctx, arguments[1]);
  JSValue result = JS_EXCEPTION;
  if (to != NULL) result = rename(from, to) == 0 ? JS_UNDEFINED : throw_error(ctx, errno, "rename", from);
  JS_FreeCString(ctx, from);
  JS_FreeCString(ctx, to);
  return result;
}

/* [magic number, free bytes, all bytes]. */
static JSValue file_system(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  struct statfs status;
  const char *path = JS_ToCString(ctx, arguments[0]);
  if (path == NULL) return JS_EXCEPTION;
  JSValue result;
  if (statfs(path, &status) != 0) {
    result = throw_error(ctx, errno, "statfs", path);
  } else {
    const uint64_t block = (uint64_t)status.f_bsize;
    const JSValue values[] = {
        JS_NewUint32(ctx, (uint32_t)status.f_type),
        JS_NewFloat64(ctx, (double)(status.f_bavail * block)),
        JS_NewFloat64(ctx, (double)(status.f_blocks * block)),
    };
    result = new_array(ctx, 3, values);
  }
  JS_FreeCString(ctx, path);
  return result;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("openFile", 2, open_file),
    JS_CFUNC_DEF("closeFile", 1, close_file),
    JS_CFUNC_MAGIC_DEF("statDescriptor", 1, stat_descriptor, WHOLE),
    JS_CFUNC_MAGIC_DEF("fileLength", 1, stat_descriptor, LENGTH),
    JS_CFUNC_DEF("statPath", 2, stat_path),
    JS_CFUNC_MAGIC_DEF("readAt", 3, move_bytes, READ),
    JS_CFUNC_MAGIC_DEF("writeAt", 3, move_bytes, WRITE),
    JS_CFUNC_DEF("truncateFile", 2, truncate_file),
    JS_CFUNC_DEF("lockFile", 1, lock_file),
    JS_CFUNC_DEF("listDirectory", 1, list_directory),
    JS_CFUNC_MAGIC_DEF("makeDirectory", 1, change_path, MAKE_DIR),
    JS_CFUNC_MAGIC_DEF("removeDirectory", 1, change_path, REMOVE_DIR),
    JS_CFUNC_MAGIC_DEF("removeFile", 1, change_path, REMOVE),
    JS_CFUNC_DEF("renamePath", 2, rename_path),
    JS_CFUNC_MAGIC_DEF("givePath", 2, change_path, GIVE),
    JS_CFUNC_DEF("fileSystem", 1, file_system),
};

EXPORT_FUNCTIONS(files)
