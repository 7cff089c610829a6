#include "frames.h"
#include "memory.h"
#include <stddef.h>

/* Field numbers of guest.proto. */
enum { GUEST_HELLO = 1, GUEST_DECLARE = 2, GUEST_REPORT = 3, GUEST_DONE = 4 };
enum { HELLO_PROTOCOL = 1, HELLO_IMAGE = 2, HELLO_VERSION = 3 };
enum { DECLARE_METRIC = 1, DECLARE_NAME = 2, DECLARE_UNIT = 3 };
enum { REPORT_GUEST_US = 1, REPORT_WINDOW_END_US = 2, REPORT_VALUES = 3 };
enum { VALUE_METRIC = 1, VALUE_VALUE = 2 };
enum { DONE_STATUS = 1 };
enum { FRAME_FEED = 1, FRAME_SENSE = 2, FRAME_STOP = 3, FRAME_START = 4, FRAME_PRACTICE = 5 };
enum { FEED_SENSORS = 1, FEED_WINDOW_MS = 2 };
enum { SENSOR_SENSOR = 1, SENSOR_NAME = 2, SENSOR_UNIT = 3 };
enum { SENSE_MONOTONIC_US = 1, SENSE_READINGS = 2 };
enum { READING_SENSOR = 1, READING_VALUE = 2 };

_Static_assert(HOST_FRAME_MAX < 1u << 7 * FRAME_COUNT_MAX, "a host frame's count fits");
_Static_assert(GUEST_FRAME_MAX <= PB_INNER_MAX, "a guest frame's count fits");

struct marks {
    uint32_t frame;
    uint32_t body;
};

static struct marks begin(struct pb_writer *writer, uint32_t number) {
    struct marks marks;
    marks.frame = pb_begin_delimited(writer);
    marks.body = pb_begin(writer, number);
    return marks;
}

static void end(struct pb_writer *writer, struct marks marks) {
    pb_end(writer, marks.body);
    pb_end(writer, marks.frame);
}

void frame_put_hello(struct pb_writer *writer, const char *image, const char *version) {
    struct marks marks = begin(writer, GUEST_HELLO);
    pb_put_uint(writer, HELLO_PROTOCOL, FRAME_PROTOCOL);
    pb_put_text(writer, HELLO_IMAGE, image);
    pb_put_text(writer, HELLO_VERSION, version);
    end(writer, marks);
}

void frame_put_declare(struct pb_writer *writer, uint32_t metric, const char *name, uint32_t unit) {
    struct marks marks = begin(writer, GUEST_DECLARE);
    pb_put_uint(writer, DECLARE_METRIC, metric);
    pb_put_text(writer, DECLARE_NAME, name);
    pb_put_uint(writer, DECLARE_UNIT, unit);
    end(writer, marks);
}

void frame_put_report(struct pb_writer *writer, const struct report *report) {
    struct marks marks = begin(writer, GUEST_REPORT);
    pb_put_uint(writer, REPORT_GUEST_US, report->guest_us);
    pb_put_uint(writer, REPORT_WINDOW_END_US, report->window_end_us);
    for (uint32_t i = 0; i < report->count && i < REPORT_VALUES_MAX; i++) {
        uint32_t mark = pb_begin(writer, REPORT_VALUES);
        pb_put_uint(writer, VALUE_METRIC, report->values[i].metric);
        pb_put_double(writer, VALUE_VALUE, report->values[i].value);
        pb_end(writer, mark);
    }
    end(writer, marks);
}

void frame_put_done(struct pb_writer *writer, uint32_t status) {
    struct marks marks = begin(writer, GUEST_DONE);
    pb_put_uint(writer, DONE_STATUS, status);
    end(writer, marks);
}

/* snake_case, a letter first: the name goes back to the host as part of a metric's name. */
static bool name_byte_allowed(uint8_t byte, bool first) {
    bool letter = byte >= 'a' && byte <= 'z';
    bool digit = byte >= '0' && byte <= '9';
    return letter || (!first && (digit || byte == '_'));
}

static const char *decode_name(const struct pb_field *field, struct sensor *sensor) {
    if (field->count > SENSOR_NAME_MAX)
        return "a sensor's name is longer than 32 bytes";
    for (uint32_t i = 0; i < field->count; i++)
        if (!name_byte_allowed(field->bytes[i], i == 0))
            return "a sensor's name is not snake_case";
    memcpy(sensor->name, field->bytes, field->count);
    sensor->name[field->count] = '\0';
    return NULL;
}

static const char *decode_sensor(const struct pb_field *message, struct feed *feed) {
    if (feed->count == SENSORS_MAX)
        return "a feed has more than 16 sensors";
    struct sensor *sensor = &feed->sensors[feed->count];
    struct pb_reader reader = pb_read(message->bytes, message->count);
    struct pb_field field;
    const char *fault = NULL;
    while (fault == NULL && pb_next(&reader, &field)) {
        if (pb_is(&field, SENSOR_SENSOR, PB_VARINT))
            sensor->number = (uint32_t)field.value;
        else if (pb_is(&field, SENSOR_NAME, PB_BYTES))
            fault = decode_name(&field, sensor);
        else if (pb_is(&field, SENSOR_UNIT, PB_VARINT))
            sensor->unit = (uint32_t)field.value;
    }
    if (fault != NULL)
        return fault;
    if (reader.bad)
        return "a sensor is malformed";
    if (sensor->name[0] == '\0')
        return "a sensor has no name";
    if (sensor->number == 0)
        return "a sensor has no number";
    for (uint32_t i = 0; i < feed->count; i++)
        if (feed->sensors[i].number == sensor->number)
            return "two sensors have one number";
    feed->count++;
    return NULL;
}

