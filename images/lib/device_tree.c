#include "device_tree.h"
#include "text.h"
#include <stddef.h>

#define MAGIC 0xd00dfeedu

/* Version 17. Every number is big-endian. */
struct header {
    uint32_t magic;
    uint32_t total_bytes;
    uint32_t structure_offset;
    uint32_t strings_offset;
    uint32_t reserved_offset;
    uint32_t version;
    uint32_t compatible_version;
    uint32_t boot_cpu;
    uint32_t strings_bytes;
    uint32_t structure_bytes;
};
_Static_assert(offsetof(struct header, strings_offset) == 12, "devicetree 5.2");
_Static_assert(offsetof(struct header, structure_bytes) == 36, "devicetree 5.2");

enum { TOKEN_BEGIN_NODE = 1, TOKEN_END_NODE = 2, TOKEN_PROPERTY = 3, TOKEN_NOTHING = 4 };

static uint32_t big_endian(uint32_t value) {
    return __builtin_bswap32(value);
}

static uint32_t words(uint32_t bytes) {
    return (bytes + 3) / 4;
}

bool device_tree_walk(uintptr_t address, device_tree_visit *visit) {
    const struct header *header = (const struct header *)address;
    if (big_endian(header->magic) != MAGIC)
        return false;
    const char *strings = (const char *)address + big_endian(header->strings_offset);
    const uint32_t *at = (const uint32_t *)(address + big_endian(header->structure_offset));
    const uint32_t *end = at + big_endian(header->structure_bytes) / 4;
    const char *node = "";
    while (at < end) {
        uint32_t token = big_endian(*at++);
        if (token == TOKEN_BEGIN_NODE) {
            node = (const char *)at;
            at += words((uint32_t)text_length(node) + 1);
        } else if (token == TOKEN_PROPERTY) {
            uint32_t count = big_endian(at[0]);
            const char *property = strings + big_endian(at[1]);
            visit(node, property, (const char *)(at + 2), count);
            at += 2 + words(count);
        } else if (token != TOKEN_END_NODE && token != TOKEN_NOTHING) {
            break;
        }
    }
    return true;
}
