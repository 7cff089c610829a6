/* The one way to fail: a line "panic: ..." on the console, and the end, without a Done frame. */
#pragma once
#include <stdint.h>

_Noreturn void panic(const char *why);

/* The same, with a number that helps to find out. */
_Noreturn void panic_with(const char *why, uint64_t number);

/* Called by the exception vectors with what the processor said. */
_Noreturn void panic_trap(uint64_t cause, uint64_t instruction, uint64_t address);

#define PANIC_TEXT(x) #x
#define PANIC_LINE(x) PANIC_TEXT(x)

/* Always on. Says the file's name without its path, so that a build says nothing about where it was made. */
#define assert(condition)                                                                                    \
    ((condition) ? (void)0 : panic(__FILE_NAME__ ":" PANIC_LINE(__LINE__) ": not true: " #condition))
