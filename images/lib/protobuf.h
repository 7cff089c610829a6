/*
 * The part of the protobuf wire format that our messages use (protobuf.dev/programming-guides/encoding).
 * Bounded, no allocation, no recursion; nothing outside the given bytes is read or written, whatever they
 * hold.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum pb_wire { PB_VARINT = 0, PB_FIXED64 = 1, PB_BYTES = 2, PB_FIXED32 = 5 };

/* Writes until it is full; then `full` stays true and what was written is worthless. */
struct pb_writer {
    uint8_t *bytes;
    uint32_t room;
    uint32_t count;
    bool full;
};

/* Fields with their default value are left out, as proto3 has it. */
void pb_put_uint(struct pb_writer *writer, uint32_t number, uint64_t value);
void pb_put_double(struct pb_writer *writer, uint32_t number, double value);
void pb_put_text(struct pb_writer *writer, uint32_t number, const char *text);

/* A message within a message goes between begin and end; it may have up to PB_INNER_MAX bytes. */
#define PB_INNER_MAX 16383u
uint32_t pb_begin(struct pb_writer *writer, uint32_t number);
void pb_end(struct pb_writer *writer, uint32_t mark);

/* A byte count and the message itself, for a stream. */
uint32_t pb_begin_delimited(struct pb_writer *writer);

struct pb_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};

struct pb_field {
    uint32_t number;
    enum pb_wire wire;
    uint64_t value;       /* of a varint or a fixed one */
    const uint8_t *bytes; /* of PB_BYTES, within what is read */
    uint32_t count;
};

struct pb_reader pb_read(const uint8_t *bytes, uint32_t count);

/* The next field. False at the end, or for good when the bytes are no message: then `bad` is true. */
bool pb_next(struct pb_reader *reader, struct pb_field *field);
bool pb_is(const struct pb_field *field, uint32_t number, enum pb_wire wire);
double pb_double(const struct pb_field *field);
