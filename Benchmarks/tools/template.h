/*
 * A request line with @ID@ where each call's own number goes, cut into its fixed parts once.
 */
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { MAX_PARTS = 8, ID_DIGITS = 20 };

struct template {
    unsigned parts; /* one more than there are @ID@ */
    const char *text[MAX_PARTS];
    size_t length[MAX_PARTS];
    size_t longest; /* upper bound of the rendered line, newline included */
};

/* The text stays the caller's and must outlive the template; 0 when it has too many placeholders. */
static inline int template_parse(struct template *template, const char *text, size_t length) {
    static const char mark[] = "@ID@";
    const char *end = text + length, *next;
    template->parts = 0;
    template->longest = length + 1 + MAX_PARTS * ID_DIGITS;
    for (;; text = next + sizeof mark - 1) {
        if (template->parts == MAX_PARTS) return 0;
        next = memmem(text, (size_t)(end - text), mark, sizeof mark - 1);
        template->text[template->parts] = text;
        template->length[template->parts++] = (size_t)((next ? next : end) - text);
        if (!next) return 1;
    }
}

/* Renders one line into `out`, which has room for `longest` bytes; answers its length. */
static inline size_t template_render(const struct template *template, uint64_t id, char *out) {
    char digits[ID_DIGITS], *cursor = out;
    unsigned first = ID_DIGITS;
    do digits[--first] = (char)('0' + id % 10);
    while ((id /= 10) > 0);
    for (unsigned part = 0; part < template->parts; part++) {
        if (part > 0) {
            memcpy(cursor, digits + first, ID_DIGITS - first);
            cursor += ID_DIGITS - first;
        }
        memcpy(cursor, template->text[part], template->length[part]);
        cursor += template->length[part];
    }
    *cursor++ = '\n';
    return (size_t)(cursor - out);
}

#endif
