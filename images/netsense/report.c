#include "report.h"
#include "memory.h"
#include "net.h"
#include "number.h"
#include "panic.h"
#include "text.h"

static void append(struct report_text *report, const char *text) {
    uint32_t count = (uint32_t)text_length(text);
    assert(report->count + count <= REPORT_BYTES_MAX);
    memcpy(report->bytes + report->count, text, count);
    report->count += count;
}

void report_begin(struct report_text *report, const char *measurement) {
    report->count = 0;
    report->has_field = false;
    append(report, measurement);
}

void report_field(struct report_text *report, const char *field, const char *value) {
    append(report, report->has_field ? "," : " ");
    append(report, field);
    append(report, "=");
    append(report, value);
    report->has_field = true;
}

void report_number(struct report_text *report, const char *field, uint64_t number) {
    char digits[TEXT_DIGITS_MAX];
    report_field(report, field, text_number(digits, number));
}

/* Three digits behind the point. */
void report_milliseconds(struct report_text *report, const char *field, uint64_t us) {
    char digits[TEXT_DIGITS_MAX];
    uint32_t rest;
    uint64_t whole = number_divide(us, 1000, &rest);
    report_field(report, field, text_number(digits, whole));
    append(report, rest < 10 ? ".00" : rest < 100 ? ".0" : ".");
    append(report, text_number(digits, rest));
}

void report_send(const struct report_text *report) {
    net_send_datagram(LINES_PORT, report->bytes, report->count);
}
