/*
 * Small blocks without a header: pages hold blocks of one size each, and what is to be known of a page stands in a table
 * beside them. An object of the engine has some 40 bytes: with malloc, heads and rounding took a tenth of what the whole
 * process has on MIPS, and their keeping a third of its time. For one thread.
 */
#include "pools.h"

#include <stdint.h>
#include <sys/mman.h>

#define PAGE_BYTES 4096
#define PAGES (64 * 1024 * 1024 / PAGE_BYTES)
/* Address space is reserved at once, and may be written to piece by piece, as the limit on data counts what may be. */
#define STEP_PAGES 16
/* Empty pages that are kept for the next one that asks; what is more goes back to the system. */
#define KEPT_PAGES 16
#define UNIT 8
#define FINE_BYTES 128   /* up to here a size for every 8 bytes */
#define COARSE_BYTES 256 /* up to here for every 16, and then for every 32 */
#define SIZES 32
#define NONE 0xffff

struct page {
  uint16_t used;  /* blocks */
  uint16_t free;  /* where the first of the returned blocks is in the page; each holds where the next is */
  uint16_t fresh; /* where blocks begin that were never taken */
  uint16_t size;  /* of each block, in bytes */
  uint16_t number; /* of that size */
  uint16_t next, previous; /* pages with room of the same size; of empty pages, only the next */
};

static struct page pages[PAGES];
static uint8_t *base = NULL;
static unsigned begun = 0, writable = 0; /* pages */
static uint16_t with_room[SIZES];        /* by number of page; the lists begin as empty ones in `reserve` */
static uint16_t kept = NONE, given_back = NONE;
static unsigned kept_count = 0;

static unsigned number_of(size_t size) {
  if (size <= FINE_BYTES) return size == 0 ? 0 : (unsigned)(size - 1) / UNIT;
  if (size <= COARSE_BYTES) return (unsigned)(size - FINE_BYTES - 1) / 16 + 16;
  return (unsigned)(size - COARSE_BYTES - 1) / 32 + 24;
}

static unsigned bytes_of(unsigned number) {
  if (number < 16) return (number + 1) * UNIT;
  if (number < 24) return FINE_BYTES + (number - 15) * 16;
  return COARSE_BYTES + (number - 23) * 32;
}

static int reserve(void) {
  static int has_tried = 0;
  if (has_tried) return base != NULL;
  has_tried = 1;
  void *region = mmap(NULL, (size_t)PAGES * PAGE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (region == MAP_FAILED) return 0;
  for (unsigned number = 0; number < SIZES; number += 1) with_room[number] = NONE;
  base = region;
  return 1;
}

static uint16_t pop(uint16_t *list) {
  const uint16_t at = *list;
  if (at != NONE) *list = pages[at].next;
  return at;
}

static void link_page(uint16_t at) {
  struct page *page = &pages[at];
  uint16_t *list = &with_room[page->number];
  page->next = *list;
  page->previous = NONE;
  if (*list != NONE) pages[*list].previous = at;
  *list = at;
}

static void unlink_page(uint16_t at) {
  const struct page *page = &pages[at];
  if (page->next != NONE) pages[page->next].previous = page->previous;
  if (page->previous != NONE) pages[page->previous].next = page->next;
  else with_room[page->number] = page->next;
}

static uint16_t empty_page(void) {
  const uint16_t at = pop(&kept);
  if (at != NONE) kept_count -= 1;
  if (at != NONE || given_back != NONE) return at == NONE ? pop(&given_back) : at;
  if (!reserve() || begun == PAGES - 1) return NONE;
  if (begun == writable) {
    void *from = base + (size_t)writable * PAGE_BYTES;
    if (mprotect(from, STEP_PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE) != 0) return NONE;
    writable += STEP_PAGES;
  }
  return (uint16_t)begun++;
}

static int has_room(const struct page *page) {
  return page->free != NONE || page->fresh + page->size <= PAGE_BYTES;
}

void *take_block(size_t size, size_t *room) {
  const uint16_t number = (uint16_t)number_of(size);
  uint16_t at = base == NULL ? NONE : with_room[number];
  if (at == NONE) {
    at = empty_page();
    if (at == NONE) return NULL;
    pages[at] = (struct page){0, NONE, 0, (uint16_t)bytes_of(number), number, NONE, NONE};
    link_page(at);
  }
  struct page *page = &pages[at];
  uint8_t *block = base + (size_t)at * PAGE_BYTES;
  if (page->free != NONE) {
    block += page->free;
    page->free = *(uint16_t *)(void *)block;
  } else {
    block += page->fresh;
    page->fresh = (uint16_t)(page->fresh + page->size);
  }
  page->used += 1;
  *room = page->size;
  if (!has_room(page)) unlink_page(at);
  return block;
}

void return_block(void *block) {
  const size_t offset = (size_t)((uint8_t *)block - base);
  const uint16_t at = (uint16_t)(offset / PAGE_BYTES);
  struct page *page = &pages[at];
  const int was_linked = has_room(page);
  *(uint16_t *)block = page->free;
  page->free = (uint16_t)(offset % PAGE_BYTES);
  page->used -= 1;
  if (page->used > 0) {
    if (!was_linked) link_page(at);
    return;
  }
  if (was_linked) unlink_page(at);
  uint16_t *list = kept_count < KEPT_PAGES ? &kept : &given_back;
  if (list == &kept) kept_count += 1;
  else madvise(base + (size_t)at * PAGE_BYTES, PAGE_BYTES, MADV_DONTNEED);
  page->next = *list;
  *list = at;
}

size_t block_room(const void *block) {
  const size_t page = (size_t)((const uint8_t *)block - base) / PAGE_BYTES;
  return base == NULL || page >= PAGES ? 0 : pages[page].size;
}
