/* What a process takes, in kB, as a JSON object. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load.h"

static long field(const char *text, const char *name) {
  const char *line = strstr(text, name);
  return line == NULL ? -1 : strtol(line + strlen(name), NULL, 10);
}

static void read_file(int pid, const char *name, char *into, size_t capacity) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
  int file = open(path, O_RDONLY);
  ssize_t length = file == -1 ? -1 : read(file, into, capacity - 1);
  if (length <= 0) fail(path);
  into[length] = '\0';
  close(file);
}

void sample_memory(int pid, char *into, size_t capacity) {
  char status[4096];
  char rollup[4096];
  read_file(pid, "status", status, sizeof(status));
  read_file(pid, "smaps_rollup", rollup, sizeof(rollup));
  snprintf(into, capacity, "{\"VmRSS\":%ld,\"VmHWM\":%ld,\"RssAnon\":%ld,\"PSS\":%ld,\"VmData\":%ld}",
           field(status, "VmRSS:"), field(status, "VmHWM:"), field(status, "RssAnon:"), field(rollup, "Pss:"),
           field(status, "VmData:"));
}

void print_memory(int pid) {
  char text[256];
  sample_memory(pid, text, sizeof(text));
  puts(text);
}
