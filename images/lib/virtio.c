#include "virtio.h"
#include "mmio.h"
#include "panic.h"
#include "platform.h"
#include "virtq.h"

#define FEATURE_VERSION_1 (1u << 0) /* bit 32: the first of the second word */

enum { STATUS_ACKNOWLEDGE = 1, STATUS_DRIVER = 2, STATUS_DRIVER_OK = 4, STATUS_FEATURES_OK = 8 };

uintptr_t virtio_find(uint32_t device_id) {
    struct platform_device slot;
    for (uint32_t index = 0; platform_virtio_slot(index, &slot); index++) {
        if (mmio_read(slot.registers + VIRTIO_MAGIC) != VIRTIO_MAGIC_VALUE ||
            mmio_read(slot.registers + VIRTIO_DEVICE_ID) != device_id)
            continue;
        platform_interrupt_enable(slot.interrupt);
        return slot.registers;
    }
    return 0;
}

bool virtio_agree(uintptr_t device, uint32_t features) {
    uint32_t version = mmio_read(device + VIRTIO_VERSION);
    assert(version == VIRTIO_LEGACY || version == VIRTIO_MODERN);
    mmio_write(device + VIRTIO_STATUS, 0);
    mmio_write(device + VIRTIO_STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
    mmio_write(device + VIRTIO_DEVICE_FEATURES_SELECT, 0);
    if ((mmio_read(device + VIRTIO_DEVICE_FEATURES) & features) != features)
        return false;
    mmio_write(device + VIRTIO_DRIVER_FEATURES_SELECT, 0);
    mmio_write(device + VIRTIO_DRIVER_FEATURES, features);
    if (version == VIRTIO_LEGACY) {
        mmio_write(device + VIRTIO_LEGACY_PAGE_SIZE, VIRTQ_PAGE);
        return true;
    }
    mmio_write(device + VIRTIO_DRIVER_FEATURES_SELECT, 1);
    mmio_write(device + VIRTIO_DRIVER_FEATURES, FEATURE_VERSION_1);
    mmio_write(device + VIRTIO_STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
    assert((mmio_read(device + VIRTIO_STATUS) & STATUS_FEATURES_OK) != 0);
    return true;
}

void virtio_begin(uintptr_t device) {
    mmio_write(device + VIRTIO_STATUS, mmio_read(device + VIRTIO_STATUS) | STATUS_DRIVER_OK);
}

void virtio_acknowledge(uintptr_t device) {
    uint32_t causes = mmio_read(device + VIRTIO_INTERRUPT_STATUS);
    if (causes != 0)
        mmio_write(device + VIRTIO_INTERRUPT_ACK, causes);
    memory_barrier();
}
