/*
 * load run: requests over several connections, each with one under way.
 *
 *   port connections requests
 *   kind       produce (default), echo (the same bodies to /echo), mix (of what clients of the log do), secrets (writes
 *              each once), whole (both kinds of clients, in turns)
 *   vault      port of the secret store; token; secrets: how many there are
 *   topic      name; topics=N: spread over NAME-0 to NAME-N-1
 *   records    per request; keys: how many different ones, 0 for none
 *   first      number of the first value
 *   streams    how many subscribers read the topic meanwhile
 *   pid        whose memory is looked at when three quarters are done
 *   acks       number of the outgoing port that what was acknowledged goes to, a line `SEQUENCE OFFSET` each
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "load.h"

#define MOST_CLIENTS 64
#define MOST_TOPICS 128
#define MOST_RECORD_BYTES (VALUE_LENGTH + 64)

static struct {
  long requests, begun, done, failed, streamed, records, keys, topics, first;
  long turns[2];               /* that clients of the log, and of the secret store, have taken */
  long stored[MOST_TOPICS];    /* in each topic: how many records are known to be */
  const char *topic;
  enum { PRODUCE, ECHO, MIX, SECRETS, WHOLE } kind;
  int acks, port, pid;
  char memory[256];
} load;

static struct client clients[MOST_CLIENTS];

static void print_topic(char *into, size_t capacity, long number) {
  if (load.topics == 1) snprintf(into, capacity, "%s", load.topic);
  else snprintf(into, capacity, "%s-%ld", load.topic, number % load.topics);
}

static void send_produce(struct client *client, const char *path) {
  static char *body = NULL;
  char line[300];
  char value[VALUE_LENGTH + 1];
  if (body == NULL) body = malloc(load.records * MOST_RECORD_BYTES + 512);
  char *at = body + sprintf(body, "{\"records\":[");
  for (long each = 0; each < load.records; each++) {
    long sequence = client->sequence * load.records + each + load.first;
    print_value(value, sequence);
    at += sprintf(at, each == 0 ? "{" : ",{");
    if (load.keys > 0) at += sprintf(at, "\"key\":\"%08ld\",", sequence % load.keys);
    at += sprintf(at, "\"value\":\"%s\"}", value);
  }
  sprintf(at, "]}");
  snprintf(line, sizeof(line), "POST %s", path);
  send_request(client->descriptor, line, "Content-Type: application/vnd.kafka.binary.v2+json\r\n", body);
}

static void send_get(const struct client *client, const char *path) {
  char line[512];
  snprintf(line, sizeof(line), "GET %s", path);
  send_request(client->descriptor, line, "", "");
}

/*
 * Of ten requests in a mix seven produce, and one each asks for offsets, reads records, and asks for what is not there.
 * Nothing is read before something is known to be stored.
 */
static void send_log_request(struct client *client) {
  char topic[128];
  char path[256];
  long number = client->sequence % load.topics;
  bool is_mixed = load.kind == MIX || load.kind == WHOLE;
  long kind = is_mixed && load.stored[number] > 0 ? client->sequence / load.topics % 10 : 9;
  print_topic(topic, sizeof(topic), client->sequence);
  if (kind == 0) snprintf(path, sizeof(path), "/topics/%s/partitions/0/offsets", topic);
  else if (kind == 1) {
    static const char format[] = "/topics/%s/partitions/0/records?offset=%ld&timeout=0&max_bytes=1000";
    snprintf(path, sizeof(path), format, topic, load.stored[number] - 1);
  } else if (kind == 2) snprintf(path, sizeof(path), "/topics/absent");
  else snprintf(path, sizeof(path), "/topics/%s", topic);
  client->expected = kind == 2 ? 404 : 200;
  client->wanted = kind > 2 && load.kind != ECHO ? OFFSETS : NOTHING;
  if (kind <= 2) send_get(client, path);
  else send_produce(client, load.kind == ECHO ? "/echo" : path);
}

static void send_next(struct client *client) {
  load.begun += 1;
  client->sequence = load.turns[client->keeps_secrets]++;
  if (load.kind == SECRETS) send_secret(client, client->sequence);
  else if (client->keeps_secrets) send_secret_request(client, client->sequence);
  else send_log_request(client);
}

