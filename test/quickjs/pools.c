/*
 * pools SEED COUNT: takes, resizes and returns blocks at random, each filled with a pattern that is looked at before it
 * goes. At the end everything is back, and the system has its pages. Prints what is wrong, or `ok`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define BLOCKS 20000
#define MOST_KEPT_KB 1024

static struct {
  unsigned char *bytes;
  size_t length;
} blocks[BLOCKS];
static JSMallocState state;
static unsigned seed;

static unsigned random_below(unsigned limit) {
  seed = seed * 1664525u + 1013904223u;
  return (seed >> 8) % limit;
}

static void fail(const char *what, unsigned at) {
  printf("block %u of %zu bytes: %s\n", at, blocks[at].length, what);
  exit(1);
}

static void fill(unsigned at) {
  memset(blocks[at].bytes, (int)(at % 251), blocks[at].length);
}

static void check(unsigned at, size_t length) {
  for (size_t i = 0; i < length; i += 1) {
    if (blocks[at].bytes[i] != at % 251) fail("is not what was put into it", at);
  }
}

static size_t random_size(void) {
  const unsigned kind = random_below(10);
  return random_below(kind < 6 ? 96 : kind < 9 ? 600 : 20000);
}

/* Of no bytes the engine wants no block when it resizes. */
static void step(unsigned at) {
  const size_t before = blocks[at].length;
  if (blocks[at].bytes == NULL || random_below(3) == 0) {
    const size_t length = random_size() + (blocks[at].bytes != NULL);
    unsigned char *bytes = blocks[at].bytes == NULL ? memory_functions.js_malloc(&state, length)
                                                    : memory_functions.js_realloc(&state, blocks[at].bytes, length);
    blocks[at].bytes = bytes;
    blocks[at].length = length;
    if ((size_t)bytes % 8 != 0) fail("is not aligned", at);
    if (memory_functions.js_malloc_usable_size(bytes) < length) fail("is too small", at);
    check(at, before < length ? before : length);
    fill(at);
  } else {
    check(at, before);
    memory_functions.js_free(&state, blocks[at].bytes);
    blocks[at].bytes = NULL;
    blocks[at].length = 0;
  }
}

static long resident_kb(void) {
  long whole = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL || fscanf(file, "%ld %ld", &whole, &resident) != 2) exit(2);
  fclose(file);
  return resident * 4;
}

int main(int count, char **arguments) {
  if (count < 3) return 2;
  seed = (unsigned)strtoul(arguments[1], NULL, 10);
  const long before_kb = resident_kb();
  for (long left = strtol(arguments[2], NULL, 10); left > 0; left -= 1) step(random_below(BLOCKS));
  for (unsigned at = 0; at < BLOCKS; at += 1) {
    check(at, blocks[at].length);
    memory_functions.js_free(&state, blocks[at].bytes);
  }
  if (state.malloc_count != 0 || state.malloc_size != 0) return printf("%zu bytes are left\n", state.malloc_size), 1;
  const long kept_kb = resident_kb() - before_kb;
  if (kept_kb > MOST_KEPT_KB) return printf("%ld kB are kept\n", kept_kb), 1;
  puts("ok");
  return 0;
}
