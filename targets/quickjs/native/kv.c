/*
 * The key-value store: LMDB, of which one database and one transaction at a time is used. No lock file (MDB_NOLOCK):
 * the caller has the store for itself, and no reader is ever left open while something is written.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host.h"
#include "lmdb.h"

/* Beyond this only removals may use the store's room, so that a full one can be emptied. */
#define RESERVED_PAGES 64
#define LONGEST_KEY 511

struct store {
  MDB_env *env;
  MDB_dbi database;
  MDB_txn *writing;
  size_t most_bytes;
  int is_full; /* puts are refused in this transaction */
};

static JSClassID store_class;

/*
 * What mdb.c is compiled to call in place of mmap: JFFS2 maps only what was opened for reading alone. The pages are
 * the same, so what is written through the other descriptor is seen.
 */
void *map_for_reading(void *at, size_t length, int protection, int flags, int descriptor, off_t offset);

void *map_for_reading(void *at, size_t length, int protection, int flags, int descriptor, off_t offset) {
  char path[40];
  snprintf(path, sizeof(path), "/proc/self/fd/%d", descriptor);
  int reading = open(path, O_RDONLY | O_CLOEXEC);
  void *map = mmap(at, length, protection, flags, reading < 0 ? descriptor : reading, offset);
  int error = errno;
  if (reading >= 0) close(reading);
  errno = error;
  return map;
}

/* Undefined, or the exception. LMDB's own errors are negative. A foreign or damaged file is EINVAL. */
static JSValue store_result(JSContext *ctx, int error, const char *directory) {
  if (error == 0) return JS_UNDEFINED;
  if (error == MDB_MAP_FULL || error == MDB_TXN_FULL) error = ENOSPC;
  return throw_error(ctx, error > 0 ? error : EINVAL, "lmdb", directory);
}

static void close_store(struct store *store) {
  if (store->env == NULL) return;
  if (store->writing != NULL) mdb_txn_abort(store->writing);
  mdb_env_close(store->env);
  store->env = NULL;
  store->writing = NULL;
}

static void free_store(JSRuntime *runtime, JSValue value) {
  struct store *store = JS_GetOpaque(value, store_class);
  if (store == NULL) return;
  close_store(store);
  free(store);
}

static struct store *get_store(JSContext *ctx, JSValueConst value) {
  struct store *store = JS_GetOpaque2(ctx, value, store_class);
  if (store != NULL && store->env == NULL) {
    throw_error(ctx, EBADF, "the store is closed", NULL);
    return NULL;
  }
  return store;
}

static int get_key(JSContext *ctx, JSValueConst value, MDB_val *key) {
  struct bytes bytes;
  if (get_bytes(ctx, value, &bytes) == FAILED) return FAILED;
  if (bytes.length < 1 || bytes.length > LONGEST_KEY) {
    throw_error(ctx, EINVAL, "a key has 1 to 511 bytes", NULL);
    return FAILED;
  }
  *key = (MDB_val){bytes.length, bytes.data};
  return 0;
}

/* Whether the file has all the pages that it says: reading others would be a SIGBUS. */
static int is_whole(MDB_env *env) {
  MDB_envinfo info;
  MDB_stat stat;
  struct stat status;
  int descriptor;
  if (mdb_env_info(env, &info) != 0 || mdb_env_stat(env, &stat) != 0) return 0;
  if (mdb_env_get_fd(env, &descriptor) != 0 || fstat(descriptor, &status) != 0) return 0;
  return status.st_size == 0 || (uint64_t)status.st_size >= ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
}

/* 0, an errno or an error of LMDB. */
static int open_env(struct store *store, const char *directory) {
  MDB_txn *transaction;
  int error = mdb_env_create(&store->env);
  if (error != 0) return error;
  error = mdb_env_set_mapsize(store->env, store->most_bytes);
  if (error == 0) error = mdb_env_open(store->env, directory, MDB_NOLOCK | MDB_NOSYNC | MDB_NORDAHEAD, 0600);
  /* Of what the system says here, EINVAL and ENODEV mean that the file system does not map files. */
  if (error == EINVAL || error == ENODEV) return ENOTSUP;
  if (error == 0 && !is_whole(store->env)) return MDB_INVALID;
  if (error == 0) error = mdb_txn_begin(store->env, NULL, 0, &transaction);
  if (error != 0) return error;
  error = mdb_dbi_open(transaction, NULL, 0, &store->database);
  if (error == 0) return mdb_txn_commit(transaction);
  mdb_txn_abort(transaction);
  return error;
}

