/* Stands for cryptography.c in a build that has nothing to encrypt: `native` has none of it. */
#include "host.h"

void add_cryptography_functions(JSContext *ctx, JSValueConst native) {}
