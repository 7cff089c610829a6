/*
 * QEMU's microvm: a 16550 at COM1, the local APIC's timer, one IO APIC, and virtio-mmio slots that QEMU names
 * on the command line. Without ACPI there is no power switch: every end is a triple fault, which -no-reboot
 * makes an end.
 */
#include "mmio.h"
#include "panic.h"
#include "platform.h"
#include "text.h"
#include <stddef.h>

#define SERIAL 0x3f8u
#define SERIAL_LINE_STATUS (SERIAL + 5)
#define SERIAL_CAN_SEND 0x20u
#define SERIAL_POLLS_MAX 100000u

#define PIC_MASK_FIRST 0x21u
#define PIC_MASK_SECOND 0xa1u

#define APIC 0xfee00000u
enum apic_register {
    APIC_ID = 0x020,
    APIC_SPURIOUS = 0x0f0,
    APIC_TIMER_VECTOR = 0x320,
    APIC_LINT0 = 0x350,
    APIC_TIMER_START = 0x380,
    APIC_TIMER_NOW = 0x390,
    APIC_TIMER_DIVIDE = 0x3e0,
};
#define APIC_ENABLE 0x100u
#define APIC_MASKED 0x10000u
#define APIC_DIVIDE_BY_1 0xbu

/* QEMU's and KVM's local APIC counts nanoseconds. */
#define APIC_TIMER_LONGEST_US 4000000u

#define IO_APIC 0xfec00000u
#define IO_APIC_DATA (IO_APIC + 0x10)
#define IO_APIC_INPUTS 24u

enum { EXCEPTIONS = 0x20, VECTOR_TIMER = 0x20, VECTOR_INPUT_0 = 0x30, VECTOR_SPURIOUS = 0x4f, VECTORS };
#define EXCEPTION_ENTRY_BYTES 16u

/* Xen's start_info, version 1. */
struct start_info {
    uint32_t magic;
    uint32_t version;
    uint32_t flags;
    uint32_t modules;
    uint64_t module_list;
    uint64_t command_line;
};
_Static_assert(offsetof(struct start_info, command_line) == 24, "Xen, hvm_start_info");
#define START_INFO_MAGIC 0x336ec578u

struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint16_t attributes;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};
_Static_assert(offsetof(struct gate, offset_middle) == 6, "Intel SDM 3, 6.14.1");
_Static_assert(sizeof(struct gate) == 16, "Intel SDM 3, 6.14.1");
#define CODE_SELECTOR 8u
#define INTERRUPT_GATE 0x8e00u

struct __attribute__((packed)) table_pointer {
    uint16_t limit;
    uint64_t base;
};
_Static_assert(offsetof(struct table_pointer, base) == 2, "Intel SDM 3, 2.4.3");

extern const uint8_t exception_entries[];
extern const uint8_t interrupt_wake[];

static _Alignas(16) struct gate gates[VECTORS];
static const char *command_line = "";

