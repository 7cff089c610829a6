/*
 * Loads a 64-bit multiboot image, as IncludeOS makes them: QEMU's own loader takes 32-bit files only. The image comes
 * as the first module (-initrd "FILE ARGUMENTS"), and finds what it would find if it had been loaded by GRUB.
 */
#include "elf64.h"
#include "multiboot.h"
#include <stdbool.h>

/* This loader, its modules' names and the BIOS are below. */
#define LOADED_MIN 0x200000u
#define MIB 0x100000u
#define PAGE 4096u
#define SEGMENTS_MAX 64u

/* Free in every PC, and below what an image may take for its own. */
#define COMMAND_LINE 0x8000u
#define COMMAND_LINE_BYTES 4096u

#define SERIAL 0x3f8u
#define SERIAL_LINE_STATUS (SERIAL + 5)
#define SERIAL_CAN_SEND 0x20u
#define SERIAL_POLLS_MAX 100000u

/* Where the image's file lies while it is loaded. */
struct file {
    uint32_t start;
    uint32_t bytes;
};

/* From start.S; the address that the image is entered at. */
uint32_t load_image(uint32_t magic, struct multiboot_info *info);

static inline void port_out(uint16_t port, uint8_t value) {
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static inline uint8_t port_in(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void print(const char *text) {
    for (; *text != '\0'; text++) {
        for (uint32_t polls = 0; polls < SERIAL_POLLS_MAX; polls++)
            if ((port_in(SERIAL_LINE_STATUS) & SERIAL_CAN_SEND) != 0)
                break;
        port_out(SERIAL, (uint8_t)*text);
    }
}

/* A triple fault, which QEMU's -no-reboot makes an end. */
static _Noreturn void end(void) {
    static const struct __attribute__((packed)) {
        uint16_t limit;
        uint32_t base;
    } no_table = {0, 0};
    __asm__ volatile("lidt %0; int3" ::"m"(no_table));
    __builtin_unreachable();
}

static void check(bool condition, const char *otherwise) {
    if (condition)
        return;
    print("\nperigee loader: ");
    print(otherwise);
    print("\n");
    end();
}

/* Upwards, so that the two may overlap where `to` is the lower. */
static void copy(uint32_t to, uint32_t from, uint32_t bytes) {
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes)::"memory");
}

/* Downwards, for the other case. */
static void copy_down(uint32_t to, uint32_t from, uint32_t bytes) {
    uint32_t last_to = to + bytes - 1;
    uint32_t last_from = from + bytes - 1;
    __asm__ volatile("std; rep movsb; cld" : "+D"(last_to), "+S"(last_from), "+c"(bytes)::"memory");
}

static void clear(uint32_t at, uint32_t bytes) {
    __asm__ volatile("rep stosb" : "+D"(at), "+c"(bytes) : "a"(0) : "memory");
}

/* To the end of memory: the boot loader put it where it is to be loaded. */
static struct file move_up(const struct multiboot_module *module, const struct multiboot_info *info) {
    struct file from = {module->start, module->end - module->start};
    uint32_t memory_end = MIB + info->upper_kib * 1024;
    check(from.bytes >= sizeof(struct elf_header), "the image is too short");
    check(memory_end > module->end && memory_end - module->end > PAGE, "there is too little memory");
    struct file to = {(memory_end - from.bytes) & ~(PAGE - 1), from.bytes};
    copy_down(to.start, from.start, from.bytes);
    return to;
}

static const struct elf_header *header_of(struct file file) {
    const struct elf_header *header = (const struct elf_header *)file.start;
    bool is_elf = header->magic == ELF_MAGIC && header->class_and_order == ELF_64_BITS_LITTLE_ENDIAN;
    check(is_elf && header->machine == ELF_X86_64, "the image is no 64-bit ELF file for x86_64");
    check(header->segment_bytes == sizeof(struct elf_segment) && header->segment_count <= SEGMENTS_MAX,
          "the image has program headers of another size, or too many");
    uint64_t headers_end = header->segments + header->segment_count * sizeof(struct elf_segment);
    check(header->segments < file.bytes && headers_end <= file.bytes, "the image is cut short");
    return header;
}

static void load(const struct elf_segment *segment, struct file file) {
    uint64_t start = segment->physical_address;
    check(segment->offset <= file.bytes && segment->file_bytes <= file.bytes - segment->offset &&
              segment->file_bytes <= segment->memory_bytes,
          "a segment of the image is not all there");
    check(start >= LOADED_MIN, "the image is to be loaded below 2 MiB");
    check(start < file.start && segment->memory_bytes <= file.start - start, "there is too little memory");
    uint32_t at = (uint32_t)start;
    uint32_t bytes = (uint32_t)segment->file_bytes;
    copy(at, file.start + (uint32_t)segment->offset, bytes);
    clear(at + bytes, (uint32_t)segment->memory_bytes - bytes);
}

/* The module's line becomes the kernel's, and there is no module any more. */
static void hand_over(struct multiboot_info *info, const struct multiboot_module *module) {
    const char *line = (const char *)module->command_line;
    char *to = (char *)COMMAND_LINE;
    uint32_t length = 0;
    for (; length < COMMAND_LINE_BYTES - 1 && line[length] != '\0'; length++)
        to[length] = line[length];
    to[length] = '\0';
    info->flags |= MULTIBOOT_HAS_COMMAND_LINE;
    info->command_line = COMMAND_LINE;
    info->module_count = 0;
}

uint32_t load_image(uint32_t magic, struct multiboot_info *info) {
    const uint32_t needed = MULTIBOOT_HAS_MEMORY | MULTIBOOT_HAS_MODULES;
    check(magic == MULTIBOOT_LOADER_MAGIC, "it was started by no multiboot loader");
    check((info->flags & needed) == needed && info->module_count == 1,
          "there is not one image: give it as the initrd");
    const struct multiboot_module *module = (const struct multiboot_module *)info->modules;
    hand_over(info, module);
    struct file file = move_up(module, info);
    const struct elf_header *header = header_of(file);
    const struct elf_segment *segments = (const struct elf_segment *)(file.start + (uint32_t)header->segments);
    bool has_entry = false;
    for (uint32_t index = 0; index < header->segment_count; index++) {
        const struct elf_segment *segment = &segments[index];
        if (segment->type != ELF_LOAD || segment->memory_bytes == 0)
            continue;
        load(segment, file);
        uint64_t start = segment->physical_address;
        has_entry |= header->entry >= start && header->entry - start < segment->memory_bytes;
    }
    check(has_entry, "the image's entry point is in none of its segments");
    return (uint32_t)header->entry;
}
