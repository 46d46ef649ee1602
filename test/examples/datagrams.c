/*
 * Stands in for socat of a router's packages: `datagrams receive PORT` writes what comes in datagrams to its output,
 * `datagrams send PORT` sends each line of its input as one; both on loopback.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int count, char **arguments) {
  char bytes[2048];
  if (count != 3) return 2;
  int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in place = {
      .sin_family = AF_INET, .sin_port = htons(atoi(arguments[2])), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  if (strcmp(arguments[1], "receive") == 0) {
    if (bind(descriptor, (struct sockaddr *)&place, sizeof(place)) != 0) return 1;
    for (;;) {
      ssize_t length = recv(descriptor, bytes, sizeof(bytes), 0);
      if (length == -1 || write(STDOUT_FILENO, bytes, length) != length) return 1;
    }
  }
  if (connect(descriptor, (struct sockaddr *)&place, sizeof(place)) != 0) return 1;
  while (fgets(bytes, sizeof(bytes), stdin) != NULL) {
    if (send(descriptor, bytes, strlen(bytes), 0) == -1) return 1;
  }
  return 0;
}
