#include "nic.h"
#include "memory.h"
#include "mmio.h"
#include "panic.h"
#include "platform.h"
#include "virtio.h"
#include "virtq.h"

#define NETWORK_DEVICE_ID 1u
#define FEATURE_ADDRESS (1u << 5)
enum { QUEUE_IN = 0, QUEUE_OUT = 1 };

/* 5.1.6.1; a legacy device without merged buffers leaves the last field out. */
#define HEADER_BYTES 12u
#define LEGACY_HEADER_BYTES 10u
#define BUFFER_BYTES (HEADER_BYTES + NIC_FRAME_MAX)

#define CONFIGURATION 0x100u

/* The gateway reads at a bounded rate, and a flood has to wait for it. */
#define TAKEN_WITHIN_US 10000000u

static struct virtq_rings in_rings, out_rings;
static struct virtq in, out;
static uint8_t in_bytes[VIRTQ_SIZE][BUFFER_BYTES];
static uint8_t out_bytes[VIRTQ_SIZE][BUFFER_BYTES];
static uintptr_t device;
static uint32_t header_bytes;

static void describe(struct virtq *queue, uint32_t index, void *buffer, uint32_t bytes, uint16_t flags) {
    queue->rings->descriptors[index] =
        (struct virtq_descriptor){.address = (uintptr_t)buffer, .bytes = bytes, .flags = flags};
}

/* A register access of 32 bits is the one that mmio.h has; the address takes one and a half. */
static void read_address(uint8_t address[NIC_ADDRESS_BYTES]) {
    uint32_t low = mmio_read(device + CONFIGURATION);
    uint32_t high = mmio_read(device + CONFIGURATION + 4);
    for (uint32_t i = 0; i < NIC_ADDRESS_BYTES; i++)
        address[i] = (uint8_t)(i < 4 ? low >> 8 * i : high >> 8 * (i - 4));
}

void nic_open(uint8_t address[NIC_ADDRESS_BYTES]) {
    device = virtio_find(NETWORK_DEVICE_ID);
    if (device == 0)
        panic("no virtio network card: give the manifest network: metrics");
    if (!virtio_agree(device, FEATURE_ADDRESS))
        panic("the virtio network card has no address");
    header_bytes = mmio_read(device + VIRTIO_VERSION) == VIRTIO_LEGACY ? LEGACY_HEADER_BYTES : HEADER_BYTES;
    virtq_attach(&in, device, QUEUE_IN, &in_rings);
    virtq_attach(&out, device, QUEUE_OUT, &out_rings);
    out.rings->available.flags = VIRTQ_NO_INTERRUPT;
    for (uint32_t i = 0; i < VIRTQ_SIZE; i++) {
        describe(&in, i, in_bytes[i], BUFFER_BYTES, VIRTQ_DEVICE_WRITES);
        virtq_offer(&in, i);
    }
    virtio_begin(device);
    virtq_kick(&in);
    read_address(address);
}

uint32_t nic_receive(uint8_t frame[NIC_FRAME_MAX]) {
    struct virtq_used_element element;
    virtio_acknowledge(device);
    if (!virtq_take(&in, &element))
        return 0;
    assert(element.bytes >= header_bytes && element.bytes <= BUFFER_BYTES);
    uint32_t count = element.bytes - header_bytes;
    if (count <= NIC_FRAME_MAX)
        memcpy(frame, in_bytes[element.descriptor] + header_bytes, count);
    virtq_offer(&in, element.descriptor);
    virtq_kick(&in);
    return count <= NIC_FRAME_MAX ? count : 0;
}

static void wait_for_buffer(void) {
    if (virtq_pending(&out) < VIRTQ_SIZE)
        return;
    uint64_t deadline = platform_now_us() + TAKEN_WITHIN_US;
    out.rings->available.flags = 0;
    virtq_kick(&out);
    for (;;) {
        virtio_acknowledge(device);
        if (virtq_pending(&out) < VIRTQ_SIZE)
            break;
        if (platform_now_us() >= deadline)
            panic("the host takes no frames");
        platform_idle(deadline);
    }
    out.rings->available.flags = VIRTQ_NO_INTERRUPT;
}

void nic_send(const uint8_t *frame, uint32_t count) {
    assert(count <= NIC_FRAME_MAX);
    wait_for_buffer();
    uint32_t index = out.rings->available.index % VIRTQ_SIZE;
    memset(out_bytes[index], 0, header_bytes);
    memcpy(out_bytes[index] + header_bytes, frame, count);
    describe(&out, index, out_bytes[index], header_bytes + count, 0);
    virtq_offer(&out, index);
    virtq_kick(&out);
}
