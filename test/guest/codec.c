/*
 * The guest's frame codec on the host, driven by records on stdin: an operation byte, a little-endian 32-bit byte count,
 * and that many bytes. Every record's answer is some lines on stdout and then a line with a dot.
 *   R              forgets the stream             C bytes        takes a piece of a stream
 *   D bytes        decodes one message            E room kind …  encodes one frame into `room` bytes
 * What is read and written ends at a page that may not be touched, so a byte too far is a crash and no secret.
 */
#define _DEFAULT_SOURCE
#include "frames.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RECORD_MAX 65536u

/* The end of some pages with a forbidden one behind them. */
static uint8_t *guarded_end(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *pages = mmap(NULL, RECORD_MAX + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED || mprotect(pages + RECORD_MAX, page, PROT_NONE) != 0)
        abort();
    return pages + RECORD_MAX;
}

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static void show(const struct host_frame *frame) {
    switch (frame->kind) {
    case HOST_FEED:
        printf("feed %u", frame->feed.window_ms);
        for (uint32_t i = 0; i < frame->feed.count; i++) {
            const struct sensor *sensor = &frame->feed.sensors[i];
            printf(" %u:%s:%u", sensor->number, sensor->name, sensor->unit);
        }
        break;
    case HOST_SENSE:
        printf("sense %llu", (unsigned long long)frame->sense.monotonic_us);
        for (uint32_t i = 0; i < frame->sense.count; i++) {
            const struct reading *reading = &frame->sense.readings[i];
            printf(" %u:%016llx", reading->sensor, (unsigned long long)bits_of(reading->value));
        }
        break;
    case HOST_STOP:
        printf("stop");
        break;
    case HOST_START:
        printf("start");
        break;
    case HOST_RETURNED: /* is no frame */
    case HOST_OTHER:
        printf("other");
        break;
    }
    printf("\n");
}

static void decode(const uint8_t *bytes, uint32_t count) {
    struct host_frame frame;
    const char *fault = host_frame_decode(bytes, count, &frame);
    if (fault != NULL)
        printf("fault %s\n", fault);
    else
        show(&frame);
}

static void take_piece(struct frame_reader *reader, const uint8_t *bytes, uint32_t count) {
    uint32_t at = 0;
    while (at < count && reader->fault == NULL) {
        at += frame_reader_take(reader, bytes + at, count - at);
        if (!frame_reader_complete(reader))
            continue;
        decode(reader->bytes, reader->count);
        frame_reader_reset(reader);
    }
    if (reader->fault != NULL)
        printf("fault %s\n", reader->fault);
}

/* Arguments come from the test, so they are taken on trust. */
static uint64_t take(const uint8_t **at, uint32_t count) {
    uint64_t value = 0;
    for (uint32_t i = 0; i < count; i++)
        value |= (uint64_t)(*at)[i] << 8 * i;
    *at += count;
    return value;
}

static const char *take_text(const uint8_t **at) {
    const char *text = (const char *)*at;
    *at += strlen(text) + 1;
    return text;
}

static void put_report(struct pb_writer *writer, const uint8_t *at) {
    static struct report report;
    report.guest_us = take(&at, 8);
    report.window_end_us = take(&at, 8);
    report.count = (uint32_t)take(&at, 4);
    for (uint32_t i = 0; i < report.count; i++) {
        report.values[i].metric = (uint32_t)take(&at, 4);
        uint64_t bits = take(&at, 8);
        memcpy(&report.values[i].value, &bits, sizeof bits);
    }
    frame_put_report(writer, &report);
}

static void put(struct pb_writer *writer, const uint8_t *at) {
    uint32_t kind = (uint32_t)take(&at, 1);
    if (kind == 1) {
        const char *image = take_text(&at);
        frame_put_hello(writer, image, take_text(&at));
    } else if (kind == 2) {
        uint32_t metric = (uint32_t)take(&at, 4);
        uint32_t unit = (uint32_t)take(&at, 4);
        frame_put_declare(writer, metric, take_text(&at), unit);
    } else if (kind == 3) {
        put_report(writer, at);
    } else {
        frame_put_done(writer, (uint32_t)take(&at, 4));
    }
}

static void encode(const uint8_t *at, uint8_t *end) {
    uint32_t room = (uint32_t)take(&at, 4);
    struct pb_writer writer = {.bytes = end - room, .room = room};
    put(&writer, at);
    if (writer.full) {
        printf("full\n");
        return;
    }
    printf("bytes ");
    for (uint32_t i = 0; i < writer.count; i++)
        printf("%02x", writer.bytes[i]);
    printf("\n");
}

int main(void) {
    static struct frame_reader reader;
    uint8_t *in_end = guarded_end();
    uint8_t *out_end = guarded_end();
    uint8_t head[5];
    while (fread(head, 1, sizeof head, stdin) == sizeof head) {
        const uint8_t *at = head + 1;
        uint32_t count = (uint32_t)take(&at, 4);
        if (count > RECORD_MAX || fread(in_end - count, 1, count, stdin) != count)
            return 2;
        if (head[0] == 'R')
            memset(&reader, 0, sizeof reader);
        else if (head[0] == 'C')
            take_piece(&reader, in_end - count, count);
        else if (head[0] == 'D')
            decode(in_end - count, count);
        else
            encode(in_end - count, out_end);
        printf(".\n");
    }
    return 0;
}
