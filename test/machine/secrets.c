/* What clients of the secret store do. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "load.h"

void print_token_header(char *into, size_t capacity, const char *token) {
  if (*token == '\0') *into = '\0';
  else snprintf(into, capacity, "X-Vault-Token: %s\r\n", token);
}

static void send_to_store(const struct client *client, const char *line, const char *token, const char *body) {
  char headers[256];
  print_token_header(headers, sizeof(headers) - 64, token);
  if (*body != '\0') strcat(headers, "Content-Type: application/json\r\n");
  send_request(client->descriptor, line, headers, body);
}

void send_secret(struct client *client, long number) {
  char line[64];
  char value[VALUE_LENGTH + 1];
  char body[VALUE_LENGTH + 64];
  print_value(value, number);
  snprintf(line, sizeof(line), "POST /v1/secret/data/devices/%ld", number);
  snprintf(body, sizeof(body), "{\"data\":{\"user\":\"device-%ld\",\"value\":\"%s\"}}", number, value);
  client->expected = 200;
  client->wanted = NOTHING;
  send_to_store(client, line, text_option("token", ""), body);
}

/*
 * Of twenty requests nine read a secret, four write one, four look up the token, and one each asks for the health, for a
 * secret that is not there, and for a token, which the client revokes with its next one.
 */
void send_secret_request(struct client *client, long turn) {
  const char *token = text_option("token", "");
  const long kind = turn % 20;
  client->expected = 200;
  client->wanted = NOTHING;
  if (client->token[0] != '\0') {
    client->expected = 204;
    send_to_store(client, "POST /v1/auth/token/revoke-self", client->token, "");
    client->token[0] = '\0';
  } else if (kind < 9) {
    char line[64];
    /* All over the place, so that most are in no cache. */
    client->secret = (uint32_t)turn * 2654435761u / 256 % option("secrets", 1);
    client->wanted = SECRET;
    snprintf(line, sizeof(line), "GET /v1/secret/data/devices/%ld", client->secret);
    send_to_store(client, line, token, "");
  } else if (kind < 13) {
    send_secret(client, (uint32_t)turn * 2246822519u / 256 % option("secrets", 1));
  } else if (kind < 17) {
    send_to_store(client, "GET /v1/auth/token/lookup-self", token, "");
  } else if (kind == 17) {
    send_to_store(client, "GET /v1/sys/health", "", "");
  } else if (kind == 18) {
    client->expected = 404;
    send_to_store(client, "GET /v1/secret/data/devices/absent", token, "");
  } else {
    client->wanted = TOKEN;
    send_to_store(client, "POST /v1/auth/token/create", token, "{\"ttl\":\"1h\"}");
  }
}

/* The text behind the name of a field. */
static const char *field_of(const char *body, const char *name) {
  const char *found = strstr(body, name);
  return found == NULL ? NULL : found + strlen(name);
}

bool take_secret_reply(struct client *client, const char *body) {
  if (client->wanted == SECRET) {
    const char *value = field_of(body, "\"value\":\"");
    return value != NULL && sequence_of(value) == client->secret;
  }
  const char *token = field_of(body, "\"client_token\":\"");
  return token != NULL && sscanf(token, "%63[^\"]", client->token) == 1;
}
