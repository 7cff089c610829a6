#include "misbehave.h"
#include "nic.h"
#include "net.h"
#include "platform.h"
#include "report.h"
#include "text.h"
#include <stdbool.h>

static struct report_text report;

/* As fast as the host takes them. */
static _Noreturn void flood(void) {
    for (uint64_t number = 0;; number++) {
        report_begin(&report, "flood");
        report_number(&report, "value", number);
        report_send(&report);
    }
}

#define INVENTED 10000u

static void invent_series(void) {
    char digits[TEXT_DIGITS_MAX];
    for (uint64_t number = 0; number < INVENTED; number++) {
        report_begin(&report, "invented_");
        const char *name = text_number(digits, number);
        for (uint32_t i = 0; name[i] != '\0'; i++)
            report.bytes[report.count++] = name[i];
        report_field(&report, "value", "1");
        report_send(&report);
    }
}

/* All that a number can be, and a time in the year 2262. */
static void send_odd_values(void) {
    report_begin(&report, "odd");
    report_field(&report, "negative", "-273.15");
    report_field(&report, "enormous", "1.7976931348623157e308");
    report_field(&report, "tiny", "-5e-324");
    report_field(&report, "beyond", "1e999");
    report_field(&report, "nothing", "nan");
    report_field(&report, "endless", "-inf");
    report_field(&report, "whole", "9223372036854775807i 9223372036854775807");
    report_send(&report);
}

/* Frames of every length, of bytes without sense (Marsaglia's xorshift); some begin as frames to the gateway do. */
static _Noreturn void send_garbage(void) {
    static const uint8_t beginnings[2][12] = {{0x52, 0x55, 0x0a, 0, 2, 2, 0x52, 0x54, 0, 0x12, 0x34, 0x56},
                                              {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
    static uint8_t frame[NIC_FRAME_MAX];
    uint32_t value = 1;
    for (uint32_t count = 0;; count = (count + 1) % (NIC_FRAME_MAX + 1)) {
        for (uint32_t at = 0; at < count; at++) {
            value ^= value << 13;
            value ^= value >> 17;
            value ^= value << 5;
            frame[at] = at < 12 ? beginnings[count % 2][at] : (uint8_t)value;
        }
        if (count >= 14) {
            frame[12] = 8;
            frame[13] = count % 3 == 0 ? 6 : 0;
        }
        net_send_frame(frame, count);
    }
}

void misbehave(void) {
    if (option_is("fault", "flood"))
        flood();
    if (option_is("fault", "garbage"))
        send_garbage();
    if (option_is("fault", "series"))
        invent_series();
    if (option_is("fault", "values"))
        send_odd_values();
}
