#include "jobs/roff.h"

#include <string.h>

#define COLUMNS 66 /* escapes make lines longer */

/* The code point at s, which is valid UTF-8; *n bytes of it. */
static unsigned code_point(const unsigned char *s, size_t *n)
{
    static const unsigned char first[] = {0x7f, 0, 0x1f, 0x0f, 0x07};
    unsigned code;

    *n = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    code = *n == 1 ? s[0] : s[0] & first[*n];
    for (size_t i = 1; i < *n; i++)
        code = code << 6 | (s[i] & 0x3f);
    return code;
}

void vx_roff_words(struct vx_buf *out, const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t n;

    for (size_t i = 0; i < len && s[i]; i += n) {
        const unsigned code = code_point(s + i, &n);

        if (code == '\\')
            vx_buf_str(out, "\\e");
        else if (code == '-')
            vx_buf_str(out, "\\-"); /* a minus: to be copied from the page into a shell */
        else if (code == '\'')
            vx_buf_str(out, "\\(aq");
        else if (code == '^')
            vx_buf_str(out, "\\(ha");
        else if (code == '~')
            vx_buf_str(out, "\\(ti");
        else if (code == '`')
            vx_buf_str(out, "\\(ga");
        else if (code >= 0x80)
            vx_buf_fmt(out, "\\[u%04X]", code);
        else if (code == '.' && (i == 0 || s[i - 1] == ' '))
            vx_buf_str(out, "\\&."); /* no request, wherever the line is broken */
        else
            vx_buf_fmt(out, "%c", (int)code);
    }
}

static bool ends_sentence(const char *word, size_t len)
{
    while (len > 1 && strchr(")\"", word[len - 1]))
        len--;
    return len > 1 && strchr(".!?", word[len - 1]) != NULL && !(len > 2 && word[len - 2] == '.');
}

static void fill(struct vx_buf *out, const char *line, size_t len)
{
    size_t column = 0, word;

    for (size_t at = 0; at < len; at += word + 1) {
        word = strcspn(line + at, " \n");
        if (column > 0 && column + 1 + word > COLUMNS) {
            vx_buf_str(out, "\n");
            column = 0;
        }
        if (column > 0)
            vx_buf_str(out, " ");
        vx_roff_words(out, line + at, word);
        column += word + 1;
        if (ends_sentence(line + at, word))
            column = COLUMNS + 1;
    }
    vx_buf_str(out, "\n");
}

void vx_roff_text(struct vx_buf *out, const char *text)
{
    fill(out, text, strlen(text));
}

void vx_roff_about(struct vx_buf *out, const char *text)
{
    bool as_it_is = false;

    for (;; text++) {
        const size_t len = strcspn(text, "\n");
        const bool example = *text == ' ';

        if (example && !as_it_is)
            vx_buf_str(out, ".PP\n.RS 4\n.nf\n");
        else if (!example && as_it_is)
            vx_buf_str(out, ".fi\n.RE\n");
        as_it_is = example;
        if (example) {
            const size_t indent = strspn(text, " ");
            vx_roff_words(out, text + indent, len - indent);
            vx_buf_str(out, "\n");
        } else if (len > 0) {
            vx_buf_str(out, ".PP\n");
            fill(out, text, len);
        }
        text += len;
        if (!*text)
            break;
    }
    if (as_it_is)
        vx_buf_str(out, ".fi\n.RE\n");
}
