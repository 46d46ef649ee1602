/*
 * load dump port=N topic=NAME out=N: reads all of a topic by one stream and says what it found, to the outgoing port N:
 * a line `SEQUENCE OFFSET` per record, with the sequence -1 where the value is not what was sent.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load.h"

static char line[8192];
static size_t line_length = 0;
static long records = 0;

static void take_line(FILE *out) {
  static const char value_name[] = "\"value\":\"";
  static const char offset_name[] = "\"offset\":";
  line[line_length] = '\0';
  line_length = 0;
  const char *value = strstr(line, value_name);
  const char *offset = strstr(line, offset_name);
  if (value == NULL || offset == NULL) {
    fprintf(stderr, "load: not a record: %.200s\n", line);
    exit(1);
  }
  fprintf(out, "%ld %ld\n", sequence_of(value + sizeof(value_name) - 1), strtol(offset + sizeof(offset_name) - 1, NULL, 10));
  records += 1;
}

/* Takes the chunked body byte by byte. Returns false behind its last chunk. */
static bool take_byte(char byte, FILE *out) {
  static enum { SIZE, SIZE_END, DATA, DATA_END } state = SIZE;
  static size_t left = 0;
  if (state == DATA) {
    if (byte == '\n') take_line(out);
    else if (line_length < sizeof(line) - 1) line[line_length++] = byte;
    if (--left == 0) state = DATA_END;
  } else if (state == SIZE && byte != '\r') {
    left = left * 16 + (byte <= '9' ? byte - '0' : (byte | 32) - 'a' + 10);
  } else if (state == SIZE) {
    state = SIZE_END;
  } else if (byte == '\n') {
    if (state == SIZE_END && left == 0) return false;
    state = state == SIZE_END ? DATA : SIZE;
  }
  return true;
}

int command_dump(void) {
  char bytes[16384];
  snprintf(bytes, sizeof(bytes), "GET /streams?topics=%s&idle_timeout=0", text_option("topic", "load"));
  FILE *out = fdopen(open_outgoing(option("out", 1)), "w");
  int descriptor = connect_to(option("port", 8082));
  if (out == NULL || descriptor == -1) fail("dump");
  send_request(descriptor, bytes, "", "");
  size_t seen = 0;
  const char *body = NULL;
  for (;;) {
    ssize_t count = read(descriptor, bytes + seen, sizeof(bytes) - 1 - seen);
    if (count <= 0) fail("the stream broke");
    const char *at = bytes;
    const char *end = bytes + seen + count;
    if (body == NULL) {
      seen += count;
      bytes[seen] = '\0';
      body = strstr(bytes, "\r\n\r\n");
      if (body == NULL) continue;
      if (strncmp(bytes + 9, "200", 3) != 0) fail(bytes);
      at = body + 4;
      seen = 0;
    }
    for (; at < end; at++) {
      if (take_byte(*at, out)) continue;
      fclose(out);
      printf("{\"records\":%ld}\n", records);
      return 0;
    }
  }
}
