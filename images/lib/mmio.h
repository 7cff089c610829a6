/* Device registers and the order of memory accesses. */
#pragma once
#include <stdint.h>

#if defined(__aarch64__)
/* In assembly: KVM cannot emulate a device access that a compiler gave a write-back addressing mode. */
static inline uint32_t mmio_read(uintptr_t address) {
    uint32_t value;
    __asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}

static inline void mmio_write(uintptr_t address, uint32_t value) {
    __asm__ volatile("str %w0, [%1]" ::"r"(value), "r"(address) : "memory");
}
#else
static inline uint32_t mmio_read(uintptr_t address) {
    return *(volatile uint32_t *)address;
}

static inline void mmio_write(uintptr_t address, uint32_t value) {
    *(volatile uint32_t *)address = value;
}
#endif

/* Everything before is seen by a device before anything after. */
static inline void memory_barrier(void) {
#if defined(__x86_64__)
    __asm__ volatile("mfence" ::: "memory");
#else
    __asm__ volatile("dmb sy" ::: "memory");
#endif
}
