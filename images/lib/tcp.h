/* One HTTP request at a time to the gateway, over as much of TCP (RFC 9293) as that takes. */
#pragma once
#include <stdint.h>

/* The most that a body may have: request and body leave in one segment. */
#define HTTP_BODY_MAX 1200u

/* Posts the text. The status of the answer; panics when none comes. */
uint32_t http_post(uint16_t port, const char *path, const char *body, uint32_t count);
