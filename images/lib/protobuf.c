#include "protobuf.h"
#include "memory.h"
#include <stddef.h>

#define VARINT_MAX_BYTES 10u

/*
 * Room for a message's length, until the message is known: most are shorter than 128 bytes, none than
 * PB_INNER_MAX.
 */
#define LENGTH_BYTES 2u

_Static_assert(sizeof(double) == sizeof(uint64_t), "a double is 64 bits on the wire");
_Static_assert(PB_INNER_MAX == (1u << 7 * LENGTH_BYTES) - 1, "a length has LENGTH_BYTES");

static void put_byte(struct pb_writer *writer, uint8_t byte) {
    if (writer->count >= writer->room) {
        writer->full = true;
        return;
    }
    writer->bytes[writer->count++] = byte;
}

static void put_varint(struct pb_writer *writer, uint64_t value) {
    for (; value >= 0x80; value >>= 7)
        put_byte(writer, (uint8_t)(value | 0x80));
    put_byte(writer, (uint8_t)value);
}

static void put_tag(struct pb_writer *writer, uint32_t number, enum pb_wire wire) {
    put_varint(writer, (uint64_t)number << 3 | wire);
}

void pb_put_uint(struct pb_writer *writer, uint32_t number, uint64_t value) {
    if (value == 0)
        return;
    put_tag(writer, number, PB_VARINT);
    put_varint(writer, value);
}

void pb_put_double(struct pb_writer *writer, uint32_t number, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (bits == 0)
        return;
    put_tag(writer, number, PB_FIXED64);
    for (uint32_t shift = 0; shift < 64; shift += 8)
        put_byte(writer, (uint8_t)(bits >> shift));
}

void pb_put_text(struct pb_writer *writer, uint32_t number, const char *text) {
    uint32_t count = 0;
    while (text[count] != '\0')
        count++;
    if (count == 0)
        return;
    put_tag(writer, number, PB_BYTES);
    put_varint(writer, count);
    for (uint32_t i = 0; i < count; i++)
        put_byte(writer, (uint8_t)text[i]);
}

uint32_t pb_begin_delimited(struct pb_writer *writer) {
    uint32_t mark = writer->count;
    for (uint32_t i = 0; i < LENGTH_BYTES; i++)
        put_byte(writer, 0);
    return mark;
}

uint32_t pb_begin(struct pb_writer *writer, uint32_t number) {
    put_tag(writer, number, PB_BYTES);
    return pb_begin_delimited(writer);
}

void pb_end(struct pb_writer *writer, uint32_t mark) {
    if (writer->full)
        return;
    uint8_t *length = writer->bytes + mark;
    uint32_t inner = writer->count - mark - LENGTH_BYTES;
    if (inner > PB_INNER_MAX) {
        writer->full = true;
    } else if (inner < 0x80) {
        length[0] = (uint8_t)inner;
        memmove(length + 1, length + LENGTH_BYTES, inner);
        writer->count--;
    } else {
        length[0] = (uint8_t)(inner | 0x80);
        length[1] = (uint8_t)(inner >> 7);
    }
}

struct pb_reader pb_read(const uint8_t *bytes, uint32_t count) {
    return (struct pb_reader){.at = bytes, .end = bytes + count, .bad = false};
}

static uint32_t left_of(const struct pb_reader *reader) {
    return (uint32_t)(reader->end - reader->at);
}

static uint64_t fail(struct pb_reader *reader) {
    reader->bad = true;
    return 0;
}

static uint64_t take_varint(struct pb_reader *reader) {
    uint64_t value = 0;
    for (uint32_t i = 0; i < VARINT_MAX_BYTES; i++) {
        if (left_of(reader) == 0)
            return fail(reader);
        uint8_t byte = *reader->at++;
        value |= (uint64_t)(byte & 0x7f) << 7 * i;
        if (byte < 0x80)
            return i == VARINT_MAX_BYTES - 1 && byte > 1 ? fail(reader) : value;
    }
    return fail(reader);
}

static uint64_t take_fixed(struct pb_reader *reader, uint32_t count) {
    if (left_of(reader) < count)
        return fail(reader);
    uint64_t value = 0;
    for (uint32_t i = 0; i < count; i++)
        value |= (uint64_t)reader->at[i] << 8 * i;
    reader->at += count;
    return value;
}

static void take_bytes(struct pb_reader *reader, struct pb_field *field) {
    uint64_t count = take_varint(reader);
    if (reader->bad || count > left_of(reader)) {
        fail(reader);
        return;
    }
    field->bytes = reader->at;
    field->count = (uint32_t)count;
    reader->at += count;
}

static void take_payload(struct pb_reader *reader, struct pb_field *field) {
    switch (field->wire) {
    case PB_VARINT:
        field->value = take_varint(reader);
        return;
    case PB_FIXED64:
        field->value = take_fixed(reader, 8);
        return;
    case PB_FIXED32:
        field->value = take_fixed(reader, 4);
        return;
    case PB_BYTES:
        take_bytes(reader, field);
        return;
    }
    fail(reader); /* groups, and what is not defined */
}

bool pb_next(struct pb_reader *reader, struct pb_field *field) {
    if (reader->bad || left_of(reader) == 0)
        return false;
    uint64_t tag = take_varint(reader);
    if (reader->bad || tag > UINT32_MAX || tag >> 3 == 0) {
        fail(reader);
        return false;
    }
    *field = (struct pb_field){.number = (uint32_t)(tag >> 3), .wire = (enum pb_wire)(tag & 7)};
    take_payload(reader, field);
    return !reader->bad;
}

bool pb_is(const struct pb_field *field, uint32_t number, enum pb_wire wire) {
    return field->number == number && field->wire == wire;
}

double pb_double(const struct pb_field *field) {
    double value;
    memcpy(&value, &field->value, sizeof value);
    return value;
}
