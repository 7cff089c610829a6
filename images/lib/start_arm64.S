/*
 * QEMU's virt machine, EL1. As an ELF image, with the device tree at the start of RAM. The tables are in the
 * image and nothing is stored before the MMU and the caches are on: under KVM an uncached store would pass by
 * what QEMU sees.
 */
#define DEVICE_TREE 0x40000000
#define MAIR_DEVICE_NORMAL 0x04ff       /* 0: normal, write-back; 1: device, nGnRE */
#define TCR 0x280803519                 /* 39-bit addresses, 4 KiB pages, write-back, no TTBR1 */
#define SCTLR_MMU_CACHES 0x1005         /* I, C, M */
#define SCTLR_ALIGNMENT_CHECK 2
#define CPACR_FLOATING_POINT (3 << 20)
#define BLOCK_DEVICE 0x0060000000000405 /* at 0; attribute 1, accessed, never executed */
#define BLOCK_MEMORY 0x0000000040000701 /* at 1 GiB; attribute 0, inner shareable, accessed */
#define STACK_BYTES 16384

.section .text.start, "ax"
.globl _start
_start:
    adrp x0, table
    msr ttbr0_el1, x0
    ldr x0, =MAIR_DEVICE_NORMAL
    msr mair_el1, x0
    ldr x0, =TCR
    msr tcr_el1, x0
    tlbi vmalle1
    ic iallu
    dsb sy
    isb
    mrs x0, sctlr_el1
    ldr x1, =SCTLR_MMU_CACHES
    orr x0, x0, x1
    bic x0, x0, #SCTLR_ALIGNMENT_CHECK
    msr sctlr_el1, x0
    mov x0, #CPACR_FLOATING_POINT
    msr cpacr_el1, x0
    adr x0, vectors
    msr vbar_el1, x0
    isb
    adrp x0, stack_top
    mov sp, x0
    ldr x0, =DEVICE_TREE
    bl guest_entry

/* Interrupts stay masked (platform_idle takes them by hand), so whatever comes here is a fault. */
.balign 2048
vectors:
.rept 16
    .balign 128
    mrs x0, esr_el1
    mrs x1, elr_el1
    mrs x2, far_el1
    b panic_trap
.endr

.section .data.tables, "aw"
.balign 4096
table:
    .quad BLOCK_DEVICE | 1 << 2
    .quad BLOCK_MEMORY
    .fill 510, 8, 0

.section .bss
.balign 4096
    .skip STACK_BYTES
stack_top:
