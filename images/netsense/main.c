/*
 * A guest that has only a network: asks for an address, pings the gateway, and reports by line protocol, in turn by UDP
 * and by HTTP. Options: count=N ends after N reports; fault=KIND misbehaves on purpose (see README.md).
 */
#include "guest.h"
#include "memory.h"
#include "misbehave.h"
#include "net.h"
#include "panic.h"
#include "platform.h"
#include "report.h"
#include "tcp.h"
#include "text.h"
#include <stddef.h>

#define REPORT_EVERY_US 1000000u

static void send_report(struct report_text *report, uint64_t number) {
    if (number % 2 == 1) {
        report_send(report);
        return;
    }
    uint32_t status = http_post(HTTP_PORT, "/write", report->bytes, report->count);
    if (status != 204)
        panic_with("the gateway does not take a report", status);
}

static void report_link(uint64_t number) {
    static struct report_text report;
    report_begin(&report, "link");
    report_milliseconds(&report, "rtt_ms", net_ping());
    report_number(&report, "reports_total", number);
    if (number == 1)
        report_milliseconds(&report, "boot_ms", platform_now_us());
    send_report(&report, number);
}

static void sleep_until(uint64_t deadline) {
    while (platform_now_us() < deadline)
        platform_idle(deadline);
}

void guest_main(void) {
    const char *option = option_find("count", 0);
    uint64_t count = option == NULL ? UINT64_MAX : text_take_number(&option, 10);
    net_open();
    misbehave();
    print("perigee " IMAGE_NAME " " IMAGE_VERSION " ready\n");
    uint64_t due = platform_now_us();
    for (uint64_t number = 1; number <= count; number++) {
        report_link(number);
        due += REPORT_EVERY_US;
        if (number < count)
            sleep_until(due);
    }
    print("done 0\n");
    platform_power_off();
}
