/* A client's side of HTTP/1.1, as far as the service's replies need it. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
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

void send_all(int descriptor, const char *bytes, size_t length) {
  for (size_t sent = 0; sent < length;) {
    ssize_t count = send(descriptor, bytes + sent, length - sent, MSG_NOSIGNAL);
    if (count == -1 && errno != EINTR) fail("send");
    if (count > 0) sent += count;
  }
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
  if (*status == 204) return COMPLETE;
  char *line = strcasestr(client->bytes, "\r\ncontent-length:");
  if (line == NULL || line > end) return BROKEN;
  size_t wanted = strtoul(line + strlen("\r\ncontent-length:"), NULL, 10);
  size_t found = client->bytes + client->length - *body;
  if (found < wanted) return MORE_TO_COME;
  client->length = 0;
  return found == wanted ? COMPLETE : BROKEN;
}
