/*
 * What a guest and its gateway say to each other. Twin: proto/perigee/v1/guest.proto.
 * Both directions carry frames: a varint byte count, then one message. Version 1.
 */
#pragma once
#include "protobuf.h"
#include <stdbool.h>
#include <stdint.h>

#define FRAME_PROTOCOL 1u

/* Bytes of one message, without its count: the schema's limits. */
#define GUEST_FRAME_MAX 4096u
#define HOST_FRAME_MAX 1024u

/* A count below 2^14 has two bytes. */
#define FRAME_COUNT_MAX 2u

#define SENSORS_MAX 16u
#define SENSOR_NAME_MAX 32u
#define REPORT_VALUES_MAX 128u

enum unit {
    UNIT_NONE = 0,
    UNIT_BYTES = 1,
    UNIT_PERCENT = 2,
    UNIT_CELSIUS = 3,
    UNIT_MILLISECONDS = 4,
    UNIT_SECONDS = 5,
    UNIT_COUNT = 6,
    UNIT_BYTES_PER_SECOND = 7,
    UNIT_PERCENT_PER_SECOND = 8,
    UNIT_CELSIUS_PER_SECOND = 9,
    UNIT_PER_SECOND = 10,
    UNIT_PASCALS = 11,
    UNIT_VOLTS = 12,
    UNIT_AMPERES = 13,
    UNIT_WATTS = 14,
    UNIT_LUX = 15,
};

/* Guest to host. Each appends one frame. */

struct value {
    uint32_t metric;
    double value;
};

struct report {
    uint64_t guest_us;
    uint64_t window_end_us;
    uint32_t count;
    struct value values[REPORT_VALUES_MAX];
};

void frame_put_hello(struct pb_writer *writer, const char *image, const char *version);
void frame_put_declare(struct pb_writer *writer, uint32_t metric, const char *name, uint32_t unit);
void frame_put_report(struct pb_writer *writer, const struct report *report);
void frame_put_done(struct pb_writer *writer, uint32_t status);

/* Host to guest. */

struct sensor {
    uint32_t number;
    uint32_t unit; /* an enum unit, or one that a newer gateway knows */
    char name[SENSOR_NAME_MAX + 1];
};

struct feed {
    uint32_t window_ms;
    uint32_t count;
    struct sensor sensors[SENSORS_MAX];
};

struct reading {
    uint32_t sensor;
    double value;
};

struct sense {
    uint64_t monotonic_us;
    uint32_t count;
    struct reading readings[SENSORS_MAX];
};

/*
 * HOST_OTHER is a frame that a newer gateway knows: ignore it. HOST_RETURNED is no frame: another gateway has come in
 * place of the one that is gone, and knows nothing yet.
 */
enum host_frame_kind { HOST_OTHER, HOST_FEED, HOST_SENSE, HOST_STOP, HOST_START, HOST_RETURNED };

struct host_frame {
    enum host_frame_kind kind;
    union {
        struct feed feed;
        struct sense sense;
    };
};

/* One message. NULL, or what is wrong with it. */
const char *host_frame_decode(const uint8_t *bytes, uint32_t count, struct host_frame *frame);

/* Collects one frame from a stream that comes in pieces of any size. All zero is the start. */
struct frame_reader {
    uint8_t bytes[HOST_FRAME_MAX];
    uint32_t count;        /* of the message; grows while it is read */
    uint32_t count_bytes;  /* how many bytes of the count were read */
    bool count_known;
    uint32_t filled;
    const char *fault;     /* set once and for good: the stream cannot be trusted any more */
};

/* Takes bytes up to the frame's end at most, and says how many it took. */
uint32_t frame_reader_take(struct frame_reader *reader, const uint8_t *bytes, uint32_t count);

/* True when `bytes` holds a whole message of `count` bytes. Then decode it, and reset. */
bool frame_reader_complete(const struct frame_reader *reader);
void frame_reader_reset(struct frame_reader *reader);
