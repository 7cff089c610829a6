/*
 * QEMU's virt machine, 32 and 64 bits: a PL011, the generic timer, virtio-mmio slots at fixed places, the
 * command line in the device tree, and PSCI (Arm DEN 0022) for the end. The interrupt controller is in gic.c.
 */
#include "cpu_arm.h"
#include "device_tree.h"
#include "gic.h"
#include "memory.h"
#include "mmio.h"
#include "number.h"
#include "panic.h"
#include "platform.h"
#include "text.h"

#define SERIAL 0x09000000u
#define SERIAL_FLAGS (SERIAL + 0x18)
#define SERIAL_FULL 0x20u
#define SERIAL_POLLS_MAX 100000u

#define VIRTIO_SLOTS 32u
#define VIRTIO_LAST 0x0a003e00u
#define VIRTIO_BYTES 0x200u
#define VIRTIO_LAST_INTERRUPT (GIC_SHARED + 16 + 31)

#define COMMAND_LINE_MAX 512u

/* A sleep's ticks must fit when multiplied. The caller looks again and goes on sleeping. */
#define LONGEST_SLEEP_US 4000000u

static char command_line[COMMAND_LINE_MAX];
static bool gic_is_v3;

static uint64_t started;
static uint32_t us_per_tick;  /* times 2^32 */
static uint64_t ticks_per_us; /* times 2^16 */

static void take_command_line(const char *value, uint32_t count) {
    assert(count <= COMMAND_LINE_MAX);
    memcpy(command_line, value, count);
    command_line[COMMAND_LINE_MAX - 1] = '\0';
}

static void visit(const char *node, const char *property, const char *value, uint32_t count) {
    if (text_equal(node, "chosen") && text_equal(property, "bootargs"))
        take_command_line(value, count);
    if (text_equal(node, "intc@8000000") && text_equal(property, "compatible"))
        gic_is_v3 = text_equal(value, "arm,gic-v3");
}

static void start_clock(void) {
    uint32_t frequency = cpu_counter_frequency();
    uint32_t rest;
    assert(frequency >= 1000000);
    us_per_tick = (uint32_t)number_divide((uint64_t)1000000 << 32, frequency, &rest);
    ticks_per_us = number_divide((uint64_t)frequency << 16, 1000000, &rest);
    started = cpu_counter();
}

void platform_init(uintptr_t boot_argument) {
    start_clock();
    if (!device_tree_walk(boot_argument, visit))
        panic("no device tree at the start of memory: boot the ELF file on QEMU's virt machine");
    gic_init(gic_is_v3);
}

const char *platform_command_line(void) {
    return command_line;
}

/*
 * After one wait in vain every further byte gets a single look, so that a stuck console costs the guest
 * nothing.
 */
void platform_print(char byte) {
    static bool stuck;
    uint32_t polls = stuck ? 1 : SERIAL_POLLS_MAX;
    while (polls > 0 && (mmio_read(SERIAL_FLAGS) & SERIAL_FULL) != 0)
        polls--;
    stuck = polls == 0;
    if (!stuck)
        mmio_write(SERIAL, (uint8_t)byte);
}

uint64_t platform_now_us(void) {
    uint64_t ticks = cpu_counter() - started;
    return (ticks >> 32) * us_per_tick + ((ticks & UINT32_MAX) * us_per_tick >> 32);
}

/* The processor keeps interrupts masked: a pending one ends the sleep and is then taken by hand. */
void platform_idle(uint64_t deadline_us) {
    if (deadline_us != PLATFORM_FOREVER) {
        uint64_t now = platform_now_us();
        if (deadline_us <= now)
            return;
        uint64_t left = deadline_us - now;
        uint64_t sleep = left < LONGEST_SLEEP_US ? left : LONGEST_SLEEP_US;
        cpu_timer_start(cpu_counter() + (sleep * ticks_per_us >> 16) + 1);
    }
    cpu_wait_for_interrupt();
    cpu_timer_stop();
    gic_take();
}

/* QEMU fills the slots from the last one down. */
bool platform_virtio_slot(uint32_t index, struct platform_device *slot) {
    if (index >= VIRTIO_SLOTS)
        return false;
    slot->registers = VIRTIO_LAST - index * VIRTIO_BYTES;
    slot->interrupt = VIRTIO_LAST_INTERRUPT - index;
    return true;
}

void platform_interrupt_enable(uint32_t interrupt) {
    gic_enable(interrupt);
}

void platform_power_off(void) {
    cpu_psci(PSCI_SYSTEM_OFF);
    for (;;)
        cpu_wait_for_interrupt();
}

void platform_crash(void) {
    cpu_psci(PSCI_SYSTEM_RESET);
    for (;;)
        cpu_wait_for_interrupt();
}
