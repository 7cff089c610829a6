#include "virtq.h"
#include "mmio.h"
#include "panic.h"

static void set_address(uintptr_t registers, enum virtio_register at, const volatile void *part) {
    uint64_t address = (uintptr_t)part;
    mmio_write(registers + at, (uint32_t)address);
    mmio_write(registers + at + 4, (uint32_t)(address >> 32));
}

void virtq_attach(struct virtq *queue, uintptr_t registers, uint32_t number, struct virtq_rings *rings) {
    *queue = (struct virtq){.rings = rings, .registers = registers, .number = number};
    mmio_write(registers + VIRTIO_QUEUE_SELECT, number);
    assert(mmio_read(registers + VIRTIO_QUEUE_SIZE_MAX) >= VIRTQ_SIZE);
    mmio_write(registers + VIRTIO_QUEUE_SIZE, VIRTQ_SIZE);
    if (mmio_read(registers + VIRTIO_VERSION) == VIRTIO_LEGACY) {
        mmio_write(registers + VIRTIO_LEGACY_QUEUE_ALIGN, VIRTQ_USED_ALIGNMENT);
        mmio_write(registers + VIRTIO_LEGACY_QUEUE_PAGE, (uint32_t)((uintptr_t)rings / VIRTQ_PAGE));
        return;
    }
    set_address(registers, VIRTIO_QUEUE_DESCRIPTORS, rings->descriptors);
    set_address(registers, VIRTIO_QUEUE_AVAILABLE, &rings->available);
    set_address(registers, VIRTIO_QUEUE_USED, &rings->used);
    mmio_write(registers + VIRTIO_QUEUE_READY, 1);
}

void virtq_offer(struct virtq *queue, uint32_t descriptor) {
    volatile struct virtq_available *available = &queue->rings->available;
    assert(descriptor < VIRTQ_SIZE);
    available->ring[available->index % VIRTQ_SIZE] = (uint16_t)descriptor;
    memory_barrier();
    available->index++;
}

void virtq_kick(const struct virtq *queue) {
    memory_barrier();
    mmio_write(queue->registers + VIRTIO_QUEUE_NOTIFY, queue->number);
}

bool virtq_take(struct virtq *queue, struct virtq_used_element *element) {
    volatile struct virtq_used *used = &queue->rings->used;
    if (queue->seen == used->index)
        return false;
    memory_barrier();
    element->descriptor = used->ring[queue->seen % VIRTQ_SIZE].descriptor;
    element->bytes = used->ring[queue->seen % VIRTQ_SIZE].bytes;
    assert(element->descriptor < VIRTQ_SIZE);
    queue->seen++;
    return true;
}

uint32_t virtq_pending(const struct virtq *queue) {
    return (uint16_t)(queue->rings->available.index - queue->rings->used.index);
}
