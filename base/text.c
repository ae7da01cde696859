#include "base/text.h"
#include "base/buf.h"

#include <stdio.h>
#include <string.h>

/* Length of the well-formed UTF-8 sequence at s (Unicode 15, table 3-7), 0 when there is none. */
static size_t utf8_length(const unsigned char *s)
{
    if (s[0] < 0x80)
        return s[0] ? 1 : 0;
    if (s[0] >= 0xC2 && s[0] <= 0xDF)
        return (s[1] & 0xC0) == 0x80 ? 2 : 0;
    if (s[0] >= 0xE0 && s[0] <= 0xEF) {
        const unsigned char low = s[0] == 0xE0 ? 0xA0 : 0x80, high = s[0] == 0xED ? 0x9F : 0xBF;
        return s[1] >= low && s[1] <= high && (s[2] & 0xC0) == 0x80 ? 3 : 0;
    }
    if (s[0] >= 0xF0 && s[0] <= 0xF4) {
        const unsigned char low = s[0] == 0xF0 ? 0x90 : 0x80, high = s[0] == 0xF4 ? 0x8F : 0xBF;
        return s[1] >= low && s[1] <= high && (s[2] & 0xC0) == 0x80 && (s[3] & 0xC0) == 0x80 ? 4 : 0;
    }
    return 0;
}

bool vx_text_utf8(const char *s)
{
    const unsigned char *p = (const unsigned char *)s;

    while (*p) {
        const size_t n = utf8_length(p);
        if (n == 0)
            return false;
        p += n;
    }
    return true;
}

/* What would act on a terminal instead of being seen: C0 and C1 controls, line separators, and the marks that turn the
 * direction of text, with which one name can be made to look like another. s is well-formed. */
static bool is_control(const unsigned char *s)
{
    if (s[0] == 0xC2)
        return s[1] < 0xA0; /* U+0080…9F */
    if (s[0] == 0xE2 && s[1] == 0x80)
        return s[2] == 0x8E || s[2] == 0x8F || (s[2] >= 0xA8 && s[2] <= 0xAE); /* U+200E, F, U+2028…2E */
    if (s[0] == 0xE2 && s[1] == 0x81)
        return s[2] >= 0xA6 && s[2] <= 0xA9; /* U+2066…69 */
    return s[0] < 0x20 || s[0] == 0x7F;
}

static char *escape(const char *s, bool controls)
{
    struct vx_buf b = {0};
    const unsigned char *p = (const unsigned char *)s;

    vx_buf_add(&b, "", 0);
    while (*p) {
        const size_t n = utf8_length(p);
        if (n > 0 && !(controls && is_control(p))) {
            vx_buf_add(&b, p, n);
            p += n;
            continue;
        }
        if (*p == '\n')
            vx_buf_str(&b, "\\n");
        else if (*p == '\t')
            vx_buf_str(&b, "\\t");
        else
            for (size_t i = 0; i < (n ? n : 1); i++)
                vx_buf_fmt(&b, "\\x%02X", p[i]);
        p += n ? n : 1;
    }
    if (b.failed)
        vx_buf_free(&b);
    return b.data;
}

char *vx_text_to_utf8(const char *s)
{
    return escape(s, false);
}

char *vx_text_printable(const char *s)
{
    return escape(s, true);
}

void vx_text_join(char *text, size_t size, const char *more)
{
    const size_t n = strlen(text);

    snprintf(text + n, size - n, "%s%s", n > 0 ? "; " : "", more);
}

const char *vx_text_bytes(double bytes, char *out, size_t size)
{
    static const char *const unit[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    size_t u = 0;

    while (bytes >= 1000 && u + 1 < sizeof unit / sizeof *unit) {
        bytes /= 1000;
        u++;
    }
    snprintf(out, size, u && bytes < 100 ? "%.1f %s" : "%.0f %s", bytes, unit[u]);
    return out;
}

const char *vx_text_duration(double seconds, char *out, size_t size)
{
    if (seconds < 60)
        snprintf(out, size, "%.1f s", seconds);
    else if (seconds < 3600)
        snprintf(out, size, "%d min %02d s", (int)seconds / 60, (int)seconds % 60);
    else
        snprintf(out, size, "%.0f h %02d min", (seconds - (double)((long long)seconds % 3600)) / 3600,
                 (int)((long long)seconds % 3600 / 60));
    return out;
}
