/*
 * Multiboot 1, section 3.2: 32 bits, flat, paging off, interrupts off; eax = magic, ebx = what the boot loader
 * tells. The image is entered in the same state.
 */
#define HEADER_MAGIC 0x1badb002
#define HEADER_FLAGS 0x3 /* modules on pages; tell the memory */
#define LOADER_MAGIC 0x2badb002
#define STACK_BYTES 4096

.section .multiboot, "a"
.balign 4
    .long HEADER_MAGIC, HEADER_FLAGS, -(HEADER_MAGIC + HEADER_FLAGS)

.section .text.start, "ax"
.globl _start
_start:
    cli
    cld
    mov $stack_top, %esp
    push %ebx
    push %eax
    call load_image
    mov %eax, %ecx
    mov $LOADER_MAGIC, %eax
    jmp *%ecx

.section .bss
.balign 16
    .skip STACK_BYTES
stack_top:
