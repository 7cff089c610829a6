/* What every virtio-mmio device of ours begins with (virtio 1.2, section 3.1): finding it, and agreeing on features. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* The registers of the first device of this kind, with its interrupt enabled; 0 when there is none. */
uintptr_t virtio_find(uint32_t device_id);

/*
 * Resets it and asks for these features of the first 32, all of which it must have. Its queues can then be
 * attached. False when it does not have them.
 */
bool virtio_agree(uintptr_t device, uint32_t features);

/* The queues are attached: the device may begin. */
void virtio_begin(uintptr_t device);

/* Before looking for work, not after: an interrupt that comes in between is then not lost. */
void virtio_acknowledge(uintptr_t device);
