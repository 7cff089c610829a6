#include "port.h"
#include "memory.h"
#include "panic.h"
#include "platform.h"
#include "virtio.h"
#include "virtq.h"

#define CONSOLE_DEVICE_ID 3u
#define FEATURE_MULTIPORT (1u << 1)

enum { QUEUE_CONTROL_IN = 2, QUEUE_CONTROL_OUT = 3, QUEUE_PORT_1_IN = 4, QUEUE_PORT_1_OUT = 5 };
enum { EVENT_DEVICE_READY = 0, EVENT_PORT_ADD = 1, EVENT_PORT_READY = 3, EVENT_PORT_OPEN = 6 };

/* QEMU answers at once under TCG; a busy host may need a few scheduler ticks. */
#define OPEN_WITHIN_US 5000000u

/* The socket takes some 200 kB without a reader, which is minutes of reports. */
#define TAKEN_WITHIN_US 10000000u

#define PORT_NUMBER 1u
#define READ_BUFFER_BYTES 1024u

/* Enough for the three messages of an opening, and for a few openings and closings that pile up. */
#define CONTROL_BUFFERS 8u

/* 5.3.6.2; a PORT_NAME has the name after it. */
struct control {
    uint32_t port;
    uint16_t event;
    uint16_t value;
};
_Static_assert(offsetof(struct control, event) == 4, "virtio 5.3.6.2");
_Static_assert(offsetof(struct control, value) == 6, "virtio 5.3.6.2");
_Static_assert(sizeof(struct control) == 8, "virtio 5.3.6.2");

struct control_in {
    struct control message;
    uint8_t name[56];
};

static struct virtq_rings in_rings, out_rings, control_in_rings, control_out_rings;
static struct virtq in, out, control_in, control_out;
static uint8_t in_bytes[VIRTQ_SIZE][READ_BUFFER_BYTES];
static uint8_t out_bytes[VIRTQ_SIZE][PORT_WRITE_MAX];
static struct control_in control_in_buffers[CONTROL_BUFFERS];
static struct control control_out_buffers[VIRTQ_SIZE];

static uintptr_t device;
static bool port_added, host_was_open, host_gone, host_returned;

/* The buffer that is being read. */
static struct virtq_used_element current;
static uint32_t current_read;

/* Given back to the device, which was not told yet. */
static uint32_t untold_buffers;

static void find_device(void) {
    device = virtio_find(CONSOLE_DEVICE_ID);
    if (device == 0)
        panic("no virtio console: give QEMU -device virtio-serial-device and a virtserialport with nr=1");
    if (!virtio_agree(device, FEATURE_MULTIPORT))
        panic("the virtio console has no ports: give QEMU a virtserialport with nr=1");
}

static void describe(struct virtq *queue, uint32_t index, void *buffer, uint32_t bytes, uint16_t flags) {
    queue->rings->descriptors[index] =
        (struct virtq_descriptor){.address = (uintptr_t)buffer, .bytes = bytes, .flags = flags};
}

static void attach_queues(void) {
    virtq_attach(&in, device, QUEUE_PORT_1_IN, &in_rings);
    virtq_attach(&out, device, QUEUE_PORT_1_OUT, &out_rings);
    virtq_attach(&control_in, device, QUEUE_CONTROL_IN, &control_in_rings);
    virtq_attach(&control_out, device, QUEUE_CONTROL_OUT, &control_out_rings);
    out.rings->available.flags = VIRTQ_NO_INTERRUPT;
    control_out.rings->available.flags = VIRTQ_NO_INTERRUPT;
    for (uint32_t i = 0; i < VIRTQ_SIZE; i++) {
        describe(&in, i, in_bytes[i], READ_BUFFER_BYTES, VIRTQ_DEVICE_WRITES);
        virtq_offer(&in, i);
    }
    for (uint32_t i = 0; i < CONTROL_BUFFERS; i++) {
        describe(&control_in, i, &control_in_buffers[i], sizeof control_in_buffers[i], VIRTQ_DEVICE_WRITES);
        virtq_offer(&control_in, i);
    }
    virtio_begin(device);
    virtq_kick(&control_in);
}

