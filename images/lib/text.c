#include "text.h"
#include "number.h"
#include "platform.h"

void print(const char *text) {
    for (; *text != '\0'; text++)
        platform_print(*text);
}

const char *text_number(char digits[TEXT_DIGITS_MAX], uint64_t number) {
    uint32_t at = TEXT_DIGITS_MAX - 1;
    uint32_t digit;
    digits[at] = '\0';
    do {
        number = number_divide(number, 10, &digit);
        digits[--at] = (char)('0' + digit);
    } while (number != 0);
    return digits + at;
}

void print_number(uint64_t number) {
    char digits[TEXT_DIGITS_MAX];
    print(text_number(digits, number));
}

void print_hex(uint64_t number) {
    print("0x");
    for (int shift = 60; shift >= 0; shift -= 4)
        platform_print("0123456789abcdef"[number >> shift & 15]);
}

bool text_equal(const char *a, const char *b) {
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

size_t text_length(const char *text) {
    size_t length = 0;
    while (text[length] != '\0')
        length++;
    return length;
}

static uint32_t digit_of(char byte) {
    if (byte >= '0' && byte <= '9')
        return (uint32_t)(byte - '0');
    if (byte >= 'a' && byte <= 'f')
        return (uint32_t)(byte - 'a') + 10;
    return UINT32_MAX;
}

uint64_t text_take_number(const char **at, uint32_t base) {
    uint64_t number = 0;
    for (; digit_of(**at) < base; (*at)++)
        number = number * base + digit_of(**at);
    return number;
}

static bool ends_word(char byte) {
    return byte == ' ' || byte == '\0';
}

/* The value, when this word is an option of that key. */
static const char *value_in(const char *word, const char *key) {
    while (*key != '\0' && *word == *key) {
        word++;
        key++;
    }
    return *key == '\0' && *word == '=' ? word + 1 : NULL;
}

const char *option_find(const char *key, uint32_t occurrence) {
    const char *at = platform_command_line();
    while (*at != '\0') {
        const char *value = value_in(at, key);
        if (value != NULL && occurrence-- == 0)
            return value;
        while (!ends_word(*at))
            at++;
        while (*at == ' ')
            at++;
    }
    return NULL;
}

bool option_is(const char *key, const char *value) {
    const char *at = option_find(key, 0);
    if (at == NULL)
        return false;
    while (*value != '\0' && *at == *value) {
        at++;
        value++;
    }
    return *value == '\0' && ends_word(*at);
}
