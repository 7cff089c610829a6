#include "tcp.h"
#include "bytes.h"
#include "memory.h"
#include "net.h"
#include "panic.h"
#include "platform.h"
#include "text.h"

#define HEADER_BYTES 20u
#define REQUEST_MAX 1400u
#define WINDOW 2048u
#define ANSWER_WITHIN_US 500000u
#define TRIES 8u
#define FIRST_PORT 50000u

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

struct segment {
    uint32_t sequence;
    uint32_t acknowledged;
    uint8_t flags;
    const uint8_t *payload;
    uint32_t count;
};

static uint16_t own_port = FIRST_PORT, peer_port;
static uint32_t next_sequence, expected;

static void send_segment(uint8_t flags, const char *payload, uint32_t count) {
    static uint8_t segment[HEADER_BYTES + REQUEST_MAX];
    assert(count <= REQUEST_MAX);
    memset(segment, 0, HEADER_BYTES);
    put16(segment, own_port);
    put16(segment + 2, peer_port);
    put32(segment + 4, next_sequence);
    put32(segment + 8, (flags & ACK) != 0 ? expected : 0);
    segment[12] = HEADER_BYTES / 4 << 4;
    segment[13] = flags;
    put16(segment + 14, WINDOW);
    memcpy(segment + HEADER_BYTES, payload, count);
    put16(segment + 16, net_checksum(NET_TCP, segment, HEADER_BYTES + count));
    net_send(NET_TCP, segment, HEADER_BYTES + count);
}

static bool receive_segment(struct segment *segment, uint64_t deadline) {
    struct net_packet packet;
    while (net_receive(&packet, deadline)) {
        uint32_t header = packet.count < HEADER_BYTES ? 0 : packet.body[12] / 16u * 4u;
        if (packet.protocol != NET_TCP || header < HEADER_BYTES || header > packet.count ||
            get16(packet.body) != peer_port || get16(packet.body + 2) != own_port)
            continue;
        if ((packet.body[13] & RST) != 0)
            panic("the gateway refuses the connection");
        *segment = (struct segment){
            .sequence = get32(packet.body + 4),
            .acknowledged = get32(packet.body + 8),
            .flags = packet.body[13],
            .payload = packet.body + header,
            .count = packet.count - header,
        };
        return true;
    }
    return false;
}

static void connect(void) {
    struct segment segment;
    for (uint32_t i = 0; i < TRIES; i++) {
        send_segment(SYN, "", 0);
        uint64_t deadline = platform_now_us() + ANSWER_WITHIN_US;
        while (receive_segment(&segment, deadline)) {
            if ((segment.flags & (SYN | ACK)) != (SYN | ACK) || segment.acknowledged != next_sequence + 1)
                continue;
            next_sequence++;
            expected = segment.sequence + 1;
            return;
        }
    }
    panic("the gateway does not accept the connection");
}

/* `HTTP/1.1 204 …`: all of it comes in the first segment. */
static uint32_t status_of(const struct segment *segment) {
    uint32_t status = 0;
    for (uint32_t at = 9; at < 12 && at < segment->count; at++)
        status = status * 10 + (segment->payload[at] - (uint32_t)'0');
    return status;
}

/* Sends until it is answered; what follows the status line is taken and not read, up to the end. */
static uint32_t exchange(const char *request, uint32_t count) {
    struct segment segment;
    uint32_t status = 0;
    uint32_t start = next_sequence;
    for (uint32_t i = 0; i < TRIES; i++) {
        if (next_sequence == start)
            send_segment(ACK | PSH, request, count);
        uint64_t deadline = platform_now_us() + ANSWER_WITHIN_US;
        while (receive_segment(&segment, deadline)) {
            if (segment.acknowledged == start + count)
                next_sequence = start + count;
            if (segment.sequence != expected || (segment.count == 0 && (segment.flags & FIN) == 0))
                continue;
            if (status == 0)
                status = status_of(&segment);
            expected += segment.count + ((segment.flags & FIN) != 0 ? 1 : 0);
            send_segment(ACK, "", 0);
            if ((segment.flags & FIN) != 0)
                return status;
        }
    }
    panic("the gateway does not answer the request");
}

/* The gateway has closed its half. It may have to be told twice. */
static void hang_up(void) {
    struct segment segment;
    send_segment(FIN | ACK, "", 0);
    if (!receive_segment(&segment, platform_now_us() + ANSWER_WITHIN_US))
        send_segment(FIN | ACK, "", 0);
    next_sequence++;
}

static char request[REQUEST_MAX];
static uint32_t request_bytes;

static void append(const char *text, uint32_t count) {
    assert(request_bytes + count <= REQUEST_MAX);
    memcpy(request + request_bytes, text, count);
    request_bytes += count;
}

static void append_text(const char *text) {
    append(text, (uint32_t)text_length(text));
}

uint32_t http_post(uint16_t port, const char *path, const char *body, uint32_t count) {
    assert(count <= HTTP_BODY_MAX);
    char digits[TEXT_DIGITS_MAX];
    request_bytes = 0;
    append_text("POST ");
    append_text(path);
    append_text(" HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nContent-Length: ");
    append_text(text_number(digits, count));
    append_text("\r\n\r\n");
    append(body, count);
    peer_port = port;
    own_port++;
    next_sequence = (uint32_t)platform_now_us();
    connect();
    uint32_t status = exchange(request, request_bytes);
    hang_up();
    return status;
}
