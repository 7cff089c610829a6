#include "panic.h"
#include "platform.h"
#include "text.h"

/* A fault while panicking must not start over. */
static bool panicking;

static void begin(const char *why) {
    if (panicking)
        platform_crash();
    panicking = true;
    print("\npanic: ");
    print(why);
}

void panic(const char *why) {
    begin(why);
    print("\n");
    platform_crash();
}

void panic_with(const char *why, uint64_t number) {
    begin(why);
    print(" ");
    print_number(number);
    print("\n");
    platform_crash();
}

void panic_trap(uint64_t cause, uint64_t instruction, uint64_t address) {
    begin("trap ");
    print_hex(cause);
    print(" at ");
    print_hex(instruction);
    print(" address ");
    print_hex(address);
    print("\n");
    platform_crash();
}
