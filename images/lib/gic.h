/*
 * The generic interrupt controller, version 2 (Arm IHI 0048) or, on 64 bits, 3 (Arm IHI 0069), as QEMU's virt
 * has it.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* The first interrupt that is not a processor's own. */
#define GIC_SHARED 32u

/* The virtual timer's. */
#define GIC_TIMER 27u

/* Enables the controller, and the timer's interrupt. */
void gic_init(bool version_3);
void gic_enable(uint32_t interrupt);

/*
 * Takes the interrupt that is pending, if one is: it will not end the next sleep, unless its device still
 * asks.
 */
void gic_take(void);
