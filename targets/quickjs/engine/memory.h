#ifndef STREAMBED_MEMORY_H
#define STREAMBED_MEMORY_H

#include <stddef.h>

#include "quickjs.h"

/* What the engine allocates with. */
extern const JSMallocFunctions memory_functions;

/* The bytes that the engine has now. */
size_t memory_in_use(void);

#endif
