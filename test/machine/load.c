/*
 * load start port=N log=FILE -- COMMAND...   starts a service: its pid and the milliseconds to the first 200
 * load memory pid=N                          what it takes
 * load post port=N path=PATH body=JSON       one request by hand: the reply's body; token=TOKEN
 * load run port=N kind=KIND ...              sends requests over several connections: see run.c
 * load login port=N path=PATH body=JSON      one login, and who else is served meanwhile: see login.c
 * load dump port=N topic=NAME out=N          what a topic holds, to an outgoing port: see dump.c
 *
 * Each prints one line of JSON.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

#define MOST_START_MS 300000

static char **options;

double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

_Noreturn void fail(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(1);
}

int open_outgoing(long number) {
  char path[32];
  snprintf(path, sizeof(path), "/dev/vport0p%ld", number + 1); /* the first one is the machine's own */
  int port = open(path, O_WRONLY);
  if (port == -1) fail(path);
  return port;
}

const char *text_option(const char *name, const char *otherwise) {
  for (char **each = options; *each != NULL; each++) {
    size_t length = strlen(name);
    if (strncmp(*each, name, length) == 0 && (*each)[length] == '=') return *each + length + 1;
  }
  return otherwise;
}

long option(const char *name, long otherwise) {
  const char *text = text_option(name, NULL);
  return text == NULL ? otherwise : strtol(text, NULL, 10);
}

/* One request on a connection of its own: its status and body; 0 without an answer. */
static int ask(int port, const char *line, const char *headers, const char *body, char **reply) {
  static struct client client;
  int status = 0;
  client.length = 0;
  client.descriptor = connect_to(port);
  if (client.descriptor == -1) return 0;
  send_request(client.descriptor, line, headers, body);
  enum progress progress = MORE_TO_COME;
  while (progress == MORE_TO_COME) progress = receive(&client, &status, reply);
  close(client.descriptor);
  return progress == COMPLETE ? status : 0;
}

static bool answers(int port) {
  char *reply;
  return ask(port, "GET /", "", "", &reply) == 200;
}

static int command_post(void) {
  char line[512];
  char headers[256];
  char *reply = "";
  snprintf(line, sizeof(line), "POST %s", text_option("path", "/"));
  print_token_header(headers, sizeof(headers) - 64, text_option("token", ""));
  strcat(headers, "Content-Type: application/json\r\n");
  int status = ask(option("port", 8082), line, headers, text_option("body", "{}"), &reply);
  printf("%s\n", reply);
  if (status < 200 || status > 299) return fprintf(stderr, "load: status %d\n", status), 1;
  return 0;
}

int command_start(char **command) {
  double begun = now_ms();
  pid_t child = fork();
  if (child == 0) {
    int log = open(text_option("log", "/dev/null"), O_WRONLY | O_CREAT | O_APPEND, 0600);
    setsid();
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execv(command[0], command);
    fail(command[0]);
  }
  while (!answers(option("port", 8082))) {
    if (waitpid(child, NULL, WNOHANG) != 0) return fprintf(stderr, "load: it has ended\n"), 1;
    if (now_ms() - begun > MOST_START_MS) fail("no answer");
    usleep(1000);
  }
  printf("{\"pid\":%d,\"ms\":%.1f}\n", (int)child, now_ms() - begun);
  return 0;
}

int main(int count, char **arguments) {
  if (count < 2) return 2;
  const char *command = arguments[1];
  options = arguments + 2;
  if (strcmp(command, "memory") == 0) return print_memory(option("pid", 0)), 0;
  if (strcmp(command, "post") == 0) return command_post();
  if (strcmp(command, "run") == 0) return command_run();
  if (strcmp(command, "login") == 0) return command_login();
  if (strcmp(command, "dump") == 0) return command_dump();
  for (char **each = options; *each != NULL; each++) {
    if (strcmp(*each, "--") == 0) return *each = NULL, command_start(each + 1);
  }
  return 2;
}
