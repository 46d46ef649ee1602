/*
 * fsync and fdatasync on a helper thread, so that a slow flash does not stop the loop. The thread is started with the
 * first sync; it takes them in order. This thread, and others, tell the loop of what they have done by an event
 * descriptor, and never touch the engine.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "host.h"

struct sync {
  struct job job;
  int descriptor;
  int is_directory;
};

struct queue {
  struct job *first;
  struct job **last;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t asked = PTHREAD_COND_INITIALIZER;
static struct queue waiting = {NULL, &waiting.first};
static struct queue done = {NULL, &done.first};
static int done_event = -1;

static void enqueue(struct queue *queue, struct job *job) {
  job->next = NULL;
  *queue->last = job;
  queue->last = &job->next;
}

static struct job *dequeue(struct queue *queue) {
  struct job *job = queue->first;
  if (job == NULL) return NULL;
  queue->first = job->next;
  if (queue->first == NULL) queue->last = &queue->first;
  return job;
}

/* An interrupted fsync has reported nothing yet and may be called again; after any other failure it may not. */
static int sync_now(const struct sync *sync) {
  for (;;) {
    int status = sync->is_directory ? fsync(sync->descriptor) : fdatasync(sync->descriptor);
    if (status == 0) return 0;
    if (errno != EINTR) return errno;
  }
}

void end_job(struct job *job) {
  const uint64_t one = 1;
  pthread_mutex_lock(&mutex);
  enqueue(&done, job);
  /* Cannot fail short of 2^64 - 1 jobs that nobody fetched. */
  if (write(done_event, &one, sizeof(one)) != sizeof(one)) abort();
  pthread_mutex_unlock(&mutex);
}

static void *run_syncs(void *unused) {
  pthread_mutex_lock(&mutex);
  for (;;) {
    struct sync *sync = (struct sync *)dequeue(&waiting);
    if (sync == NULL) {
      pthread_cond_wait(&asked, &mutex);
      continue;
    }
    pthread_mutex_unlock(&mutex);
    sync->job.error = sync_now(sync);
    end_job(&sync->job);
    pthread_mutex_lock(&mutex);
  }
  return unused;
}

static int open_event(void) {
  int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event < 0) return errno;
  if (watch_descriptor(event) == FAILED) {
    int error = errno;
    close(event);
    return error;
  }
  done_event = event;
  return 0;
}

int start_thread(void *(*run)(void *), void *argument) {
  pthread_t thread;
  pthread_attr_t attributes;
  int error = done_event < 0 ? open_event() : 0;
  if (error != 0) return error;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 64 * 1024);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  error = pthread_create(&thread, &attributes, run, argument);
  pthread_attr_destroy(&attributes);
  return error;
}

/* sync(descriptor, isDirectory, number): begins; `takeDone` tells of its end. */
static JSValue begin_sync(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  static int has_thread = 0;
  int descriptor, number;
  if (JS_ToInt32(ctx, &descriptor, arguments[0]) || JS_ToInt32(ctx, &number, arguments[2])) return JS_EXCEPTION;
  int error = has_thread ? 0 : start_thread(run_syncs, NULL);
  if (error != 0) return throw_error(ctx, error, "sync", NULL);
  has_thread = 1;
  struct sync *sync = malloc(sizeof(*sync));
  if (sync == NULL) return throw_error(ctx, ENOMEM, "sync", NULL);
  *sync = (struct sync){{.number = number}, descriptor, JS_ToBool(ctx, arguments[1])};
  pthread_mutex_lock(&mutex);
  enqueue(&waiting, &sync->job);
  pthread_cond_signal(&asked);
  pthread_mutex_unlock(&mutex);
  return JS_UNDEFINED;
}

/* The descriptor by which the loop hears of ended jobs; -1 before the first one. */
static JSValue done_descriptor(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  return JS_NewInt32(ctx, done_event);
}

/* [number, errno] of a job that has ended, or null. */
static JSValue take_done(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  uint64_t events;
  pthread_mutex_lock(&mutex);
  struct job *job = dequeue(&done);
  /* Emptied under the lock: what is enqueued after this makes a new event. EAGAIN: it was empty. */
  if (job == NULL && done_event >= 0 && read(done_event, &events, sizeof(events)) < 0 && errno != EAGAIN) abort();
  pthread_mutex_unlock(&mutex);
  if (job == NULL) return JS_NULL;
  const JSValue values[] = {JS_NewInt32(ctx, job->number), JS_NewInt32(ctx, job->error)};
  free(job);
  return new_array(ctx, 2, values);
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("sync", 3, begin_sync),
    JS_CFUNC_DEF("doneDescriptor", 0, done_descriptor),
    JS_CFUNC_DEF("takeDone", 0, take_done),
};

void add_sync_functions(JSContext *ctx, JSValueConst native) {
  ADD_FUNCTIONS(ctx, native, functions);
}
