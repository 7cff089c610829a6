/* A network card: virtio-net (virtio 1.2, section 5.1) on legacy and modern virtio-mmio, with no offloads. */
#pragma once
#include <stdint.h>

#define NIC_FRAME_MAX 1514u
#define NIC_ADDRESS_BYTES 6u

/* Finds the card and its address, or panics. */
void nic_open(uint8_t address[NIC_ADDRESS_BYTES]);

/* Copies a frame that has come; 0 when none waits, and for one that is longer than a frame can be. */
uint32_t nic_receive(uint8_t frame[NIC_FRAME_MAX]);

/* Copies the frame out; waits while the host is behind. */
void nic_send(const uint8_t *frame, uint32_t count);
