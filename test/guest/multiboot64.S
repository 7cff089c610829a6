/*
 * A 64-bit multiboot image as QEMU's own loader refuses it: prints its command line, says whether all of it was
 * loaded, and switches the machine off. `fault=below`, chosen when it is linked, is no image that can be loaded.
 */
#define SERIAL 0x3f8
/* PIIX4's power management, where SeaBIOS puts it: soft off. */
#define POWER 0x604
#define SOFT_OFF 0x2000

.section .multiboot, "a"
.balign 4
    .long 0x1badb002, 0x3, -(0x1badb002 + 0x3)

.section .text, "ax"
.code32
.globl _start
_start:
    mov $stack_top, %esp
    cmp $0x2badb002, %eax
    jne off
    testl $4, (%ebx)
    jz off
    mov $hello, %esi
    call print
    mov 16(%ebx), %esi
    call print
    mov $more, %esi
    call print
    /* The second segment, and zeros where the file has nothing. */
    cmpl $0x5eed5eed, far
    jne off
    cmpl $0, far_zero
    jne off
    /* No module is left. */
    cmpl $0, 20(%ebx)
    jne off
    mov $good, %esi
    call print
off:
    mov $POWER, %edx
    mov $SOFT_OFF, %eax
    outw %ax, %dx
1:  hlt
    jmp 1b

print:
    mov $SERIAL, %edx
1:  lodsb
    test %al, %al
    jz 2f
    outb %al, %dx
    jmp 1b
2:  ret

hello: .asciz "loaded: ["
more:  .asciz "]\n"
good:  .asciz "returned with status 0\n"

.section .far, "aw"
far: .long 0x5eed5eed

.section .farbss, "aw", @nobits
    .skip 70000
far_zero: .long 0
    .skip 4096
stack_top:
