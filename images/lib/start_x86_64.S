/*
 * PVH entry (Xen's docs/misc/pvh): 32-bit, flat, paging off, ebx = start_info.
 * Maps 0-1 GiB (memory) and 3-4 GiB (devices, uncached) onto themselves in 2 MiB pages, then goes to long
 * mode.
 */
#define NOTE_PHYS32_ENTRY 18
#define PAGE_PRESENT_WRITE 0x03
#define PAGE_LARGE 0x80
#define PAGE_UNCACHED 0x10
#define CR0_PE_MP_NE_PG 0x80000023
#define CR0_EM 0x00000004
#define CR4_PAE_FXSR_XMMEXCPT 0x620 /* the last two are SSE */
#define EFER 0xc0000080
#define EFER_LME 0x100
#define APIC_EOI 0xfee000b0
#define WITH_ERROR_CODE 0x60227d00 /* a bit an exception: 8, 10-14, 17, 21, 29, 30 */
#define STACK_BYTES 16384

.section .note.pvh, "a", @note
    .long 4, 4, NOTE_PHYS32_ENTRY
    .asciz "Xen"
    .long _start

.section .text.start, "ax"
.code32
.globl _start
_start:
    cli
    cld
    mov $stack_top, %esp
    movl $(low_directory + PAGE_PRESENT_WRITE), pointers
    movl $(high_directory + PAGE_PRESENT_WRITE), pointers + 3 * 8
    movl $(pointers + PAGE_PRESENT_WRITE), root
    xor %ecx, %ecx
1:  mov %ecx, %eax
    shl $21, %eax
    or $(PAGE_LARGE + PAGE_PRESENT_WRITE), %eax
    mov %eax, low_directory(, %ecx, 8)
    add $(0xc0000000 + PAGE_UNCACHED), %eax
    mov %eax, high_directory(, %ecx, 8)
    inc %ecx
    cmp $512, %ecx
    jne 1b
    mov %cr4, %eax
    or $CR4_PAE_FXSR_XMMEXCPT, %eax
    mov %eax, %cr4
    mov $root, %eax
    mov %eax, %cr3
    mov $EFER, %ecx
    rdmsr
    or $EFER_LME, %eax
    wrmsr
    mov %cr0, %eax
    and $~CR0_EM, %eax
    or $CR0_PE_MP_NE_PG, %eax
    mov %eax, %cr0
    lgdt gdt_pointer
    ljmp $8, $long_mode

.code64
long_mode:
    mov $16, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov %ebx, %edi
    call guest_entry

/* All that an interrupt is for is to wake the processor. */
.globl interrupt_wake
interrupt_wake:
    push %rax
    mov $APIC_EOI, %eax
    movl $0, (%rax)
    pop %rax
    iretq

/*
 * One entry of 16 bytes an exception, so that the vector is known. Those without an error code push a 0 in
 * its place.
 */
.balign 16
.globl exception_entries
exception_entries:
.set vector, 0
.rept 32
    .balign 16
    .if ~(WITH_ERROR_CODE >> vector) & 1
    push $0
    .endif
    push $vector
    jmp trapped
    .set vector, vector + 1
.endr

trapped:
    mov (%rsp), %rdi
    mov 16(%rsp), %rsi
    mov %cr2, %rdx
    and $-16, %rsp
    call panic_trap

.section .rodata
.balign 8
gdt:
    .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdt_pointer:
    .word gdt_pointer - gdt - 1
    .long gdt, 0

.section .bss
.balign 4096
root:
    .skip 4096
pointers:
    .skip 4096
low_directory:
    .skip 4096
high_directory:
    .skip 4096
    .skip STACK_BYTES
stack_top:
