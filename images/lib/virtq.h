/*
 * A split virtqueue (virtio 1.2, section 2.7), and the registers of virtio-mmio (section 4.2.2; legacy
 * 4.2.4). Every buffer is one descriptor; descriptor n always means buffer n of its owner.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VIRTQ_SIZE 16u
#define VIRTQ_PAGE 4096u
#define VIRTQ_USED_ALIGNMENT 64u

struct virtq_descriptor {
    uint64_t address;
    uint32_t bytes;
    uint16_t flags;
    uint16_t next;
};

#define VIRTQ_DEVICE_WRITES 2u

struct virtq_available {
    uint16_t flags;
    uint16_t index;
    uint16_t ring[VIRTQ_SIZE];
    uint16_t used_event;
};

#define VIRTQ_NO_INTERRUPT 1u

struct virtq_used_element {
    uint32_t descriptor;
    uint32_t bytes;
};

struct virtq_used {
    uint16_t flags;
    uint16_t index;
    struct virtq_used_element ring[VIRTQ_SIZE];
};

/* The order and the alignments are the legacy layout; the modern one allows any. */
struct virtq_rings {
    _Alignas(VIRTQ_PAGE) struct virtq_descriptor descriptors[VIRTQ_SIZE];
    volatile struct virtq_available available;
    _Alignas(VIRTQ_USED_ALIGNMENT) volatile struct virtq_used used;
};

_Static_assert(offsetof(struct virtq_descriptor, bytes) == 8, "virtio 2.7.5");
_Static_assert(offsetof(struct virtq_descriptor, flags) == 12, "virtio 2.7.5");
_Static_assert(sizeof(struct virtq_descriptor) == 16, "virtio 2.7.5");
_Static_assert(offsetof(struct virtq_available, ring) == 4, "virtio 2.7.6");
_Static_assert(offsetof(struct virtq_used, ring) == 4, "virtio 2.7.8");
_Static_assert(offsetof(struct virtq_used_element, bytes) == 4, "virtio 2.7.8");
_Static_assert(sizeof(struct virtq_used_element) == 8, "virtio 2.7.8");
_Static_assert(offsetof(struct virtq_rings, available) == 16 * VIRTQ_SIZE, "virtio 2.7.2");
_Static_assert(offsetof(struct virtq_rings, used) == 320, "virtio 2.7.2, aligned to 64");

struct virtq {
    struct virtq_rings *rings;
    uintptr_t registers;
    uint32_t number;
    uint16_t seen;
};

/* Device registers, from the slot's base. */
enum virtio_register {
    VIRTIO_MAGIC = 0x00,
    VIRTIO_VERSION = 0x04,
    VIRTIO_DEVICE_ID = 0x08,
    VIRTIO_DEVICE_FEATURES = 0x10,
    VIRTIO_DEVICE_FEATURES_SELECT = 0x14,
    VIRTIO_DRIVER_FEATURES = 0x20,
    VIRTIO_DRIVER_FEATURES_SELECT = 0x24,
    VIRTIO_LEGACY_PAGE_SIZE = 0x28,
    VIRTIO_QUEUE_SELECT = 0x30,
    VIRTIO_QUEUE_SIZE_MAX = 0x34,
    VIRTIO_QUEUE_SIZE = 0x38,
    VIRTIO_LEGACY_QUEUE_ALIGN = 0x3c,
    VIRTIO_LEGACY_QUEUE_PAGE = 0x40,
    VIRTIO_QUEUE_READY = 0x44,
    VIRTIO_QUEUE_NOTIFY = 0x50,
    VIRTIO_INTERRUPT_STATUS = 0x60,
    VIRTIO_INTERRUPT_ACK = 0x64,
    VIRTIO_STATUS = 0x70,
    VIRTIO_QUEUE_DESCRIPTORS = 0x80,
    VIRTIO_QUEUE_AVAILABLE = 0x90,
    VIRTIO_QUEUE_USED = 0xa0,
};

#define VIRTIO_MAGIC_VALUE 0x74726976u
#define VIRTIO_LEGACY 1u
#define VIRTIO_MODERN 2u

/* Tells the device of the queue. */
void virtq_attach(struct virtq *queue, uintptr_t registers, uint32_t number, struct virtq_rings *rings);

/* Gives a buffer to the device, which sees it at the next kick at the latest. */
void virtq_offer(struct virtq *queue, uint32_t descriptor);
void virtq_kick(const struct virtq *queue);

/* Takes a buffer back that the device is done with. */
bool virtq_take(struct virtq *queue, struct virtq_used_element *element);

/* How many buffers the device still has. */
uint32_t virtq_pending(const struct virtq *queue);
