/* Values that tell whether they are what was sent: base64 text that follows from a number, with the number in front. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

#define DIGITS 8

void print_value(char *into, long sequence) {
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint32_t state = (uint32_t)sequence * 2654435761u + 1;
  snprintf(into, VALUE_LENGTH + 1, "%0*ld", DIGITS, sequence);
  for (size_t at = DIGITS; at < VALUE_LENGTH; at++) {
    state = state * 1664525u + 1013904223u;
    into[at] = alphabet[state >> 26];
  }
  into[VALUE_LENGTH] = '\0';
}

long sequence_of(const char *value) {
  char digits[DIGITS + 1] = {0};
  char expected[VALUE_LENGTH + 1];
  strncpy(digits, value, DIGITS);
  long sequence = strtol(digits, NULL, 10);
  print_value(expected, sequence);
  return strncmp(value, expected, VALUE_LENGTH) == 0 ? sequence : -1;
}
