/* Text: on the console, and in the command line. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Every byte costs the host an exit: print little, and nothing before the first report. */
void print(const char *text);
void print_number(uint64_t number);
void print_hex(uint64_t number);

/* Room for any number and its end. */
#define TEXT_DIGITS_MAX 21u

/* The number in decimal digits, somewhere in `digits`. */
const char *text_number(char digits[TEXT_DIGITS_MAX], uint64_t number);

bool text_equal(const char *a, const char *b);
size_t text_length(const char *text);

/* The number at *at, which moves past it. Base 10 or 16; digits that do not fit are dropped from the top. */
uint64_t text_take_number(const char **at, uint32_t base);

/*
 * The command line is words between spaces; an option is a word `key=value`. Returns the value of the
 * option's occurrence (0 is the first), up to a space or the end, or NULL.
 */
const char *option_find(const char *key, uint32_t occurrence);
bool option_is(const char *key, const char *value);
