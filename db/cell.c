#include "db/cell.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Up to 15 digits pass through a double unchanged, and %g drops zeros at the end: a number that was written with so few
 * comes out as it went in. 17 digits are enough for any. */
static void add_exact(struct vx_buf *b, double x)
{
    char text[32];

    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, x);
        if (strtod(text, NULL) == x)
            break;
    }
    vx_buf_str(b, text);
}

/* Six digits, more before the point where it takes them to do without an exponent. */
static void add_readable(struct vx_buf *b, double x)
{
    vx_buf_fmt(b, fabs(x) >= 1e6 && fabs(x) < 1e15 ? "%.0f" : "%.6g", x);
}

static void add_real(struct vx_buf *b, double x, enum vx_query_format format)
{
    if (!isfinite(x)) /* SQLite keeps no NaN; JSON knows no infinity */
        vx_buf_str(b, format == VX_QUERY_JSON ? "null" : x > 0 ? "Inf" : "-Inf");
    else if (format == VX_QUERY_TABLE)
        add_readable(b, x);
    else
        add_exact(b, x);
}

static void add_hex(struct vx_buf *b, const unsigned char *bytes, int n)
{
    static const char digit[] = "0123456789abcdef";

    for (int i = 0; i < n; i++) {
        const char pair[] = {digit[bytes[i] >> 4], digit[bytes[i] & 15]};
        vx_buf_add(b, pair, 2);
    }
}

static void add_csv(struct vx_buf *b, const char *text)
{
    if (*text && !strpbrk(text, ",\"\r\n")) { /* empty text is quoted, to tell it from NULL */
        vx_buf_str(b, text);
        return;
    }
    vx_buf_str(b, "\"");
    for (; *text; text++)
        vx_buf_add(b, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    vx_buf_str(b, "\"");
}

static const char *tsv_escape(char c)
{
    switch (c) {
    case '\t':
        return "\\t";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\\':
        return "\\\\";
    }
    return NULL;
}

static void add_tsv(struct vx_buf *b, const char *text)
{
    for (; *text; text++) {
        const char *const escape = tsv_escape(*text);
        vx_buf_add(b, escape ? escape : text, escape ? 2 : 1);
    }
}

/* text: valid UTF-8. */
static void add_clean(struct vx_buf *b, const char *text, enum vx_query_format format)
{
    switch (format) {
    case VX_QUERY_TABLE:
        vx_buf_str(b, text);
        break;
    case VX_QUERY_CSV:
        add_csv(b, text);
        break;
    case VX_QUERY_TSV:
        add_tsv(b, text);
        break;
    case VX_QUERY_JSON:
        vx_buf_json(b, text);
        break;
    }
}

/* n bytes, followed by a NUL. Bytes that are no UTF-8, and NUL, become \xHH. */
static void add_text(struct vx_buf *b, const char *text, size_t n, enum vx_query_format format)
{
    struct vx_buf clean = {0};

    if (format != VX_QUERY_TABLE && strlen(text) == n && vx_text_utf8(text)) {
        add_clean(b, text, format);
        return;
    }
    while (!clean.failed) {
        const size_t length = strlen(text); /* up to a NUL in the text, or its end */
        char *const part = format == VX_QUERY_TABLE ? vx_text_printable(text) : vx_text_to_utf8(text);
        if (part)
            vx_buf_str(&clean, part);
        clean.failed |= !part;
        free(part);
        if (length >= n)
            break;
        vx_buf_str(&clean, "\\x00");
        text += length + 1;
        n -= length + 1;
    }
    if (clean.failed)
        b->failed = true;
    else
        add_clean(b, clean.data, format);
    vx_buf_free(&clean);
}

void vx_cell_add(struct vx_buf *b, sqlite3_stmt *stmt, int column, enum vx_query_format format)
{
    const bool json = format == VX_QUERY_JSON;
    const char *text;

    switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_NULL:
        vx_buf_str(b, json ? "null" : "");
        break;
    case SQLITE_INTEGER:
        vx_buf_fmt(b, "%lld", (long long)sqlite3_column_int64(stmt, column));
        break;
    case SQLITE_FLOAT:
        add_real(b, sqlite3_column_double(stmt, column), format);
        break;
    case SQLITE_BLOB:
        vx_buf_str(b, json ? "\"" : "");
        add_hex(b, sqlite3_column_blob(stmt, column), sqlite3_column_bytes(stmt, column));
        vx_buf_str(b, json ? "\"" : "");
        break;
    default:
        text = (const char *)sqlite3_column_text(stmt, column);
        if (text)
            add_text(b, text, (size_t)sqlite3_column_bytes(stmt, column), format);
        else
            b->failed = true;
    }
}

void vx_cell_add_name(struct vx_buf *b, sqlite3_stmt *stmt, int column, enum vx_query_format format)
{
    const char *const name = sqlite3_column_name(stmt, column);

    if (name)
        add_text(b, name, strlen(name), format);
    else
        b->failed = true;
}

enum vx_status vx_cell_flush(struct vx_buf *b, FILE *to, struct vx_err *err)
{
    if (b->failed)
        return vx_fail_nomem(err, "a row");
    if (b->len && fwrite(b->data, 1, b->len, to) != b->len)
        return vx_fail_sys(err, "write the rows");
    vx_buf_reset(b);
    return VX_OK;
}
