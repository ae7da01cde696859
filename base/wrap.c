#include "base/wrap.h"

#include <stdbool.h>

static size_t code_points(const char *text, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

void vx_wrap(FILE *to, const char *text, size_t len, size_t column, size_t indent, size_t width)
{
    bool first = true; /* in its line */

    for (size_t at = 0, word; at < len; at += word + 1) {
        for (word = 0; at + word < len && text[at + word] != ' ';)
            word++;
        const size_t wide = code_points(text + at, word);
        if (!first && column + 1 + wide > width) {
            fprintf(to, "\n%*s", (int)indent, "");
            column = indent;
            first = true;
        }
        fprintf(to, "%s%.*s", first ? "" : " ", (int)word, text + at);
        column += wide + !first;
        first = false;
    }
}
