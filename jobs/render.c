#include "jobs/render.h"

#include <string.h>

#define KEY "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

/* The next @KEY@ in [at, end): its first @, and the key's length into *len; NULL: none. */
static const char *next_key(const char *at, const char *end, size_t *len)
{
    for (; (at = memchr(at, '@', (size_t)(end - at))); at++) {
        *len = strspn(at + 1, KEY);
        if (*len > 0 && at[1 + *len] == '@')
            return at;
    }
    return NULL;
}

static const struct vx_render_value *find(const struct vx_render_value *values, const char *key, size_t len)
{
    for (; values->key; values++)
        if (strlen(values->key) == len && memcmp(values->key, key, len) == 0)
            return values;
    return NULL;
}

static enum vx_status line(struct vx_buf *out, const char *at, const char *end, const struct vx_render_value *values,
                           struct vx_err *err)
{
    const size_t start = out->len;
    const char *key;
    size_t len;

    while ((key = next_key(at, end, &len))) {
        const struct vx_render_value *value = find(values, key + 1, len);
        if (!value)
            return vx_fail(err, VX_EFORMAT, "there is nothing called @%.*s@", (int)len, key + 1);
        if (!value->text) {
            out->len = start;
            return VX_OK;
        }
        vx_buf_add(out, at, (size_t)(key - at));
        vx_buf_str(out, value->text);
        at = key + len + 2;
    }
    vx_buf_add(out, at, (size_t)(end - at));
    return VX_OK;
}

enum vx_status vx_render(struct vx_buf *out, const char *path, const char *template, const struct vx_render_value *values,
                         struct vx_err *err)
{
    enum vx_status rc = VX_OK;
    int number = 0;

    while (rc == VX_OK && *template) {
        const char *newline = strchr(template, '\n'), *end = newline ? newline + 1 : template + strlen(template);
        number++;
        if ((rc = line(out, template, end, values, err)) != VX_OK)
            vx_err_prefix(err, "%s:%d", path, number);
        template = end;
    }
    vx_buf_add(out, "", 0); /* ends what a line left out has left behind */
    return rc == VX_OK && out->failed ? vx_fail_nomem(err, "a batch script") : rc;
}

void vx_quote_shell(struct vx_buf *b, const char *s)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%";

    if (*s && strspn(s, plain) == strlen(s)) {
        vx_buf_str(b, s);
        return;
    }
    vx_buf_str(b, "'");
    for (; *s; s++) {
        if (*s == '\'')
            vx_buf_str(b, "'\\''");
        else
            vx_buf_add(b, s, 1);
    }
    vx_buf_str(b, "'");
}

void vx_quote_log(struct vx_buf *b, const char *s)
{
    vx_buf_str(b, "\"");
    for (; *s; s++) {
        if (*s == '"')
            vx_buf_str(b, "\\");
        vx_buf_add(b, s, 1);
        if (*s == '%')
            vx_buf_str(b, "%");
    }
    vx_buf_str(b, "\"");
}