static const char *decode_feed(const struct pb_field *message, struct feed *feed) {
    struct pb_reader reader = pb_read(message->bytes, message->count);
    struct pb_field field;
    const char *fault = NULL;
    while (fault == NULL && pb_next(&reader, &field)) {
        if (pb_is(&field, FEED_SENSORS, PB_BYTES))
            fault = decode_sensor(&field, feed);
        else if (pb_is(&field, FEED_WINDOW_MS, PB_VARINT))
            feed->window_ms = (uint32_t)field.value;
    }
    if (fault != NULL)
        return fault;
    return reader.bad ? "a feed is malformed" : NULL;
}

static const char *decode_reading(const struct pb_field *message, struct sense *sense) {
    if (sense->count == SENSORS_MAX)
        return "a sense has more than 16 readings";
    struct reading *reading = &sense->readings[sense->count++];
    struct pb_reader reader = pb_read(message->bytes, message->count);
    struct pb_field field;
    while (pb_next(&reader, &field)) {
        if (pb_is(&field, READING_SENSOR, PB_VARINT))
            reading->sensor = (uint32_t)field.value;
        else if (pb_is(&field, READING_VALUE, PB_FIXED64))
            reading->value = pb_double(&field);
    }
    return reader.bad ? "a reading is malformed" : NULL;
}

static const char *decode_sense(const struct pb_field *message, struct sense *sense) {
    struct pb_reader reader = pb_read(message->bytes, message->count);
    struct pb_field field;
    const char *fault = NULL;
    while (fault == NULL && pb_next(&reader, &field)) {
        if (pb_is(&field, SENSE_MONOTONIC_US, PB_VARINT))
            sense->monotonic_us = field.value;
        else if (pb_is(&field, SENSE_READINGS, PB_BYTES))
            fault = decode_reading(&field, sense);
    }
    if (fault != NULL)
        return fault;
    return reader.bad ? "a sense is malformed" : NULL;
}

static const char *decode_empty(const struct pb_field *message, const char *malformed) {
    struct pb_reader reader = pb_read(message->bytes, message->count);
    struct pb_field field;
    while (pb_next(&reader, &field))
        continue;
    return reader.bad ? malformed : NULL;
}

/* Of a oneof, the last kind counts; the same kind twice is one message in two parts. */
static void become(struct host_frame *frame, enum host_frame_kind kind) {
    if (frame->kind == kind)
        return;
    memset(frame, 0, sizeof *frame);
    frame->kind = kind;
}

static const char *decode_body(const struct pb_field *field, struct host_frame *frame) {
    if (pb_is(field, FRAME_FEED, PB_BYTES)) {
        become(frame, HOST_FEED);
        return decode_feed(field, &frame->feed);
    }
    if (pb_is(field, FRAME_SENSE, PB_BYTES)) {
        become(frame, HOST_SENSE);
        return decode_sense(field, &frame->sense);
    }
    if (pb_is(field, FRAME_STOP, PB_BYTES)) {
        become(frame, HOST_STOP);
        return decode_empty(field, "a stop is malformed");
    }
    if (pb_is(field, FRAME_START, PB_BYTES)) {
        become(frame, HOST_START);
        return decode_empty(field, "a start is malformed");
    }
    if (pb_is(field, FRAME_PRACTICE, PB_BYTES)) {
        become(frame, HOST_OTHER);
        return decode_empty(field, "a practice is malformed");
    }
    return NULL;
}

const char *host_frame_decode(const uint8_t *bytes, uint32_t count, struct host_frame *frame) {
    struct pb_reader reader = pb_read(bytes, count);
    struct pb_field field;
    const char *fault = NULL;
    memset(frame, 0, sizeof *frame);
    while (fault == NULL && pb_next(&reader, &field))
        fault = decode_body(&field, frame);
    if (fault != NULL)
        return fault;
    return reader.bad ? "a host frame is malformed" : NULL;
}

static void take_count_byte(struct frame_reader *reader, uint8_t byte) {
    reader->count |= (uint32_t)(byte & 0x7f) << 7 * reader->count_bytes;
    reader->count_bytes++;
    reader->count_known = byte < 0x80;
    if (reader->count > HOST_FRAME_MAX || (!reader->count_known && reader->count_bytes == FRAME_COUNT_MAX))
        reader->fault = "a host frame is longer than 1024 bytes";
}

static uint32_t smaller(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

uint32_t frame_reader_take(struct frame_reader *reader, const uint8_t *bytes, uint32_t count) {
    uint32_t taken = 0;
    while (taken < count && !reader->count_known && reader->fault == NULL)
        take_count_byte(reader, bytes[taken++]);
    if (!reader->count_known || reader->fault != NULL)
        return taken;
    uint32_t more = smaller(count - taken, reader->count - reader->filled);
    memcpy(reader->bytes + reader->filled, bytes + taken, more);
    reader->filled += more;
    return taken + more;
}

bool frame_reader_complete(const struct frame_reader *reader) {
    return reader->fault == NULL && reader->count_known && reader->filled == reader->count;
}

void frame_reader_reset(struct frame_reader *reader) {
    reader->count = 0;
    reader->count_bytes = 0;
    reader->count_known = false;
    reader->filled = 0;
}
