/*
 * Put in front of libregexp.c for big-endian CPUs: the byte code of regular expressions is little-endian everywhere,
 * as the engine's other byte code is already, so that one program serves all CPUs. (Bellard's QuickJS of 2025-04-26
 * writes that of regular expressions in the order of the CPU that compiles.)
 */
#include "cutils.h"

static inline uint16_t get_u16_le(const uint8_t *at) {
  return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t get_u32_le(const uint8_t *at) {
  return bswap32(get_u32(at));
}

static inline void put_u32_le(uint8_t *at, uint32_t value) {
  put_u32(at, bswap32(value));
}

static inline int dbuf_put_u16_le(DynBuf *buffer, uint16_t value) {
  return dbuf_put_u16(buffer, bswap16(value));
}

static inline int dbuf_put_u32_le(DynBuf *buffer, uint32_t value) {
  return dbuf_put_u32(buffer, bswap32(value));
}

#define get_u16 get_u16_le
#define get_u32 get_u32_le
#define put_u32 put_u32_le
#define dbuf_put_u16 dbuf_put_u16_le
#define dbuf_put_u32 dbuf_put_u32_le
