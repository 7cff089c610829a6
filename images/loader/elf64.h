/* ELF-64 (System V gABI, chapters 4 and 5), as much of it as loading needs. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define ELF_MAGIC 0x464c457fu
#define ELF_64_BITS_LITTLE_ENDIAN 0x0102u
#define ELF_X86_64 62u
#define ELF_LOAD 1u

struct elf_header {
    uint32_t magic;
    uint16_t class_and_order;
    uint8_t rest[10];
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint64_t entry;
    uint64_t segments;
    uint64_t sections;
    uint32_t flags;
    uint16_t header_bytes;
    uint16_t segment_bytes;
    uint16_t segment_count;
};
_Static_assert(offsetof(struct elf_header, machine) == 18, "gABI, ELF header");
_Static_assert(offsetof(struct elf_header, segments) == 32, "gABI, ELF header");
_Static_assert(offsetof(struct elf_header, segment_count) == 56, "gABI, ELF header");

struct elf_segment {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t virtual_address;
    uint64_t physical_address;
    uint64_t file_bytes;
    uint64_t memory_bytes;
    uint64_t align;
};
_Static_assert(offsetof(struct elf_segment, memory_bytes) == 40, "gABI, program header");
_Static_assert(sizeof(struct elf_segment) == 56, "gABI, program header");
