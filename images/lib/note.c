#include "frames.h"
#include <stddef.h>

/*
 * By which a kernel of ours is known without being run: an ELF note (gABI, "Note Section") of the owner "Perigee".
 * Twin: src/images/detect-family.ts.
 */
#define NOTE_PROTOCOL 1u

struct note {
    uint32_t name_bytes;
    uint32_t value_bytes;
    uint32_t type;
    char name[8];
    uint32_t protocol;
};

_Static_assert(offsetof(struct note, protocol) == 20, "the value follows the name, with no gap");

extern const struct note perigee_note;

__attribute__((used, section(".note.perigee"))) const struct note perigee_note = {
    .name_bytes = sizeof "Perigee",
    .value_bytes = sizeof(uint32_t),
    .type = NOTE_PROTOCOL,
    .name = "Perigee",
    .protocol = FRAME_PROTOCOL,
};
