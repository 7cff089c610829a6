/*
 * The byte stream to the gateway: virtserialport number 1 of a virtio console (virtio 1.2, section 5.3), on
 * legacy and modern virtio-mmio. Not a virtconsole (port 0): QEMU drops that one's output while the host
 * reads slowly.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* The most that one port_write takes. */
#define PORT_WRITE_MAX 4104u

/* Finds the device and opens the port, or panics. */
void port_open(void);

/* What has come, up to `max` bytes; 0 when nothing waits. */
uint32_t port_read(uint8_t *to, uint32_t max);

/* Copies the bytes out. They leave with the next kick at the latest; waits while the host is behind. */
void port_write(const uint8_t *bytes, uint32_t count);
void port_kick(void);

/* Kicks, and waits until the host has taken every byte. */
void port_drain(void);

/* The host had opened its end and has closed it. */
bool port_host_gone(void);

/* True once after each time that the host has opened its end again: what was being said is void on both sides. */
bool port_host_returned(void);