/* openStore(directory, maxBytes). */
static JSValue open_store(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  struct store *store = calloc(1, sizeof(*store));
  if (store == NULL) return throw_error(ctx, ENOMEM, "lmdb", NULL);
  JSValue object = JS_NewObjectClass(ctx, (int)store_class);
  if (JS_IsException(object)) {
    free(store);
    return object;
  }
  JS_SetOpaque(object, store);
  const char *directory = JS_ToCString(ctx, arguments[0]);
  store->most_bytes = (size_t)get_position(ctx, arguments[1]) / 4096 * 4096;
  int error = directory == NULL ? 0 : open_env(store, directory);
  if (error != 0) store_result(ctx, error, directory);
  JS_FreeCString(ctx, directory);
  if (directory != NULL && error == 0) return object;
  if (store->env != NULL) close_store(store);
  JS_FreeValue(ctx, object);
  return JS_EXCEPTION;
}

static JSValue close_object(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  struct store *store = JS_GetOpaque2(ctx, arguments[0], store_class);
  if (store == NULL) return JS_EXCEPTION;
  close_store(store);
  return JS_UNDEFINED;
}

/* The pages that a transaction can still take: free ones, and those behind the end of the file. */
static size_t available_pages(struct store *store, MDB_txn *transaction) {
  MDB_envinfo info;
  MDB_stat main_tree, free_tree;
  mdb_env_info(store->env, &info);
  mdb_stat(transaction, store->database, &main_tree);
  mdb_stat(transaction, 0, &free_tree);
  const size_t used = 2 + main_tree.ms_branch_pages + main_tree.ms_leaf_pages + main_tree.ms_overflow_pages +
                      free_tree.ms_branch_pages + free_tree.ms_leaf_pages + free_tree.ms_overflow_pages;
  const size_t all = store->most_bytes / main_tree.ms_psize;
  return all > used ? all - used : 0;
}

static JSValue begin_write(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  struct store *store = get_store(ctx, arguments[0]);
  if (store == NULL) return JS_EXCEPTION;
  if (store->writing != NULL) return throw_error(ctx, EBUSY, "a transaction within another", NULL);
  int error = mdb_txn_begin(store->env, NULL, 0, &store->writing);
  if (error != 0) return store_result(ctx, error, NULL);
  store->is_full = available_pages(store, store->writing) < RESERVED_PAGES;
  return JS_UNDEFINED;
}

/* endWrite(store, commit). */
static JSValue end_write(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  struct store *store = get_store(ctx, arguments[0]);
  if (store == NULL) return JS_EXCEPTION;
  MDB_txn *transaction = store->writing;
  store->writing = NULL;
  if (transaction == NULL) return JS_UNDEFINED;
  if (!JS_ToBool(ctx, arguments[1])) {
    mdb_txn_abort(transaction);
    return JS_UNDEFINED;
  }
  return store_result(ctx, mdb_txn_commit(transaction), NULL);
}

/* The store when a transaction is open, else an exception. */
static struct store *get_writing(JSContext *ctx, JSValueConst value) {
  struct store *store = get_store(ctx, value);
  if (store != NULL && store->writing == NULL) {
    throw_error(ctx, EBADF, "the transaction has ended", NULL);
    return NULL;
  }
  return store;
}

/* putEntry(store, key, value). */
static JSValue put_entry(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  struct store *store = get_writing(ctx, arguments[0]);
  struct bytes bytes;
  MDB_val key;
  if (store == NULL || get_key(ctx, arguments[1], &key) == FAILED) return JS_EXCEPTION;
  if (get_bytes(ctx, arguments[2], &bytes) == FAILED) return JS_EXCEPTION;
  if (store->is_full) return throw_error(ctx, ENOSPC, "the store has reached its largest size", NULL);
  MDB_val value = {bytes.length, bytes.data};
  return store_result(ctx, mdb_put(store->writing, store->database, &key, &value, 0), NULL);
}

