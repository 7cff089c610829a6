/*
 * The smallest proof of life: says hello, reports how long the boot took, and ends.
 * Options: stay=1 idles until the host says stop; loop=N times N rounds of work; fault=KIND misbehaves on purpose
 * (see README.md).
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
#define METRIC_GUEST_LOOP 2u

/* A kilobyte of memory: stays in any processor's first cache. */
#define LOOP_WORDS 256u
#define LOOP_SLEEP_US 1000u

#define GARBAGE_BYTES 64u
#define FAULT_STATUS 7u

/* 2 GiB: neither memory nor a device, on any of the machines. */
#define UNMAPPED 0x80000000u

static void put_milliseconds(struct report *report, uint32_t metric, uint64_t us) {
    struct value *value = &report->values[report->count++];
    value->metric = metric;
    value->value = (double)(uint32_t)us / 1000.0;
}

/* Arithmetic, loads and stores (Marsaglia's xorshift picks the place): the same work under every accelerator. */
static uint64_t time_loop(uint32_t rounds) {
    static volatile uint32_t words[LOOP_WORDS];
    uint64_t start = platform_now_us();
    uint32_t value = 1;
    for (uint32_t round = 0; round < rounds; round++) {
        value ^= value << 13;
        value ^= value >> 17;
        value ^= value << 5;
        words[value % LOOP_WORDS] += value;
    }
    return platform_now_us() - start;
}

/* Never returns on a host that delivers no timer interrupt: such a host must not be taken for one that works. */
static void sleep_once(void) {
    uint64_t deadline = platform_now_us() + LOOP_SLEEP_US;
    while (platform_now_us() < deadline)
        platform_idle(deadline);
}

static uint64_t boot_us;

static void report_boot(void) {
    static struct report report;
    const char *rounds = option_find("loop", 0);
    report.count = 0;
    report.guest_us = platform_now_us();
    put_milliseconds(&report, METRIC_GUEST_BOOT, boot_us);
    channel_declare(METRIC_GUEST_BOOT, "guest_boot", UNIT_MILLISECONDS);
    if (rounds != NULL) {
        sleep_once();
        put_milliseconds(&report, METRIC_GUEST_LOOP, time_loop((uint32_t)text_take_number(&rounds, 10)));
        channel_declare(METRIC_GUEST_LOOP, "guest_loop", UNIT_MILLISECONDS);
        report.guest_us = platform_now_us();
    }
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

static void say_first_words(void) {
    if (!option_is("fault", "silent"))
        report_boot();
    channel_flush();
}

static void say_hello(void) {
    boot_us = platform_now_us();
    channel_hello(IMAGE_NAME, IMAGE_VERSION, say_first_words);
    say_first_words();
    print("perigee " IMAGE_NAME " " IMAGE_VERSION " ready\n"); /* after the report, which it would delay */
}

static _Noreturn void stay_until_stopped(void) {
    static struct host_frame frame;
    for (;;) {
        if (!channel_receive(&frame))
            channel_idle();
        else if (frame.kind == HOST_STOP)
            channel_done(0);
        else if (frame.kind == HOST_RETURNED)
            say_hello();
    }
}

static _Noreturn void spin(void) {
    static volatile uint32_t rounds;
    for (;;)
        rounds++;
}

static _Noreturn void chatter(void) {
    for (;;)
        print("all work and no play makes the console a full one\n");
}

static void misbehave_at_start(void) {
    if (option_is("fault", "die"))
        panic("fault=die was asked for");
    if (option_is("fault", "reset"))
        platform_crash(); /* without a word, as at a fault in the handling of a fault */
    if (option_is("fault", "spin"))
        spin();
    if (option_is("fault", "trap"))
        mmio_read(UNMAPPED);
    if (!option_is("fault", "garbage"))
        return;
    channel_open();
    write_garbage();
    stay_until_stopped();
}

/* Reports as fast as the host takes them. */
static _Noreturn void flood(void) {
    for (;;) {
        report_boot();
        channel_flush();
    }
}

/* Hears nothing of what the host says, Stop neither. */
static _Noreturn void sleep_for_ever(void) {
    for (;;)
        platform_idle(PLATFORM_FOREVER);
}

static void misbehave_once_ready(void) {
    if (option_is("fault", "chatter"))
        chatter();
    if (option_is("fault", "flood"))
        flood();
    if (option_is("fault", "deaf"))
        sleep_for_ever();
}

void guest_main(void) {
    misbehave_at_start();
    channel_open();
    say_hello();
    misbehave_once_ready();
    if (option_is("stay", "1") || option_is("fault", "silent"))
        stay_until_stopped();
    channel_done(option_is("fault", "status") ? FAULT_STATUS : 0);
}
