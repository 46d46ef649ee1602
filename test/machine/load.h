/* The load driver of the emulated machine: small, static, and cheap on a CPU that it shares with what it measures. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define VALUE_LENGTH 128 /* of base64: 96 bytes */

/* http.c: one request at a time on a connection that is kept. */
struct client {
  int descriptor;
  int expected;      /* status */
  bool produces;     /* else what it sent has no offsets in its reply */
  long sequence;     /* of what is being sent */
  size_t length;     /* of what has been received */
  char bytes[65536]; /* of the reply */
};

/* What ended a reply. */
enum progress { MORE_TO_COME, COMPLETE, BROKEN };

int connect_to(int port);
void send_all(int descriptor, const char *bytes, size_t length);
/* Reads once; COMPLETE when the reply is all there, as head and body, its text ended with a NUL. */
enum progress receive(struct client *client, int *status, char **body);

/* records.c */
void print_value(char *into, long sequence);
/* The sequence number in an intact value, else -1. */
long sequence_of(const char *value);

/* memory.c */
void print_memory(int pid);
void sample_memory(int pid, char *into, size_t capacity);

double now_ms(void);
_Noreturn void fail(const char *what);
/* A way out of the machine, by number. */
int open_outgoing(long number);
long option(const char *name, long otherwise);
const char *text_option(const char *name, const char *otherwise);

/* The commands. */
int command_start(char **command);
int command_run(void);
int command_dump(void);
