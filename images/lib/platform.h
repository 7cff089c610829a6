/*
 * What a guest needs of the machine under it. Contract version 1.
 * Implemented once for QEMU's microvm (platform_x86.c) and once for its virt machines (platform_arm.c).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* A deadline that never comes. */
#define PLATFORM_FOREVER UINT64_MAX

struct platform_device {
    uintptr_t registers;
    uint32_t interrupt;
};

/* Called once, first. The argument is what the boot protocol passed: PVH start_info, or the device tree. */
void platform_init(uintptr_t boot_argument);

/* Never NULL. May hold words of the machine's own besides ours. */
const char *platform_command_line(void);

/* One byte to the serial console. A console that stays busy loses text; it never stops the guest. */
void platform_print(char byte);

/* Microseconds since platform_init. */
uint64_t platform_now_us(void);

/*
 * Sleeps until an interrupt or the deadline, whichever is first; may wake early. Interrupts are taken only in
 * here, so nothing is lost between looking for work and sleeping.
 */
void platform_idle(uint64_t deadline_us);

/* The virtio-mmio slot of that index, likeliest first. False when there is none; a slot may be empty. */
bool platform_virtio_slot(uint32_t index, struct platform_device *slot);

void platform_interrupt_enable(uint32_t interrupt);

/*
 * The normal end. QMP calls it guest-shutdown on arm, guest-reset on x86 (a microvm without ACPI has no power
 * switch).
 */
_Noreturn void platform_power_off(void);

/* The end after a panic. QMP calls it guest-reset everywhere. */
_Noreturn void platform_crash(void);
