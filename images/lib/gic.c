#include "gic.h"
#include "cpu_arm.h"
#include "mmio.h"
#include "panic.h"
#include "platform.h"

#define DISTRIBUTOR 0x08000000u
#define CPU_INTERFACE 0x08010000u
#define REDISTRIBUTOR 0x080a0000u
#define REDISTRIBUTOR_OWN (REDISTRIBUTOR + 0x10000)

enum { GICD_CONTROL = 0x000, GICD_GROUP = 0x080, GICD_ENABLE = 0x100, GICD_TARGET = 0x800 };
enum { GICC_CONTROL = 0x0, GICC_PRIORITY_MASK = 0x4, GICC_TAKE = 0xc, GICC_END = 0x10 };
enum { GICR_WAKER = 0x14, GICR_OWN_GROUP = 0x80, GICR_OWN_ENABLE = 0x100 };

#define GICD_ENABLED 1u
#define GICD_3_ENABLED 0x12u /* affinity routing, group 1 */
#define GICR_CHILDREN_ASLEEP 4u
#define NOTHING_PENDING 1020u
#define WAKE_WITHIN_US 1000000u

static bool is_v3;

static void wake_redistributor(void) {
    uint64_t deadline = platform_now_us() + WAKE_WITHIN_US;
    mmio_write(REDISTRIBUTOR + GICR_WAKER, 0);
    while ((mmio_read(REDISTRIBUTOR + GICR_WAKER) & GICR_CHILDREN_ASLEEP) != 0)
        if (platform_now_us() >= deadline)
            panic("the interrupt controller does not wake");
}

static void init_v3(void) {
    wake_redistributor();
    mmio_write(REDISTRIBUTOR_OWN + GICR_OWN_GROUP, UINT32_MAX);
    mmio_write(REDISTRIBUTOR_OWN + GICR_OWN_ENABLE, 1u << GIC_TIMER);
    mmio_write(DISTRIBUTOR + GICD_CONTROL, GICD_3_ENABLED);
    cpu_gic3_enable();
}

void gic_init(bool version_3) {
    is_v3 = version_3;
    if (is_v3) {
        init_v3();
        return;
    }
    mmio_write(DISTRIBUTOR + GICD_CONTROL, GICD_ENABLED);
    mmio_write(DISTRIBUTOR + GICD_ENABLE, 1u << GIC_TIMER);
    mmio_write(CPU_INTERFACE + GICC_PRIORITY_MASK, 0xff);
    mmio_write(CPU_INTERFACE + GICC_CONTROL, 1);
}

static void set_bit(uint32_t first_register, uint32_t interrupt) {
    uintptr_t at = DISTRIBUTOR + first_register + interrupt / 32 * 4;
    mmio_write(at, mmio_read(at) | 1u << interrupt % 32);
}

/* Version 2 names the target processor, a byte an interrupt; version 3 routes to processor 0 from reset. */
void gic_enable(uint32_t interrupt) {
    assert(interrupt >= GIC_SHARED && interrupt < NOTHING_PENDING);
    if (is_v3) {
        set_bit(GICD_GROUP, interrupt);
    } else {
        uintptr_t at = DISTRIBUTOR + GICD_TARGET + interrupt / 4 * 4;
        mmio_write(at, mmio_read(at) | 1u << interrupt % 4 * 8);
    }
    set_bit(GICD_ENABLE, interrupt);
}

void gic_take(void) {
    if (is_v3) {
        uint32_t interrupt = cpu_gic3_take();
        if (interrupt < NOTHING_PENDING)
            cpu_gic3_end(interrupt);
        return;
    }
    uint32_t interrupt = mmio_read(CPU_INTERFACE + GICC_TAKE);
    if ((interrupt & 0x3ff) < NOTHING_PENDING)
        mmio_write(CPU_INTERFACE + GICC_END, interrupt);
}
