#ifndef STREAMBED_POOLS_H
#define STREAMBED_POOLS_H

#include <stddef.h>

/* Blocks of up to so many bytes come from pools; AddressSanitizer is to see each of them. */
#ifdef WITHOUT_POOLS
#define LARGEST_POOLED 0
#else
#define LARGEST_POOLED 512
#endif

/* A block of at most LARGEST_POOLED bytes, aligned to 8, and what it has room for; or NULL: malloc is to be asked. */
void *take_block(size_t size, size_t *room);
void return_block(void *block);
/* The bytes that the block has room for; 0 when it is of no pool. */
size_t block_room(const void *block);

#endif
