/*
 * TCP on non-blocking sockets. Every socket is in the loop's epoll set from its beginning, edge-triggered: who gets
 * null (it would have to wait) is told by an event when to try again.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host.h"

#define CHUNK_BYTES (16 * 1024)
#define BACKLOG 64
/* A peer that vanished without a word is found out after about a minute and a half. */
#define PROBE_AFTER_S 30
#define PROBE_EVERY_S 15
#define PROBES 4

union address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

/* The length of the address, or 0 when the text is no IP literal. */
static socklen_t parse_address(const char *host, uint32_t port, union address *address) {
  memset(address, 0, sizeof(*address));
  if (port > 65535) return 0;
  if (inet_pton(AF_INET, host, &address->v4.sin_addr) == 1) {
    address->v4.sin_family = AF_INET;
    address->v4.sin_port = htons((uint16_t)port);
    return sizeof(address->v4);
  }
  if (inet_pton(AF_INET6, host, &address->v6.sin6_addr) != 1) return 0;
  address->v6.sin6_family = AF_INET6;
  address->v6.sin6_port = htons((uint16_t)port);
  return sizeof(address->v6);
}

static void set_option(int descriptor, int level, int name, int value) {
  /* All of them are comforts: a connection without works. */
  (void)setsockopt(descriptor, level, name, &value, sizeof(value));
}

static void set_options(int descriptor) {
  set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, PROBE_AFTER_S);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, PROBE_EVERY_S);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPCNT, PROBES);
}

enum { LISTEN, CONNECT };

/* A connection is there, or has failed, when the descriptor can be written: see `socketError`. */
static JSValue open_socket(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments, int call) {
  static const char *const calls[] = {"listen", "connect"};
  union address address;
  const char *host = JS_ToCString(ctx, arguments[0]);
  if (host == NULL) return JS_EXCEPTION;
  socklen_t length = parse_address(host, (uint32_t)get_int(ctx, arguments[1]), &address);
  int descriptor = -1;
  int failed = length == 0;
  errno = EINVAL;
  if (!failed) descriptor = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor >= 0 && call == LISTEN) {
    set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
    failed = bind(descriptor, &address.any, length) != 0 || listen(descriptor, BACKLOG) != 0;
  } else if (descriptor >= 0) {
    set_options(descriptor);
    failed = connect(descriptor, &address.any, length) != 0 && errno != EINPROGRESS;
  }
  JSValue result = new_descriptor(ctx, descriptor, failed, calls[call], host);
  JS_FreeCString(ctx, host);
  return result;
}

/* The next connection, or null. Errors of one connection only, such as ECONNABORTED, are passed over. */
static JSValue accept_connection(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  int descriptor;
  do {
    descriptor = accept4(get_int(ctx, arguments[0]), NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  } while (descriptor < 0 && (errno == EINTR || errno == ECONNABORTED || errno == EPROTO));
  if (descriptor < 0 && errno == EAGAIN) return JS_NULL;
  if (descriptor >= 0) set_options(descriptor);
  return new_descriptor(ctx, descriptor, 0, "accept", NULL);
}

/* socketAddress(descriptor, ofPeer): [host, port], or null when there is no peer any more. */
static JSValue socket_address(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  const int descriptor = get_int(ctx, arguments[0]);
  union address address;
  socklen_t length = sizeof(address);
  char host[INET6_ADDRSTRLEN];
  const int status = JS_ToBool(ctx, arguments[1]) ? getpeername(descriptor, &address.any, &length)
                                                  : getsockname(descriptor, &address.any, &length);
  if (status != 0) return JS_NULL;
  const int is_v6 = address.any.sa_family == AF_INET6;
  const void *digits = is_v6 ? (const void *)&address.v6.sin6_addr : (const void *)&address.v4.sin_addr;
  if (inet_ntop(address.any.sa_family, digits, host, sizeof(host)) == NULL) return JS_NULL;
  const uint16_t port = ntohs(is_v6 ? address.v6.sin6_port : address.v4.sin_port);
  const JSValue values[] = {JS_NewString(ctx, host), JS_NewInt32(ctx, port)};
  return new_array(ctx, 2, values);
}

/*
 * The error that is pending on the socket, such as that of a failed connect: an errno, or 0. By recv and not by
 * SO_ERROR, whose number qemu's user emulation does not translate.
 */
static JSValue socket_error(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  uint8_t byte;
  ssize_t length;
  RETRY(length, recv(get_int(ctx, arguments[0]), &byte, sizeof(byte), MSG_PEEK));
  return JS_NewInt32(ctx, length >= 0 || errno == EAGAIN ? 0 : errno);
}

/* The bytes that are there, empty at the end, or null when there are none yet. */
static JSValue receive(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  static uint8_t chunk[CHUNK_BYTES];
  ssize_t length;
  RETRY(length, recv(get_int(ctx, arguments[0]), chunk, sizeof(chunk), 0));
  return length < 0 ? null_or_error(ctx, "recv") : new_bytes(ctx, chunk, (size_t)length);
}

/* send(descriptor, bytes, start): how many were taken, or null when none can be yet. */
static JSValue send_bytes(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  struct bytes bytes;
  ssize_t length;
  if (get_bytes_from(ctx, arguments[1], arguments[2], &bytes) == FAILED) return JS_EXCEPTION;
  RETRY(length, send(get_int(ctx, arguments[0]), bytes.data, bytes.length, MSG_NOSIGNAL));
  return length < 0 ? null_or_error(ctx, "send") : JS_NewInt64(ctx, length);
}

/* Ends this side. What is wrong with the connection shows elsewhere. */
static JSValue end_socket(JSContext *ctx, JSValueConst self, int count, JSValueConst *arguments) {
  shutdown(get_int(ctx, arguments[0]), SHUT_WR);
  return JS_UNDEFINED;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_MAGIC_DEF("listen", 2, open_socket, LISTEN),
    JS_CFUNC_MAGIC_DEF("connect", 2, open_socket, CONNECT),
    JS_CFUNC_DEF("accept", 1, accept_connection),
    JS_CFUNC_DEF("socketAddress", 2, socket_address),
    JS_CFUNC_DEF("socketError", 1, socket_error),
    JS_CFUNC_DEF("receive", 1, receive),
    JS_CFUNC_DEF("send", 3, send_bytes),
    JS_CFUNC_DEF("endSocket", 1, end_socket),
};

EXPORT_FUNCTIONS(net)
