/* The instructions that C has no words for, on 32 and 64 bits. */
#pragma once
#include <stdint.h>

#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u

static inline void cpu_wait_for_interrupt(void) {
    __asm__ volatile("dsb sy; wfi" ::: "memory");
}

#if defined(__aarch64__)

static inline uint64_t cpu_counter(void) {
    uint64_t value;
    __asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(value)::"memory");
    return value;
}

static inline uint32_t cpu_counter_frequency(void) {
    uint64_t value;
    __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(value));
    return (uint32_t)value;
}

static inline void cpu_timer_start(uint64_t at) {
    uint64_t enabled = 1;
    __asm__ volatile("msr cntv_cval_el0, %0; msr cntv_ctl_el0, %1; isb" ::"r"(at), "r"(enabled) : "memory");
}

static inline void cpu_timer_stop(void) {
    uint64_t masked = 2;
    __asm__ volatile("msr cntv_ctl_el0, %0; isb" ::"r"(masked) : "memory");
}

static inline void cpu_psci(uint32_t function) {
    register uint64_t x0 __asm__("x0") = function;
    __asm__ volatile("hvc #0" : "+r"(x0)::"x1", "x2", "x3", "memory");
}

/*
 * ICC_PMR_EL1, ICC_IGRPEN1_EL1; ICC_IAR1_EL1; ICC_EOIR1_EL1: by number, since older assemblers lack the
 * names.
 */
static inline void cpu_gic3_enable(void) {
    uint64_t on = 1;
    uint64_t every_priority = 0xff;
    __asm__ volatile("msr S3_0_C12_C12_5, %0; isb" ::"r"(on) : "memory");
    __asm__ volatile("msr S3_0_C4_C6_0, %0" ::"r"(every_priority) : "memory");
    __asm__ volatile("msr S3_0_C12_C12_7, %0; isb" ::"r"(on) : "memory");
}

static inline uint32_t cpu_gic3_take(void) {
    uint64_t interrupt;
    __asm__ volatile("mrs %0, S3_0_C12_C12_0; dsb sy" : "=r"(interrupt)::"memory");
    return (uint32_t)interrupt;
}

static inline void cpu_gic3_end(uint32_t interrupt) {
    __asm__ volatile("msr S3_0_C12_C12_1, %0; isb" ::"r"((uint64_t)interrupt) : "memory");
}

#else

static inline uint64_t cpu_counter(void) {
    uint32_t low;
    uint32_t high;
    __asm__ volatile("isb; mrrc p15, 1, %0, %1, c14" : "=r"(low), "=r"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

static inline uint32_t cpu_counter_frequency(void) {
    uint32_t value;
    __asm__ volatile("mrc p15, 0, %0, c14, c0, 0" : "=r"(value));
    return value;
}

static inline void cpu_timer_start(uint64_t at) {
    uint32_t low = (uint32_t)at;
    uint32_t high = (uint32_t)(at >> 32);
    __asm__ volatile("mcrr p15, 3, %0, %1, c14; mcr p15, 0, %2, c14, c3, 1; isb" ::"r"(low), "r"(high), "r"(1)
                     : "memory");
}

static inline void cpu_timer_stop(void) {
    __asm__ volatile("mcr p15, 0, %0, c14, c3, 1; isb" ::"r"(2) : "memory");
}

static inline void cpu_psci(uint32_t function) {
    register uint32_t r0 __asm__("r0") = function;
    __asm__ volatile(".arch_extension virt; hvc #0" : "+r"(r0)::"r1", "r2", "r3", "memory");
}

/* QEMU's 32-bit machines that we boot have version 2. */
static inline void cpu_gic3_enable(void) {}

static inline uint32_t cpu_gic3_take(void) {
    return UINT32_MAX;
}

static inline void cpu_gic3_end(uint32_t interrupt) {
    (void)interrupt;
}

#endif
