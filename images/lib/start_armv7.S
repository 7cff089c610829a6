/*
 * QEMU's virt machine with a 32-bit processor. As an ELF image, with the device tree at the start of RAM.
 * The MMU stays off: 32-bit KVM left Linux in 5.7, so this runs under TCG only, where caches do not matter.
 */
#define DEVICE_TREE 0x40000000
#define CPACR_FLOATING_POINT 0x00f00000 /* coprocessors 10 and 11 */
#define FPEXC_ENABLE 0x40000000
#define STACK_BYTES 16384

.arch armv7-a
.fpu vfpv3-d16
.arm

.section .text.start, "ax"
.globl _start
_start:
    mrc p15, 0, r0, c1, c0, 2
    orr r0, r0, #CPACR_FLOATING_POINT
    mcr p15, 0, r0, c1, c0, 2
    isb
    mov r0, #FPEXC_ENABLE
    vmsr fpexc, r0
    ldr r0, =vectors
    mcr p15, 0, r0, c12, c0, 0
    ldr sp, =stack_top
    ldr r0, =DEVICE_TREE
    bl guest_entry

/* Interrupts stay masked (platform_idle takes them by hand), so whatever comes here is a fault. */
.balign 32
vectors:
.rept 8
    b trapped
.endr

/*
 * panic_trap(cause, instruction, address): r1:r0 = fault status, r3:r2 = return address, on the stack = fault
 * address
 */
trapped:
    ldr sp, =stack_top
    mov r2, lr
    mov r3, #0
    mrc p15, 0, r0, c6, c0, 0
    mov r1, #0
    push {r0, r1}
    mrc p15, 0, r0, c5, c0, 0
    bl panic_trap

.section .bss
.balign 4096
    .skip STACK_BYTES
stack_top:
