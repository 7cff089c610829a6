#include "guest.h"
#include "panic.h"
#include "platform.h"

/* From start_*.S, with a stack, floating point on, and interrupts off. */
_Noreturn void guest_entry(uintptr_t boot_argument);

void guest_entry(uintptr_t boot_argument) {
    platform_init(boot_argument);
    guest_main();
    panic("guest_main came back");
}
