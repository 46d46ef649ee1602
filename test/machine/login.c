/*
 * load login port=N path=PATH body=JSON: one login, and meanwhile, on another connection, whether the service is well:
 * `answers` that came before the reply to the login, and the longest that one of them was waited for.
 */
#include <poll.h>
#include <stdio.h>

#include "load.h"

/* Between two questions, so that they leave the CPU to the hash. */
#define PAUSE_MS 20

static struct client login, health;

static struct client *connected(struct client *client) {
  client->descriptor = connect_to(option("port", 8200));
  if (client->descriptor == -1) fail("connect");
  return client;
}

static bool has_reply(struct client *client, const struct pollfd *poll, int *status) {
  char *body;
  if (poll->revents == 0) return false;
  enum progress progress = receive(client, status, &body);
  if (progress == BROKEN) fail("a reply is broken");
  return progress == COMPLETE;
}

int command_login(void) {
  struct pollfd polls[] = {{connected(&login)->descriptor, POLLIN, 0}, {connected(&health)->descriptor, POLLIN, 0}};
  char line[256];
  int status = 0, health_status = 0;
  long answers = 0;
  snprintf(line, sizeof(line), "POST %s", text_option("path", "/"));
  double begun = now_ms();
  send_request(login.descriptor, line, "Content-Type: application/json\r\n", text_option("body", "{}"));
  double asked = begun, longest = 0;
  bool waits = false;
  while (!has_reply(&login, &polls[0], &status)) {
    if (has_reply(&health, &polls[1], &health_status)) {
      waits = false;
      if (health_status != 200) fail("the service is not well");
      answers += 1;
      if (now_ms() - asked > longest) longest = now_ms() - asked;
    }
    if (!waits && now_ms() - asked >= PAUSE_MS) {
      waits = true;
      asked = now_ms();
      send_request(health.descriptor, "GET /v1/sys/health", "", "");
    }
    if (poll(polls, 2, waits ? 1000 : PAUSE_MS) == -1) fail("poll");
  }
  double ended = now_ms();
  if (waits && ended - asked > longest) longest = ended - asked;
  printf("{\"status\":%d,\"ms\":%.1f,\"answers\":%ld,\"longestMs\":%.1f}\n", status, ended - begun, answers, longest);
  return 0;
}
