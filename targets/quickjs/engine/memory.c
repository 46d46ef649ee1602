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
  const size_t size = memory == NULL ? 0 : block_size(memory);
  return size == 0 ? malloc_usable_size((void *)memory) : size;
}

static void *take(size_t size) {
  void *block = size <= LARGEST_POOLED ? take_block(size) : NULL;
  return block == NULL ? checked(malloc(size)) : block;
}

static void give_back(void *memory) {
  if (block_size(memory) == 0) free(memory);
  else return_block(memory);
}

static void *allocate(JSMallocState *state, size_t size) {
  void *memory = take(size);
  state->malloc_count += 1;
  state->malloc_size += usable_size(memory);
  if (state->malloc_count > 1) counted = state; /* the first is on the caller's stack */
  return memory;
}

static void release(JSMallocState *state, void *memory) {
  if (memory == NULL) return;
  state->malloc_count -= 1;
  state->malloc_size -= usable_size(memory);
  give_back(memory);
}

static void *resized(void *memory, size_t size) {
  const size_t before = block_size(memory);
  if (before == 0 && size > LARGEST_POOLED) return checked(realloc(memory, size));
  if (before != 0 && size <= LARGEST_POOLED && before == rounded_size(size)) return memory;
  void *moved = take(size);
  const size_t filled = usable_size(memory);
  memcpy(moved, memory, filled < size ? filled : size);
  give_back(memory);
  return moved;
}

static void *reallocate(JSMallocState *state, void *memory, size_t size) {
  if (memory == NULL) return size == 0 ? NULL : allocate(state, size);
  if (size == 0) {
    release(state, memory);
    return NULL;
  }
  state->malloc_size -= usable_size(memory);
  memory = resized(memory, size);
  state->malloc_size += usable_size(memory);
  return memory;
}

const JSMallocFunctions memory_functions = {allocate, release, reallocate, usable_size};
