/*
 * fsync and fdatasync on a helper thread, so that a slow flash does not stop the loop. The thread is started with the
 * first sync; it takes them in order and tells the loop by an event descriptor. It never touches the engine.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "host.h"

struct sync {
  struct sync *next;
  int descriptor;
  int is_directory;
  int number; /* chosen by the caller */
  int error;  /* 0 or an errno */
};

struct queue {
  struct sync *first;
  struct sync **last;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t asked = PTHREAD_COND_INITIALIZER;
static struct queue waiting = {NULL, &waiting.first};
static struct queue done = {NULL, &done.first};
static int done_event = -1;

static void enqueue(struct queue *queue, struct sync *sync) {
  sync->next = NULL;
  *queue->last = sync;
  queue->last = &sync->next;
}

static struct sync *dequeue(struct queue *queue) {
  struct sync *sync = queue->first;
  if (sync == NULL) return NULL;
  queue->first = sync->next;
  if (queue->first == NULL) queue->last = &queue->first;
  return sync;
}

/* An interrupted fsync has reported nothing yet and may be called again; after any other failure it may not. */
static int sync_now(const struct sync *sync) {
  for (;;) {
    int status = sync->is_directory ? fsync(sync->descriptor) : fdatasync(sync->descriptor);
    if (status == 0) return 0;
    if (errno != EINTR) return errno;
  }
}

static void *run_syncs(void *unused) {
  const uint64_t one = 1;
  pthread_mutex_lock(&mutex);
  for (;;) {
    struct sync *sync = dequeue(&waiting);
    if (sync == NULL) {
      pthread_cond_wait(&asked, &mutex);
      continue;
    }
    pthread_mutex_unlock(&mutex);
    sync->error = sync_now(sync);
    pthread_mutex_lock(&mutex);
    enqueue(&done, sync);
    /* Cannot fail short of 2^64 - 1 syncs that nobody fetched. */
    if (write(done_event, &one, sizeof(one)) != sizeof(one)) abort();
  }
  return unused;
}

/* 0 or an errno. */
static int start_thread(void) {
  pthread_t thread;
  pthread_attr_t attributes;
  int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event < 0) return errno;
  if (watch_descriptor(event) == FAILED) {
    int error = errno;
    close(event);
    return error;
  }
  done_event = event;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 64 * 1024);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  int error = pthread_create(&thread, &attributes, run_syncs, NULL);
  pthread_attr_destroy(&attributes);
  if (error == 0) return 0;
  close(event);
  done_event = -1;
  return error;
}

/* sync(descriptor, isDirectory, number): begins; `takeSynced` tells of its end. */
static JSValue begin_sync(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  int descriptor, number;
  if (JS_ToInt32(ctx, &descriptor, arguments[0]) || JS_ToInt32(ctx, &number, arguments[2])) return JS_EXCEPTION;
  if (done_event < 0) {
    int error = start_thread();
    if (error != 0) return throw_error(ctx, error, "sync", NULL);
  }
  struct sync *sync = malloc(sizeof(*sync));
  if (sync == NULL) return throw_error(ctx, ENOMEM, "sync", NULL);
  *sync = (struct sync){NULL, descriptor, JS_ToBool(ctx, arguments[1]), number, 0};
  pthread_mutex_lock(&mutex);
  enqueue(&waiting, sync);
  pthread_cond_signal(&asked);
  pthread_mutex_unlock(&mutex);
  return JS_UNDEFINED;
}

/* The descriptor by which the loop hears of ended syncs; -1 before the first one. */
static JSValue sync_descriptor(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  return JS_NewInt32(ctx, done_event);
}

/* [number, errno] of a sync that has ended, or null. */
static JSValue take_synced(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  uint64_t events;
  pthread_mutex_lock(&mutex);
  struct sync *sync = dequeue(&done);
  /* Emptied under the lock: what is enqueued after this makes a new event. EAGAIN: it was empty. */
  if (sync == NULL && done_event >= 0 && read(done_event, &events, sizeof(events)) < 0 && errno != EAGAIN) abort();
  pthread_mutex_unlock(&mutex);
  if (sync == NULL) return JS_NULL;
  const JSValue values[] = {JS_NewInt32(ctx, sync->number), JS_NewInt32(ctx, sync->error)};
  free(sync);
  return new_array(ctx, 2, values);
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("sync", 3, begin_sync),
    JS_CFUNC_DEF("syncDescriptor", 0, sync_descriptor),
    JS_CFUNC_DEF("takeSynced", 0, take_synced),
};

void add_sync_functions(JSContext *ctx, JSValueConst native) {
  ADD_FUNCTIONS(ctx, native, functions);
}