/* Sleeps until the device has no more than so many of the queue's buffers. */
static void wait_until_taken(struct virtq *queue, uint32_t pending_max, const char *why_not) {
    if (virtq_pending(queue) <= pending_max)
        return;
    uint64_t deadline = platform_now_us() + TAKEN_WITHIN_US;
    queue->rings->available.flags = 0;
    virtq_kick(queue);
    for (;;) {
        virtio_acknowledge(device);
        if (virtq_pending(queue) <= pending_max)
            break;
        if (platform_now_us() >= deadline)
            panic(why_not);
        platform_idle(deadline);
    }
    queue->rings->available.flags = VIRTQ_NO_INTERRUPT;
}

static void control_send(uint32_t port, uint16_t event, uint16_t value) {
    wait_until_taken(&control_out, VIRTQ_SIZE - 1, "the virtio console does not take control messages");
    uint32_t index = control_out.rings->available.index % VIRTQ_SIZE;
    control_out_buffers[index] = (struct control){.port = port, .event = event, .value = value};
    describe(&control_out, index, &control_out_buffers[index], sizeof(struct control), 0);
    virtq_offer(&control_out, index);
    virtq_kick(&control_out);
}

static void control_received(const struct control *message) {
    if (message->port != PORT_NUMBER)
        return;
    if (message->event == EVENT_PORT_ADD)
        port_added = true;
    if (message->event == EVENT_PORT_OPEN) {
        bool open = message->value != 0;
        host_returned = host_returned || (host_gone && open);
        host_gone = host_was_open && !open;
        host_was_open = host_was_open || open;
    }
}

static void poll(void) {
    virtio_acknowledge(device);
    struct virtq_used_element element;
    for (uint32_t i = 0; i < CONTROL_BUFFERS && virtq_take(&control_in, &element); i++) {
        assert(element.descriptor < CONTROL_BUFFERS && element.bytes >= sizeof(struct control));
        control_received(&control_in_buffers[element.descriptor].message);
        virtq_offer(&control_in, element.descriptor);
        virtq_kick(&control_in);
    }
}

static void wait_for_port(void) {
    uint64_t deadline = platform_now_us() + OPEN_WITHIN_US;
    for (;;) {
        poll();
        if (port_added)
            return;
        if (platform_now_us() >= deadline)
            panic("the virtio console has no port 1: give QEMU a virtserialport with nr=1");
        platform_idle(deadline);
    }
}

void port_open(void) {
    find_device();
    attach_queues();
    control_send(0, EVENT_DEVICE_READY, 1);
    wait_for_port();
    control_send(PORT_NUMBER, EVENT_PORT_READY, 1);
    control_send(PORT_NUMBER, EVENT_PORT_OPEN, 1);
    virtq_kick(&in); /* makes QEMU look at its end of the port again */
}

/*
 * The device has others meanwhile: telling it wakes a thread of QEMU's, and an answer that is due comes first. Half of them
 * are enough to go on with.
 */
static void tell_of_free_buffers(void) {
    if (untold_buffers > 0)
        virtq_kick(&in);
    untold_buffers = 0;
}

uint32_t port_read(uint8_t *to, uint32_t max) {
    poll();
    if (current_read == current.bytes) {
        if (!virtq_take(&in, &current)) {
            tell_of_free_buffers();
            return 0;
        }
        assert(current.bytes <= READ_BUFFER_BYTES);
        current_read = 0;
    }
    uint32_t left = current.bytes - current_read;
    uint32_t count = left < max ? left : max;
    memcpy(to, in_bytes[current.descriptor] + current_read, count);
    current_read += count;
    if (current_read == current.bytes) {
        virtq_offer(&in, current.descriptor);
        untold_buffers++;
    }
    return count;
}

void port_write(const uint8_t *bytes, uint32_t count) {
    assert(count <= PORT_WRITE_MAX);
    wait_until_taken(&out, VIRTQ_SIZE - 1, "the host does not read");
    uint32_t index = out.rings->available.index % VIRTQ_SIZE;
    memcpy(out_bytes[index], bytes, count);
    describe(&out, index, out_bytes[index], count, 0);
    virtq_offer(&out, index);
}

void port_kick(void) {
    virtq_kick(&out);
}

void port_drain(void) {
    virtq_kick(&out);
    wait_until_taken(&out, 0, "the host does not read");
}

bool port_host_gone(void) {
    return host_gone;
}

bool port_host_returned(void) {
    bool returned = host_returned;
    host_returned = false;
    return returned;
}
