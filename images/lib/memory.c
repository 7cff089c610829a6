#include "memory.h"
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t count) {
    uint8_t *out = to;
    const uint8_t *in = from;
    for (size_t i = 0; i < count; i++)
        out[i] = in[i];
    return to;
}

void *memmove(void *to, const void *from, size_t count) {
    uint8_t *out = to;
    const uint8_t *in = from;
    if ((uintptr_t)out <= (uintptr_t)in)
        return memcpy(to, from, count);
    for (size_t i = count; i > 0; i--)
        out[i - 1] = in[i - 1];
    return to;
}

void *memset(void *to, int byte, size_t count) {
    uint8_t *out = to;
    for (size_t i = 0; i < count; i++)
        out[i] = (uint8_t)byte;
    return to;
}

#if defined(__arm__)
/*
 * The names that the ARM run-time ABI gives them (section 4.3.4); memset has its arguments the other way
 * round there.
 */
void __aeabi_memcpy(void *to, const void *from, size_t count);
void __aeabi_memcpy4(void *to, const void *from, size_t count);
void __aeabi_memcpy8(void *to, const void *from, size_t count);
void __aeabi_memmove(void *to, const void *from, size_t count);
void __aeabi_memset(void *to, size_t count, int byte);
void __aeabi_memclr(void *to, size_t count);
void __aeabi_memclr4(void *to, size_t count);
void __aeabi_memclr8(void *to, size_t count);

void __aeabi_memcpy(void *to, const void *from, size_t count) {
    memcpy(to, from, count);
}

void __aeabi_memcpy4(void *to, const void *from, size_t count) {
    memcpy(to, from, count);
}

void __aeabi_memcpy8(void *to, const void *from, size_t count) {
    memcpy(to, from, count);
}

void __aeabi_memmove(void *to, const void *from, size_t count) {
    memmove(to, from, count);
}

void __aeabi_memset(void *to, size_t count, int byte) {
    memset(to, byte, count);
}

void __aeabi_memclr(void *to, size_t count) {
    memset(to, 0, count);
}

void __aeabi_memclr4(void *to, size_t count) {
    memset(to, 0, count);
}

void __aeabi_memclr8(void *to, size_t count) {
    memset(to, 0, count);
}
#endif
