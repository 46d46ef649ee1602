/*
 * Put in front of quickjs.c: a BigInt from 2^63 on may have a highest limb of 0, whose leading zeros it counts to find
 * out how many digits to make room for; the builtin's result is undefined for 0, and on x86-64 whatever was in the
 * register. (Bellard's QuickJS of 2025-04-26; later ones look for 0.)
 */
#include "cutils.h"

static inline int leading_zeros32(unsigned int a) {
  return a == 0 ? 32 : clz32(a);
}

static inline int leading_zeros64(uint64_t a) {
  return a == 0 ? 64 : clz64(a);
}

#define clz32 leading_zeros32
#define clz64 leading_zeros64
