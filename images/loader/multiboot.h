/* Multiboot 1, section 3.3: what a boot loader tells. Only the fields that are used here have names. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define MULTIBOOT_LOADER_MAGIC 0x2badb002u

enum multiboot_flag {
    MULTIBOOT_HAS_MEMORY = 1 << 0,
    MULTIBOOT_HAS_COMMAND_LINE = 1 << 2,
    MULTIBOOT_HAS_MODULES = 1 << 3,
};

struct multiboot_info {
    uint32_t flags;
    uint32_t lower_kib;
    uint32_t upper_kib; /* from 1 MiB up to the first hole */
    uint32_t boot_device;
    uint32_t command_line;
    uint32_t module_count;
    uint32_t modules;
};
_Static_assert(offsetof(struct multiboot_info, modules) == 24, "Multiboot 1, section 3.3");

struct multiboot_module {
    uint32_t start;
    uint32_t end;
    uint32_t command_line;
    uint32_t reserved;
};
_Static_assert(offsetof(struct multiboot_module, command_line) == 8, "Multiboot 1, section 3.3");
_Static_assert(sizeof(struct multiboot_module) == 16, "Multiboot 1, section 3.3");
