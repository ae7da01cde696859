#include "io/table.h"
#include "base/mem.h"
#include "io/path.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define CHUNK (32u << 10) /* bytes read at once */

struct vx_table {
    gzFile gz; /* reads what is not gzip as it is */
    char delimiter;
    char *buf;         /* owned [cap], as long as the longest row needs: unread bytes are start … end-1; one byte is spare for a NUL */
    size_t cap;
    size_t start, end;
    int64_t line;      /* at start, from 1 */
    bool begun;        /* the first bytes have been looked at */
    bool eof;          /* nothing comes after end */
    struct vx_err bad; /* why the file ends at `end` although it should not; status VX_OK: it does not */
    char **cells;      /* owned [cap_cells] */
    size_t n_cells, cap_cells;
};

enum vx_status vx_table_open(struct vx_table **out, const char *path, char delimiter, struct vx_err *err)
{
    struct vx_table *t = NULL;
    enum vx_status rc = VX_OK;
    int fd;

    *out = NULL;
    if ((fd = vx_path_open(path, 0)) < 0) {
        rc = vx_fail_sys(err, "cannot open");
        goto done;
    }
    t = vx_calloc(1, sizeof *t);
    if (!t || !(t->buf = malloc(t->cap = 2 * CHUNK)) || !(t->gz = gzdopen(fd, "rb"))) {
        rc = vx_fail_nomem(err, "a manifest's buffer");
        goto done;
    }
    fd = -1;
    gzbuffer(t->gz, CHUNK);
    t->delimiter = delimiter;
    t->line = 1;
    *out = t;
    t = NULL;
done:
    if (fd >= 0)
        close(fd);
    vx_table_close(&t);
    return rc;
}

void vx_table_close(struct vx_table **table)
{
    struct vx_table *t = *table;

    if (!t)
        return;
    if (t->gz)
        gzclose(t->gz);
    free(t->buf);
    free(t->cells);
    free(t);
    *table = NULL;
}

/* More bytes behind `end`, or eof. What is before start is given up. */
static void fill(struct vx_table *t)
{
    int got, error = Z_OK;
    const char *why, *named;

    memmove(t->buf, t->buf + t->start, t->end - t->start);
    t->end -= t->start;
    t->start = 0;
    if (t->cap - 1 - t->end < CHUNK) { /* the row is long: it ends within VX_TABLE_MAX_ROW, or is given up */
        char *const more = realloc(t->buf, 2 * t->cap);
        if (!more) {
            vx_fail_nomem(&t->bad, "a long row");
            t->eof = true;
            return;
        }
        t->buf = more;
        t->cap *= 2;
    }
    got = gzread(t->gz, t->buf + t->end, (unsigned)(t->cap - 1 - t->end));
    if (got > 0)
        t->end += (size_t)got;
    why = gzerror(t->gz, &error);
    if ((named = strstr(why, ">: ")) != NULL)
        why = named + 3; /* "<fd:7>: unexpected end of file" */
    if (error == Z_ERRNO)
        vx_fail_sys(&t->bad, "cannot be read further");
    else if (error == Z_MEM_ERROR)
        vx_fail_nomem(&t->bad, "unpacking");
    else if (error != Z_OK && error != Z_STREAM_END)
        vx_fail(&t->bad, VX_ESYS, "the gzip stream breaks off: %s", why);
    t->eof = got <= 0 || t->bad.status != VX_OK;
}

/* The byte order mark, if there is one. */
static void begin(struct vx_table *t)
{
    t->begun = true;
    while (!t->eof && t->end < 3)
        fill(t);
    if (t->end >= 3 && memcmp(t->buf, "\xEF\xBB\xBF", 3) == 0)
        t->start = 3;
    if (t->end >= 2 && (memcmp(t->buf, "\xFF\xFE", 2) == 0 || memcmp(t->buf, "\xFE\xFF", 2) == 0)) {
        vx_fail(&t->bad, VX_EUNSUPPORTED, "is UTF-16 text: save it as UTF-8");
        t->start = t->end;
        t->eof = true;
    }
}

/* Over the first line at start, however long it is. */
static void skip_line(struct vx_table *t)
{
    for (;;) {
        const char *lf = t->end > t->start ? memchr(t->buf + t->start, '\n', t->end - t->start) : NULL;
        if (lf) {
            t->start = (size_t)(lf - t->buf) + 1;
            t->line++;
            return;
        }
        t->start = t->end;
        if (t->eof)
            return;
        fill(t);
    }
}

/* Where a row stands as its bytes go by. */
enum state { CELL_START, PLAIN, QUOTED, QUOTE_IN_QUOTED, CR_BEHIND_QUOTE, ROW_END, BROKEN };

