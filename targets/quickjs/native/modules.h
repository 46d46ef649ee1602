/* The table of the program's modules, which the build writes: the main module first, a name of NULL at its end. */
#ifndef STREAMBED_MODULES_H
#define STREAMBED_MODULES_H

#include <stdint.h>

struct module {
  const char *name;
  const uint8_t *start;
  const uint8_t *end;
};

extern const struct module modules[];

#endif
