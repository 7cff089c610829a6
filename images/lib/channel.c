#include "channel.h"
#include "panic.h"
#include "platform.h"
#include "port.h"
#include "text.h"
#include <stddef.h>

#define FRAME_MAX (GUEST_FRAME_MAX + FRAME_COUNT_MAX)
#define INBOX_BYTES 1024u

_Static_assert(FRAME_MAX <= PORT_WRITE_MAX, "a frame fits into one write");

static uint8_t outbox_bytes[PORT_WRITE_MAX];
static struct pb_writer outbox = {.bytes = outbox_bytes, .room = sizeof outbox_bytes};

static uint8_t inbox_bytes[INBOX_BYTES];
static uint32_t inbox_at, inbox_count;
static struct frame_reader reader;
static bool returned;
static bool rehearsing;

void channel_open(void) {
    port_open();
}

/* Moves what was appended to the port, where the next kick finds it. An empty buffer would break the device. */
static void empty_outbox(void) {
    assert(!outbox.full);
    if (outbox.count == 0)
        return;
    port_write(outbox.bytes, outbox.count);
    outbox.count = 0;
}

/* A new frame starts in an empty outbox unless a small one is sure to fit. */
static void make_room(uint32_t frame_max) {
    if (outbox.room - outbox.count < frame_max)
        empty_outbox();
}

/* Generous for a hello or a declaration with the longest names that the library allows. */
#define SMALL_FRAME_MAX 256u

/* A guest that is kept ready for a run has done all but its work, and costs no CPU. */
static void await_start(void) {
    static struct host_frame frame;
    for (;;) {
        if (!channel_receive(&frame))
            channel_idle();
        else if (frame.kind == HOST_STOP)
            channel_done(0);
        else if (frame.kind == HOST_START)
            return;
    }
}

/* An emulator translates code when it first runs, which takes a millisecond: so it is run in advance, and nothing sent. */
static void rehearse(void (*first_words)(void)) {
    rehearsing = true;
    if (first_words != NULL)
        first_words();
    rehearsing = false;
    outbox.count = 0;
}

void channel_hello(const char *image, const char *version, void (*first_words)(void)) {
    make_room(SMALL_FRAME_MAX);
    frame_put_hello(&outbox, image, version);
    if (!option_is("wait", "1"))
        return;
    channel_flush();
    rehearse(first_words);
    await_start();
}

void channel_declare(uint32_t metric, const char *name, uint32_t unit) {
    make_room(SMALL_FRAME_MAX);
    frame_put_declare(&outbox, metric, name, unit);
}

/* At most this many bytes for each value: the message's tag and count, a metric number, a double. */
#define VALUE_BYTES_MAX (2u + 6u + 9u)

void channel_report(const struct report *report) {
    uint32_t frame_max = SMALL_FRAME_MAX + report->count * VALUE_BYTES_MAX;
    assert(report->count <= REPORT_VALUES_MAX && frame_max <= FRAME_MAX);
    make_room(frame_max);
    frame_put_report(&outbox, report);
}

void channel_flush(void) {
    if (rehearsing)
        outbox.count = 0;
    empty_outbox();
    port_kick();
}

static bool inbox_refill(void) {
    if (inbox_at < inbox_count)
        return true;
    inbox_at = 0;
    inbox_count = port_read(inbox_bytes, INBOX_BYTES);
    if (port_host_returned()) {
        frame_reader_reset(&reader); /* the rest of what the last one was saying will not come */
        returned = true;
    }
    return inbox_count > 0;
}

/*
 * Ends when the port is empty or a frame is whole: the latter after HOST_FRAME_MAX + FRAME_COUNT_MAX bytes at
 * most.
 */
bool channel_receive(struct host_frame *frame) {
    while (inbox_refill() && !returned) {
        inbox_at += frame_reader_take(&reader, inbox_bytes + inbox_at, inbox_count - inbox_at);
        if (reader.fault != NULL)
            panic(reader.fault);
        if (!frame_reader_complete(&reader))
            continue;
        const char *fault = host_frame_decode(reader.bytes, reader.count, frame);
        if (fault != NULL)
            panic(fault);
        frame_reader_reset(&reader);
        return true;
    }
    if (!returned)
        return false;
    returned = false;
    frame->kind = HOST_RETURNED;
    return true;
}

void channel_idle(void) {
    if (port_host_gone() && !option_is("linger", "1"))
        platform_power_off();
    platform_idle(PLATFORM_FOREVER);
}

/* A gateway answers Done with Stop within a millisecond, and a busy one within this time. */
#define STOP_WITHIN_US 1000000u

static void await_stop(void) {
    static struct host_frame frame;
    uint64_t deadline = platform_now_us() + STOP_WITHIN_US;
    while (!port_host_gone() && platform_now_us() < deadline) {
        if (!channel_receive(&frame))
            platform_idle(deadline);
        else if (frame.kind == HOST_STOP)
            return;
    }
}

/* Stays a moment: the gateway measures what the run cost, and can no longer once the monitor has gone. */
void channel_done(uint32_t status) {
    make_room(SMALL_FRAME_MAX);
    frame_put_done(&outbox, status);
    empty_outbox();
    port_drain();
    await_stop();
    platform_power_off();
}
