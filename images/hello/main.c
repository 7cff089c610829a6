/*
 * The smallest proof of life: says hello, reports how long the boot took, and ends.
 * Options: stay=1 idles until the host says stop; fault=KIND misbehaves on purpose (see README.md).
 */
#include "channel.h"
#include "guest.h"
#include "mmio.h"
#include "panic.h"
#include "platform.h"
#include "port.h"
#include "text.h"
#include <stddef.h>

#define METRIC_GUEST_BOOT 1u
#define GARBAGE_BYTES 64u
#define FAULT_STATUS 7u

/* 2 GiB: neither memory nor a device, on any of the machines. */
#define UNMAPPED 0x80000000u

static void report_boot(void) {
    static struct report report;
    report.guest_us = platform_now_us();
    report.count = 1;
    report.values[0].metric = METRIC_GUEST_BOOT;
    report.values[0].value = (double)(uint32_t)report.guest_us / 1000.0;
    channel_declare(METRIC_GUEST_BOOT, "guest_boot", UNIT_MILLISECONDS);
    channel_report(&report);
}

/* No frame: the count that these bytes announce never ends. */
static void write_garbage(void) {
    uint8_t garbage[GARBAGE_BYTES];
    for (uint32_t i = 0; i < GARBAGE_BYTES; i++)
        garbage[i] = 0xff;
    port_write(garbage, GARBAGE_BYTES);
    port_kick();
}

static _Noreturn void stay_until_stopped(void) {
    static struct host_frame frame;
    for (;;) {
        if (!channel_receive(&frame))
            channel_idle();
        else if (frame.kind == HOST_STOP)
            channel_done(0);
    }
}

static void misbehave_at_start(void) {
    if (option_is("fault", "die"))
        panic("fault=die was asked for");
    if (option_is("fault", "trap"))
        mmio_read(UNMAPPED);
    if (!option_is("fault", "garbage"))
        return;
    channel_open();
    write_garbage();
    stay_until_stopped();
}

static void say_hello(void) {
    channel_hello(IMAGE_NAME, IMAGE_VERSION);
    if (!option_is("fault", "silent"))
        report_boot();
    channel_flush();
    print("perigee " IMAGE_NAME " " IMAGE_VERSION " ready\n"); /* after the report, which it would delay */
}

void guest_main(void) {
    misbehave_at_start();
    channel_open();
    say_hello();
    if (option_is("stay", "1") || option_is("fault", "silent"))
        stay_until_stopped();
    channel_done(option_is("fault", "status") ? FAULT_STATUS : 0);
}
