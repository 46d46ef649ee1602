/*
 * Memory for the engine. Without any left nothing that is going on can be brought to a good end, and an exception made
 * of no memory says nothing: the process ends, its supervisor starts it again, and what was acknowledged is on disk.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "pools.h"

#define EXIT_OUT_OF_MEMORY 71 /* EX_OSERR of sysexits.h */

/* The runtime's own, of which there is one. */
static const JSMallocState *counted = NULL;

size_t memory_in_use(void) {
  return counted == NULL ? 0 : counted->malloc_size;
}

static void *checked(void *memory) {
  static const char message[] = "streambed: out of memory\n";
  if (memory != NULL) return memory;
  if (write(STDERR_FILENO, message, sizeof(message) - 1) < 0) _exit(EXIT_OUT_OF_MEMORY);
  _exit(EXIT_OUT_OF_MEMORY);
}

static size_t usable_size(const void *memory) {
  const size_t room = memory == NULL ? 0 : block_room(memory);
  return room == 0 ? malloc_usable_size((void *)memory) : room;
}

static void *take(size_t size, size_t *room) {
  void *memory = size <= LARGEST_POOLED ? take_block(size, room) : NULL;
  if (memory != NULL) return memory;
  memory = checked(malloc(size));
  *room = malloc_usable_size(memory);
  return memory;
}

/* What it had room for. */
static size_t give_back(void *memory) {
  size_t room = block_room(memory);
  if (room != 0) {
    return_block(memory);
  } else {
    room = malloc_usable_size(memory);
    free(memory);
  }
  return room;
}

static void *allocate(JSMallocState *state, size_t size) {
  size_t room;
  void *memory = take(size, &room);
  state->malloc_count += 1;
  state->malloc_size += room;
  if (state->malloc_count > 1) counted = state; /* the first is on the caller's stack */
  return memory;
}

static void release(JSMallocState *state, void *memory) {
  if (memory == NULL) return;
  state->malloc_count -= 1;
  state->malloc_size -= give_back(memory);
}

static void *moved(JSMallocState *state, void *memory, size_t filled, size_t size) {
  size_t room;
  void *place = take(size, &room);
  memcpy(place, memory, filled < size ? filled : size);
  state->malloc_size += room - give_back(memory);
  return place;
}

static void *reallocate(JSMallocState *state, void *memory, size_t size) {
  if (memory == NULL) return size == 0 ? NULL : allocate(state, size);
  if (size == 0) {
    release(state, memory);
    return NULL;
  }
  const size_t pooled = block_room(memory);
  /* A block keeps what fits into it and fills half of it. */
  if (pooled != 0 && size <= pooled && size > pooled / 2) return memory;
  const size_t before = pooled != 0 ? pooled : malloc_usable_size(memory);
  if (pooled != 0 || size <= LARGEST_POOLED) return moved(state, memory, before, size);
  memory = checked(realloc(memory, size));
  state->malloc_size += malloc_usable_size(memory) - before;
  return memory;
}

const JSMallocFunctions memory_functions = {allocate, release, reallocate, usable_size};
