/* A client's side of HTTP/1.1, as far as the service's replies need it. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"

int connect_to(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int one = 1;
  int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor == -1) fail("socket");
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  if (connect(descriptor, (struct sockaddr *)&address, sizeof(address)) == 0) return descriptor;
  close(descriptor);
  return -1;
}

static void send_all(int descriptor, const char *bytes, size_t length) {
  for (size_t sent = 0; sent < length;) {
    ssize_t count = send(descriptor, bytes + sent, length - sent, MSG_NOSIGNAL);
    if (count == -1 && errno != EINTR) fail("send");
    if (count > 0) sent += count;
  }
}

void send_request(int descriptor, const char *line, const char *headers, const char *body) {
  static char *bytes = NULL;
  static size_t capacity = 0;
  size_t body_length = strlen(body);
  size_t most = strlen(line) + strlen(headers) + body_length + 128;
  if (most > capacity) bytes = realloc(bytes, capacity = most);
  if (bytes == NULL) fail("memory");
  char *at = bytes + sprintf(bytes, "%s HTTP/1.1\r\nHost: localhost\r\n%s", line, headers);
  if (body_length > 0) at += sprintf(at, "Content-Length: %zu\r\n", body_length);
  at += sprintf(at, "\r\n%s", body);
  send_all(descriptor, bytes, at - bytes);
}

enum progress receive(struct client *client, int *status, char **body) {
  size_t room = sizeof(client->bytes) - 1 - client->length;
  ssize_t count = read(client->descriptor, client->bytes + client->length, room);
  if (count <= 0) return BROKEN;
  client->length += count;
  client->bytes[client->length] = '\0';
  char *end = strstr(client->bytes, "\r\n\r\n");
  if (end == NULL) return MORE_TO_COME;
  *body = end + 4;
  *status = atoi(client->bytes + 9);
  size_t wanted = 0;
  if (*status != 204) {
    char *line = strcasestr(client->bytes, "\r\ncontent-length:");
    if (line == NULL || line > end) return BROKEN;
    wanted = strtoul(line + strlen("\r\ncontent-length:"), NULL, 10);
  }
  size_t found = client->bytes + client->length - *body;
  if (found < wanted) return MORE_TO_COME;
  client->length = 0;
  return found == wanted ? COMPLETE : BROKEN;
}
