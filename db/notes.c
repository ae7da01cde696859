#include "db/notes.h"
#include "base/buf.h"
#include "db/query.h"

#include <string.h>

/* The schema is text of ours: a statement begins a line, a column has a line, comments are "-- ..." up to the line's end, and go
 * on in lines that hold nothing else; or one pair of slash-star behind an ADD COLUMN. */
struct reader {
    void (*each)(void *ctx, const struct vx_schema_note *note);
    void *ctx;
    char table[64], column[64]; /* of the note that is being read; table "": none */
    bool view;
    struct vx_buf text;
};

/* The word at p into out, without "main."; what follows it. */
static const char *take_word(const char *p, char out[64])
{
    size_t n = 0;

    p += strspn(p, " ");
    if (strncmp(p, "main.", 5) == 0)
        p += 5;
    for (; *p && !strchr(" ;(\n", *p); p++)
        if (n < 63)
            out[n++] = *p;
    out[n] = '\0';
    return p;
}

static void tell(struct reader *r)
{
    if (*r->table && !r->text.failed)
        r->each(r->ctx, &(struct vx_schema_note){.table = r->table, .column = *r->column ? r->column : NULL,
                                                 .text = r->text.len > 0 ? r->text.data : "", .view = r->view});
    vx_buf_reset(&r->text);
    *r->column = '\0';
}

static void add_comment(struct reader *r, const char *from, const char *to)
{
    while (from < to && *from == ' ')
        from++;
    while (to > from && to[-1] == ' ')
        to--;
    if (r->text.len > 0 && to > from)
        vx_buf_str(&r->text, " ");
    vx_buf_add(&r->text, from, (size_t)(to - from));
}

/* What "--" or slash-star begins in the line. */
static void read_comment(struct reader *r, const char *line, const char *end)
{
    const char *dashes = memmem(line, (size_t)(end - line), "--", 2), *star = memmem(line, (size_t)(end - line), "/*", 2);

    if (star && (!dashes || star < dashes)) {
        const char *close = memmem(star, (size_t)(end - star), "*/", 2);
        add_comment(r, star + 2, close ? close : end);
    } else if (dashes) {
        add_comment(r, dashes + 2, end);
    }
}

static void read_line(struct reader *r, const char *line, const char *end, bool *in_table, bool *in_view)
{
    const char *const word = line + strspn(line, " ");

    if (strncmp(line, "CREATE TABLE ", 13) == 0 || strncmp(line, "CREATE VIEW ", 12) == 0) {
        tell(r);
        *in_table = line[7] == 'T';
        *in_view = r->view = !*in_table;
        take_word(strchr(line + 7, ' '), r->table);
    } else if (strncmp(line, "ALTER TABLE ", 12) == 0) {
        tell(r);
        const char *p = take_word(line + 12, r->table);
        r->view = false;
        take_word(p + strlen(" ADD COLUMN"), r->column);
    } else if (word[0] == '-' && word[1] == '-') {
        ; /* goes on with what was said */
    } else if (*in_table && word == line + 4 && word[0] >= 'a' && word[0] <= 'z') {
        tell(r);
        take_word(word, r->column);
    } else {
        *in_table = *in_table && *line == ' ';
        *in_view = false;
        return;
    }
    if (*in_table || *in_view || *line == 'A')
        read_comment(r, line, end);
}

enum vx_status vx_schema_notes(void (*each)(void *ctx, const struct vx_schema_note *note), void *ctx, struct vx_err *err)
{
    struct reader r = {.each = each, .ctx = ctx};
    bool in_table = false, in_view = false;

    for (const char *line = vx_schema_sql(); *line;) {
        const size_t n = strcspn(line, "\n");
        read_line(&r, line, line + n, &in_table, &in_view);
        line += n + (line[n] == '\n');
    }
    tell(&r);
    const bool failed = r.text.failed;
    vx_buf_free(&r.text);
    return failed ? vx_fail_nomem(err, "the schema's comments") : VX_OK;
}
