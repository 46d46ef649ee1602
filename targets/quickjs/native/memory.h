#ifndef STREAMBED_MEMORY_H
#define STREAMBED_MEMORY_H

#include <stddef.h>

#include "quickjs.h"

/* What the engine allocates with. */
extern const JSMallocFunctions memory_functions;

#endif