static bool note_offsets(const struct client *client, const char *body) {
  static const char name[] = "\"offset\":";
  char *lines = load.acks == -1 ? NULL : malloc(load.records * 40);
  char *end = lines;
  const char *at = body;
  long found = 0;
  for (; (at = strstr(at, name)) != NULL; found++) {
    at += sizeof(name) - 1;
    if (*at < '0' || *at > '9') break;
    long offset = strtol(at, NULL, 10);
    load.stored[client->sequence % load.topics] = offset + 1;
    if (lines != NULL) end += sprintf(end, "%ld %ld\n", client->sequence * load.records + found + load.first, offset);
  }
  if (lines != NULL && write(load.acks, lines, end - lines) != end - lines) fail("acks");
  free(lines);
  return found == load.records;
}

static bool has_wanted(struct client *client, const char *body) {
  if (client->wanted == NOTHING) return true;
  return client->wanted == OFFSETS ? note_offsets(client, body) : take_secret_reply(client, body);
}

static void take_reply(struct client *client, int status, const char *body) {
  bool is_right = status == client->expected && has_wanted(client, body);
  load.done += 1;
  if (is_right) return;
  if (load.failed++ == 0) fprintf(stderr, "load: status %d: %.300s\n", status, body);
}

static void begin_stream(struct client *client) {
  char path[256];
  int length = snprintf(path, sizeof(path), "/streams?topics=%s&from=end", load.topic);
  if (length < 0) fail("path");
  send_get(client, path);
}

/* A stream's records are only counted, by their lines, of which chunked framing has none that end in `}\n`. */
static void take_stream(const struct client *client) {
  char bytes[8192];
  static char before[MOST_CLIENTS];
  ssize_t length = read(client->descriptor, bytes, sizeof(bytes));
  if (length <= 0) fail("stream");
  char last = before[client - clients];
  for (ssize_t at = 0; at < length; last = bytes[at], at++) load.streamed += bytes[at] == '\n' && last == '}';
  before[client - clients] = last;
}

static void take_event(struct client *client, bool is_stream) {
  int status = 0;
  char *body = NULL;
  if (is_stream) {
    take_stream(client);
    return;
  }
  enum progress progress = receive(client, &status, &body);
  if (progress == BROKEN) fail("a reply is broken");
  if (progress == MORE_TO_COME) return;
  take_reply(client, status, body);
  if (load.pid != 0 && load.done == load.requests * 3 / 4) sample_memory(load.pid, load.memory, sizeof(load.memory));
  if (load.begun < load.requests) send_next(client);
}

static void read_options(void) {
  static const char *const kinds[] = {"produce", "echo", "mix", "secrets", "whole"};
  const char *kind = text_option("kind", kinds[PRODUCE]);
  for (int at = PRODUCE; at <= WHOLE; at++) if (strcmp(kind, kinds[at]) == 0) load.kind = at;
  load.port = option("port", 8082);
  load.requests = option("requests", 1);
  load.records = option("records", 1);
  load.keys = option("keys", 0);
  load.topic = text_option("topic", "load");
  load.topics = option("topics", 1);
  load.first = option("first", 0);
  load.pid = option("pid", 0);
  load.acks = option("acks", 0) == 0 ? -1 : open_outgoing(option("acks", 0));
}

int command_run(void) {
  read_options();
  int connections = option("connections", 1);
  int streams = option("streams", 0);
  int epoll = epoll_create1(0);
  if (connections + streams > MOST_CLIENTS || load.topics > MOST_TOPICS) return 2;
  for (int at = 0; at < connections + streams; at++) {
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = at};
    clients[at].keeps_secrets = load.kind == SECRETS || (load.kind == WHOLE && at % 2 == 1);
    clients[at].descriptor = connect_to(clients[at].keeps_secrets ? option("vault", 8200) : load.port);
    if (clients[at].descriptor == -1) fail("connect");
    epoll_ctl(epoll, EPOLL_CTL_ADD, clients[at].descriptor, &event);
    if (at >= connections) begin_stream(&clients[at]);
  }
  double begun = now_ms();
  for (int at = 0; at < connections && load.begun < load.requests; at++) send_next(&clients[at]);
  double ended = begun;
  /* What was produced before a stream began is not sent to it, so the first few records may be missing there. */
  while (load.done < load.requests || (streams > 0 && now_ms() - ended < 500)) {
    struct epoll_event events[MOST_CLIENTS];
    int count = epoll_wait(epoll, events, MOST_CLIENTS, 100);
    for (int at = 0; at < count; at++) take_event(&clients[events[at].data.u32], events[at].data.u32 >= (unsigned)connections);
    if (load.done < load.requests || ended == begun) ended = now_ms();
  }
  printf("{\"requests\":%ld,\"failed\":%ld,\"ms\":%.1f,\"streamed\":%ld,\"memory\":%s}\n", load.done, load.failed,
         ended - begun, load.streamed, load.memory[0] == '\0' ? "null" : load.memory);
  return 0;
}