static JSValue remove_entry(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  struct store *store = get_writing(ctx, arguments[0]);
  MDB_val key;
  if (store == NULL || get_key(ctx, arguments[1], &key) == FAILED) return JS_EXCEPTION;
  int error = mdb_del(store->writing, store->database, &key, NULL);
  return store_result(ctx, error == MDB_NOTFOUND ? 0 : error, NULL);
}

/* The open transaction, or one for reading that `end_read` ends. */
static int begin_read(struct store *store, MDB_txn **transaction) {
  *transaction = store->writing;
  return store->writing != NULL ? 0 : mdb_txn_begin(store->env, NULL, MDB_RDONLY, transaction);
}

static void end_read(struct store *store, MDB_txn *transaction) {
  if (transaction != store->writing) mdb_txn_abort(transaction);
}

static JSValue get_entry(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  struct store *store = get_store(ctx, arguments[0]);
  MDB_txn *transaction;
  MDB_val key, value;
  if (store == NULL || get_key(ctx, arguments[1], &key) == FAILED) return JS_EXCEPTION;
  int error = begin_read(store, &transaction);
  if (error != 0) return store_result(ctx, error, NULL);
  error = mdb_get(transaction, store->database, &key, &value);
  JSValue result;
  if (error == MDB_NOTFOUND) result = JS_NULL;
  else result = error == 0 ? new_bytes(ctx, value.mv_data, value.mv_size) : store_result(ctx, error, NULL);
  end_read(store, transaction);
  return result;
}

/* Moves to the first entry from `key` on, or behind it. */
static int seek(MDB_cursor *cursor, struct bytes from, int behind, MDB_val *key, MDB_val *value) {
  *key = (MDB_val){from.length, from.data};
  int error = mdb_cursor_get(cursor, key, value, from.length == 0 ? MDB_FIRST : MDB_SET_RANGE);
  if (error != 0 || !behind || key->mv_size != from.length) return error;
  return memcmp(key->mv_data, from.data, from.length) == 0 ? mdb_cursor_get(cursor, key, value, MDB_NEXT) : 0;
}

/* nextEntry(store, key, behind): [key, value] of the first entry from `key` on, or behind it; null when none is left. */
static JSValue next_entry(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  struct store *store = get_store(ctx, arguments[0]);
  struct bytes from;
  MDB_txn *transaction;
  MDB_cursor *cursor;
  MDB_val key, value;
  if (store == NULL || get_bytes(ctx, arguments[1], &from) == FAILED) return JS_EXCEPTION;
  int error = begin_read(store, &transaction);
  if (error != 0) return store_result(ctx, error, NULL);
  JSValue result = JS_NULL;
  error = mdb_cursor_open(transaction, store->database, &cursor);
  if (error == 0) {
    error = seek(cursor, from, JS_ToBool(ctx, arguments[2]), &key, &value);
    if (error == 0) {
      const JSValue values[] = {
          new_bytes(ctx, key.mv_data, key.mv_size),
          new_bytes(ctx, value.mv_data, value.mv_size),
      };
      result = new_array(ctx, 2, values);
    }
    mdb_cursor_close(cursor);
  }
  end_read(store, transaction);
  return error == 0 || error == MDB_NOTFOUND ? result : store_result(ctx, error, NULL);
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("openStore", 2, open_store),
    JS_CFUNC_DEF("closeStore", 1, close_object),
    JS_CFUNC_DEF("beginWrite", 1, begin_write),
    JS_CFUNC_DEF("endWrite", 2, end_write),
    JS_CFUNC_DEF("putEntry", 3, put_entry),
    JS_CFUNC_DEF("removeEntry", 2, remove_entry),
    JS_CFUNC_DEF("getEntry", 2, get_entry),
    JS_CFUNC_DEF("nextEntry", 3, next_entry),
};

void add_kv_functions(JSContext *ctx, JSValueConst native) {
  static const JSClassDef definition = {.class_name = "Store", .finalizer = free_store};
  JS_NewClassID(&store_class);
  JS_NewClass(JS_GetRuntime(ctx), store_class, &definition);
  ADD_FUNCTIONS(ctx, native, functions);
}
