/* One point of line protocol, as text. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Where the gateway listens: src/guestnet/addresses.ts. */
#define LINES_PORT 8089u
#define HTTP_PORT 8086u

#define REPORT_BYTES_MAX 1024u

struct report_text {
    char bytes[REPORT_BYTES_MAX];
    uint32_t count;
    bool has_field;
};

void report_begin(struct report_text *report, const char *measurement);
void report_number(struct report_text *report, const char *field, uint64_t number);
void report_milliseconds(struct report_text *report, const char *field, uint64_t us);

/* The value as it is. */
void report_field(struct report_text *report, const char *field, const char *value);

/* In a datagram. */
void report_send(const struct report_text *report);
