/* Arithmetic that would otherwise need a compiler's run-time library on armv7. */
#pragma once
#include <stdint.h>

/* Long division: armv7 has no instruction for 64 bits. */
static inline uint64_t number_divide(uint64_t dividend, uint32_t divisor, uint32_t *remainder) {
    uint64_t quotient = 0;
    uint64_t rest = 0;
    for (int bit = 63; bit >= 0; bit--) {
        rest = rest << 1 | (dividend >> bit & 1);
        if (rest >= divisor) {
            rest -= divisor;
            quotient |= (uint64_t)1 << bit;
        }
    }
    *remainder = (uint32_t)rest;
    return quotient;
}

/* Exact up to 2^53, as any conversion is. */
static inline double number_to_double(uint64_t value) {
    const double two_to_32 = 4294967296.0;
    return (double)(uint32_t)(value >> 32) * two_to_32 + (double)(uint32_t)value;
}