static inline void port_out(uint16_t port, uint8_t value) {
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static inline uint8_t port_in(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint64_t read_tsc(void) {
    uint32_t low;
    uint32_t high;
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

static uint32_t apic_read(enum apic_register at) {
    return mmio_read(APIC + at);
}

static void apic_write(enum apic_register at, uint32_t value) {
    mmio_write(APIC + at, value);
}

static void set_gate(uint32_t vector, const uint8_t *entry) {
    uint64_t offset = (uintptr_t)entry;
    gates[vector] = (struct gate){
        .offset_low = (uint16_t)offset,
        .selector = CODE_SELECTOR,
        .attributes = INTERRUPT_GATE,
        .offset_middle = (uint16_t)(offset >> 16),
        .offset_high = (uint32_t)(offset >> 32),
    };
}

static void load_gates(void) {
    for (uint32_t vector = 0; vector < EXCEPTIONS; vector++)
        set_gate(vector, exception_entries + vector * EXCEPTION_ENTRY_BYTES);
    for (uint32_t vector = EXCEPTIONS; vector < VECTORS; vector++)
        set_gate(vector, interrupt_wake);
    struct table_pointer pointer = {.limit = sizeof gates - 1, .base = (uintptr_t)gates};
    __asm__ volatile("lidt %0" ::"m"(pointer));
}

static void start_apic(void) {
    port_out(PIC_MASK_FIRST, 0xff); /* where there is one */
    port_out(PIC_MASK_SECOND, 0xff);
    apic_write(APIC_SPURIOUS, APIC_ENABLE | VECTOR_SPURIOUS);
    apic_write(APIC_LINT0, APIC_MASKED);
}

/*
 * The clock. The processor's counter (TSC) is the clock of choice, but its rate must be learnt, and waiting
 * for that would make every boot longer. So the APIC's timer is the clock at first; it is exact but needed
 * for waking up. Once it has run for a while, its count tells the counter's rate.
 */
#define LEARN_AFTER_NS 1000000u
#define READ_TRIES 4u
#define RATE_SHIFT 24

struct moment {
    uint64_t tsc;
    uint32_t ns;
};

static struct moment started;
static bool rate_known;
static uint64_t ns_per_tick; /* times 2^RATE_SHIFT */

static uint32_t apic_elapsed_ns(void) {
    return UINT32_MAX - apic_read(APIC_TIMER_NOW);
}

/* Both clocks at once: of some tries, the one with the least time between them. */
static struct moment read_both(void) {
    struct moment best = {0, 0};
    uint64_t best_gap = UINT64_MAX;
    for (uint32_t i = 0; i < READ_TRIES; i++) {
        uint64_t before = read_tsc();
        uint32_t ns = apic_elapsed_ns();
        uint64_t gap = read_tsc() - before;
        if (gap >= best_gap)
            continue;
        best_gap = gap;
        best = (struct moment){.tsc = before + gap / 2, .ns = ns};
    }
    return best;
}

static void start_clock(void) {
    apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_1);
    apic_write(APIC_TIMER_VECTOR, APIC_MASKED | VECTOR_TIMER);
    apic_write(APIC_TIMER_START, UINT32_MAX);
    started = read_both();
}

static void learn_rate(void) {
    struct moment now = read_both();
    uint64_t ticks = now.tsc - started.tsc;
    assert(ticks > 0 && now.ns > started.ns);
    ns_per_tick = ((uint64_t)(now.ns - started.ns) << RATE_SHIFT) / ticks;
    assert(ns_per_tick > 0);
    rate_known = true;
    apic_write(APIC_TIMER_START, 0);
    apic_write(APIC_TIMER_VECTOR, VECTOR_TIMER);
}

/* Ends because the timer counts on by itself, and stops at 0, long after. */
static void wait_until_rate_known(void) {
    while (!rate_known && apic_elapsed_ns() < LEARN_AFTER_NS)
        __asm__ volatile("pause");
    if (!rate_known)
        learn_rate();
}

uint64_t platform_now_us(void) {
    if (!rate_known) {
        uint32_t ns = apic_elapsed_ns();
        if (ns < LEARN_AFTER_NS)
            return ns / 1000;
        learn_rate();
    }
    uint64_t ticks = read_tsc() - started.tsc;
    return (started.ns + (uint64_t)((unsigned __int128)ticks * ns_per_tick >> RATE_SHIFT)) / 1000;
}

void platform_init(uintptr_t boot_argument) {
    const struct start_info *info = (const struct start_info *)boot_argument;
    load_gates();
    start_apic();
    start_clock();
    assert(info->magic == START_INFO_MAGIC);
    if (info->command_line != 0)
        command_line = (const char *)(uintptr_t)info->command_line;
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
    while (polls > 0 && (port_in(SERIAL_LINE_STATUS) & SERIAL_CAN_SEND) == 0)
        polls--;
    stuck = polls == 0;
    if (!stuck)
        port_out(SERIAL, (uint8_t)byte);
}

void platform_idle(uint64_t deadline_us) {
    bool timed = deadline_us != PLATFORM_FOREVER;
    wait_until_rate_known();
    if (timed) {
        uint64_t now = platform_now_us();
        if (deadline_us <= now)
            return;
        uint64_t left = deadline_us - now;
        uint32_t sleep = left < APIC_TIMER_LONGEST_US ? (uint32_t)left : APIC_TIMER_LONGEST_US;
        apic_write(APIC_TIMER_START, sleep * 1000);
    }
    __asm__ volatile("sti; hlt; cli" ::: "memory"); /* sti takes effect after hlt has begun */
    if (timed)
        apic_write(APIC_TIMER_START, 0);
}

/*
 * QEMU appends one `virtio_mmio.device=512@0xfeb00e00:12` (bytes, address, interrupt) for every device in a
 * slot.
 */
bool platform_virtio_slot(uint32_t index, struct platform_device *slot) {
    const char *at = option_find("virtio_mmio.device", index);
    if (at == NULL)
        return false;
    text_take_number(&at, 10);
    assert(at[0] == '@' && at[1] == '0' && at[2] == 'x');
    at += 3;
    slot->registers = (uintptr_t)text_take_number(&at, 16);
    assert(at[0] == ':');
    at++;
    slot->interrupt = (uint32_t)text_take_number(&at, 10);
    return true;
}

/* Edge triggered, active high, to this processor. */
void platform_interrupt_enable(uint32_t interrupt) {
    assert(interrupt < IO_APIC_INPUTS);
    uint32_t entry = 0x10 + interrupt * 2;
    mmio_write(IO_APIC, entry + 1);
    mmio_write(IO_APIC_DATA, apic_read(APIC_ID) & 0xff000000);
    mmio_write(IO_APIC, entry);
    mmio_write(IO_APIC_DATA, VECTOR_INPUT_0 + interrupt);
}

/* With no gates at all, any exception is a triple fault. */
void platform_power_off(void) {
    struct table_pointer none = {.limit = 0, .base = 0};
    for (;;)
        __asm__ volatile("lidt %0; int3" ::"m"(none));
}

void platform_crash(void) {
    platform_power_off();
}
