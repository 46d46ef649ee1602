/* The load driver of the emulated machine: small, static, and cheap on a CPU that it shares with what it measures. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define VALUE_LENGTH 128 /* of base64: 96 bytes */

/* http.c: one request at a time on a connection that is kept. */
struct client {
  int descriptor;
  bool keeps_secrets; /* it is connected to the secret store */
  int expected;       /* status */
  enum { NOTHING, OFFSETS, SECRET, TOKEN } wanted; /* in the reply */
  long sequence;      /* of what is being sent */
  long secret;        /* the number of the one that was asked for */
  char token[64];     /* that it has made and not revoked yet */
  size_t length;      /* of what has been received */
  char bytes[65536];  /* of the reply */
};

/* What ended a reply. */
enum progress { MORE_TO_COME, COMPLETE, BROKEN };

int connect_to(int port);
/* `line` is `METHOD PATH`, `headers` are lines with their ends; an empty body is none. */
void send_request(int descriptor, const char *line, const char *headers, const char *body);
/* Reads once; COMPLETE when the reply is all there, as head and body, its text ended with a NUL. */
enum progress receive(struct client *client, int *status, char **body);

/* secrets.c: secrets have numbers, and what is stored under one follows from it. */
void send_secret(struct client *client, long number);
/* The next of what clients of the secret store do. */
void send_secret_request(struct client *client, long turn);
/* Whether the reply has what was asked for. */
bool take_secret_reply(struct client *client, const char *body);
/* As long as there is one: the line of the header, else nothing. */
void print_token_header(char *into, size_t capacity, const char *token);

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
int command_login(void);
int command_dump(void);
