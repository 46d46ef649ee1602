#ifndef STREAMBED_POOLS_H
#define STREAMBED_POOLS_H

#include <stddef.h>

/* Blocks of up to so many bytes come from pools; AddressSanitizer is to see each of them. */
#ifdef WITHOUT_POOLS
#define LARGEST_POOLED 0
#else
#define LARGEST_POOLED 512
#endif

/* A block of at most LARGEST_POOLED bytes, aligned to 8, or NULL: then malloc is to be asked. */
void *take_block(size_t size);
void return_block(void *block);
/* The bytes that the block has room for; 0 when it is of no pool. */
size_t block_size(const void *block);
/* What `block_size` will be for a block of this size. */
size_t rounded_size(size_t size);

#endif
