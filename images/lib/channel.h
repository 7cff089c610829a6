/* Frames to and from the gateway, over the port. */
#pragma once
#include "frames.h"
#include <stdbool.h>

void channel_open(void);

/*
 * Each appends one frame to what goes out next. With the option wait=1, hello leaves at once and returns at Start;
 * meanwhile first_words, if it is not NULL, is called once for practice: what it appends is thrown away, and
 * nothing is sent.
 */
void channel_hello(const char *image, const char *version, void (*first_words)(void));
void channel_declare(uint32_t metric, const char *name, uint32_t unit);
void channel_report(const struct report *report);

/* Sends what was appended. Many frames, one exit. */
void channel_flush(void);

/* Says Done, waits until the host has it, and powers off. */
_Noreturn void channel_done(uint32_t status);

/* The next frame, if a whole one has come. Panics when the host sends what is no frame. */
bool channel_receive(struct host_frame *frame);

/*
 * Sleeps until something may have come. Powers off when the host has gone, so that no guest outlives its
 * gateway; with the option linger=1 it waits for the next one, which channel_receive tells as HOST_RETURNED.
 */
void channel_idle(void);