static enum state step(enum state state, char c, char delimiter)
{
    if (c == '\n' && state != QUOTED)
        return ROW_END;
    if (delimiter == '\0')
        return PLAIN;
    switch (state) {
    case CELL_START:
        return c == '"' ? QUOTED : c == delimiter ? CELL_START : PLAIN;
    case PLAIN:
        return c == delimiter ? CELL_START : PLAIN;
    case QUOTED:
        return c == '"' ? QUOTE_IN_QUOTED : QUOTED;
    case QUOTE_IN_QUOTED:
        return c == '"' ? QUOTED : c == delimiter ? CELL_START : c == '\r' ? CR_BEHIND_QUOTE : BROKEN;
    case CR_BEHIND_QUOTE:
    case ROW_END:
    case BROKEN:
        break;
    }
    return BROKEN;
}

/* The length of the row at start, without its LF; *whole is false when the file breaks off within it. */
static enum vx_status measure(struct vx_table *t, size_t *len, bool *whole, struct vx_err *err)
{
    enum state state = CELL_START;
    size_t n = 0;

    *whole = true;
    for (;; n++) {
        if (n > VX_TABLE_MAX_ROW)
            return vx_fail(err, VX_EFORMAT, state == QUOTED ? "a quote that is not closed within %u bytes"
                                                            : "longer than %u bytes", VX_TABLE_MAX_ROW);
        if (t->start + n == t->end && !t->eof)
            fill(t);
        if (t->start + n == t->end)
            break;
        state = step(state, t->buf[t->start + n], t->delimiter);
        if (state == ROW_END)
            break;
        if (state == BROKEN)
            return vx_fail(err, VX_EFORMAT, "text behind a closing quote (a quote within quotes is doubled)");
    }
    *len = n;
    *whole = state == ROW_END || t->bad.status == VX_OK;
    if (state == QUOTED && *whole)
        return vx_fail(err, VX_EFORMAT, "a quote that is not closed");
    if (memchr(t->buf + t->start, '\0', n))
        return vx_fail(err, VX_EFORMAT, "a NUL byte");
    return VX_OK;
}

/* Cuts the measured row into cells, where it stands. */
static enum vx_status split(struct vx_table *t, size_t len, struct vx_err *err)
{
    char *p = t->buf + t->start, *end = p + len;

    if (end > p && end[-1] == '\r')
        end--;
    *end = '\0'; /* the LF, the CR before it, or the spare byte at the end of the file */
    t->n_cells = 0;
    for (;; p++) {
        void *cells = t->cells;
        if (vx_grow(&cells, &t->cap_cells, t->n_cells + 1, sizeof *t->cells) < 0)
            return vx_fail_nomem(err, "a row's cells");
        t->cells = cells;
        t->cells[t->n_cells++] = p;
        if (t->delimiter && *p == '"') {
            char *to = p++;
            for (; *p != '"' || p[1] == '"'; p++) {
                p += *p == '"';
                *to++ = *p;
            }
            p++; /* now at the delimiter or the end */
            if (p == end) {
                *to = '\0';
                return VX_OK;
            }
            *to = '\0';
        } else {
            while (p < end && (!t->delimiter || *p != t->delimiter))
                p++;
            if (p == end)
                return VX_OK;
            *p = '\0';
        }
    }
}

static int64_t count_lines(const char *p, size_t n)
{
    int64_t lines = 0;

    for (const char *end = p + n; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
        lines++;
    return lines;
}

enum vx_status vx_table_next(struct vx_table *t, struct vx_row *row, struct vx_err *err)
{
    enum vx_status rc;
    size_t len = 0, used;
    bool whole = false;

    if (!t->begun)
        begin(t);
    for (;;) {
        *row = (struct vx_row){.line = t->line};
        if (t->start == t->end && !t->eof)
            fill(t);
        if (t->start == t->end && t->eof) {
            rc = t->bad.status;
            t->bad.status = VX_OK;
            return rc == VX_OK ? VX_DONE : vx_fail(err, rc, "%s", t->bad.text);
        }
        if ((rc = measure(t, &len, &whole, err)) != VX_OK) {
            skip_line(t);
            return rc;
        }
        if (!whole) { /* the rest of a stream that breaks off */
            t->start = t->end;
            continue;
        }
        used = len + (t->start + len < t->end); /* with its LF */
        const int64_t lines = count_lines(t->buf + t->start, used);
        if ((rc = split(t, len, err)) != VX_OK)
            return rc;
        t->start += used;
        t->line += lines;
        if (t->n_cells > 1 || t->cells[0][0] != '\0')
            break;
    }
    row->cells = t->cells;
    row->n = t->n_cells;
    return VX_OK;
}
