#include "jobs/verify_report.h"
#include "base/buf.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* Bytes as valid UTF-8; with control characters for one line on a terminal or none. */
static void add_text(struct vx_buf *b, const char *text, bool printable)
{
    char *const s = printable ? vx_text_printable(text) : vx_text_to_utf8(text);

    if (s)
        vx_buf_str(b, s);
    else
        b->failed = true;
    free(s);
}

/* RFC 4180; text NULL: an empty cell. */
static void add_cell(struct vx_buf *b, const char *text, bool last)
{
    char *const s = text ? vx_text_to_utf8(text) : NULL;

    if (text && !s)
        b->failed = true;
    if (s && strpbrk(s, ",\"\r\n")) {
        vx_buf_str(b, "\"");
        for (const char *c = s; *c; c++)
            vx_buf_fmt(b, *c == '"' ? "\"\"" : "%c", *c);
        vx_buf_str(b, "\"");
    } else {
        vx_buf_str(b, s ? s : "");
    }
    vx_buf_str(b, last ? "\n" : ",");
    free(s);
}

static void add_member(struct vx_buf *b, const char *name, const char *value)
{
    char *const s = value ? vx_text_to_utf8(value) : NULL;

    vx_buf_fmt(b, ", \"%s\": ", name);
    if (value && !s)
        b->failed = true;
    if (s)
        vx_buf_json(b, s);
    else
        vx_buf_str(b, "null");
    free(s);
}

/* Writes b and frees it. */
static enum vx_status put(struct vx_verify_report *r, struct vx_buf *b, struct vx_err *err)
{
    enum vx_status rc = VX_OK;

    if (b->failed)
        rc = vx_fail_nomem(err, "the report");
    else if (b->len > 0 && fwrite(b->data, 1, b->len, r->to) != b->len)
        rc = vx_fail_sys(err, "write the report");
    vx_buf_free(b);
    return rc;
}

void vx_verify_report_begin(struct vx_verify_report *r, const char *db, const struct vx_contents_count *count)
{
    char *const name = vx_text_to_utf8(db);
    struct vx_buf b = {0};

    if (r->format == VX_VERIFY_TEXT) {
        char *const shown = vx_text_printable(db);
        fprintf(r->to, "database    %s: sound, %lld items, %lld with a hash%s\n", shown ? shown : "?", (long long)count->items,
                (long long)count->hashed, count->runs > 0 && count->custody == count->runs ? ", SHA-256 all (--custody)" : "");
        free(shown);
    } else if (r->format == VX_VERIFY_CSV) {
        fprintf(r->to, "item,result,path,member,stored,found,why\n");
    } else if (r->format == VX_VERIFY_JSON) {
        vx_buf_json(&b, name ? name : "?");
        fprintf(r->to, "{\"database\": %s, \"items\": %lld, \"custody\": %s, \"differences\": [", b.data ? b.data : "null",
                (long long)count->items, count->runs > 0 && count->custody == count->runs ? "true" : "false");
    }
    vx_buf_free(&b);
    free(name);
}

/* "changed     a.wav: sha256:…, was sha256:…" */
static void add_line(struct vx_buf *b, const struct vx_finding *f)
{
    vx_buf_fmt(b, "%-12s", vx_verified_name(f->what));
    const size_t name = b->len;
    add_text(b, f->path, true);
    if (f->item->member) {
        vx_buf_str(b, ", ");
        add_text(b, f->item->member, true);
    }
    const size_t len = b->len - name;
    if (f->what == VX_VERIFIED_CHANGED && f->found)
        vx_buf_fmt(b, ": %s, was %s", f->found, f->stored);
    if (f->why && (f->what != VX_VERIFIED_MISSING || f->item->member)) {
        vx_buf_str(b, ": ");
        /* what a reader says begins with the name */
        const bool named = !b->failed && strncmp(f->why, b->data + name, len) == 0 && strncmp(f->why + len, ": ", 2) == 0;
        add_text(b, named ? f->why + len + 2 : f->why, true);
    }
    vx_buf_str(b, "\n");
}

enum vx_status vx_verify_report_finding(void *user, const struct vx_finding *f, struct vx_err *err)
{
    struct vx_verify_report *const r = user;
    struct vx_buf b = {0};

    switch (r->format) {
    case VX_VERIFY_TEXT:
        add_line(&b, f);
        break;
    case VX_VERIFY_CSV:
        vx_buf_fmt(&b, "%lld,%s,", (long long)f->item->id, vx_verified_name(f->what));
        add_cell(&b, f->path, false);
        add_cell(&b, f->item->member, false);
        add_cell(&b, f->stored, false);
        add_cell(&b, f->found, false);
        add_cell(&b, f->why, true);
        break;
    case VX_VERIFY_JSON:
        vx_buf_fmt(&b, "%s\n  {\"item\": %lld, \"result\": \"%s\"", r->n > 0 ? "," : "", (long long)f->item->id, vx_verified_name(f->what));
        add_member(&b, "path", f->path);
        add_member(&b, "member", f->item->member);
        add_member(&b, "stored", f->stored);
        add_member(&b, "found", f->found);
        add_member(&b, "why", f->why);
        vx_buf_str(&b, "}");
        break;
    }
    r->n++;
    return put(r, &b, err);
}

static void add_model_line(struct vx_buf *b, const struct vx_verify_model *m)
{
    vx_buf_str(b, "model       ");
    add_text(b, m->path ? m->path : "(unnamed)", true);
    switch (m->what) {
    case VX_VERIFIED_EQUAL:
        vx_buf_fmt(b, ": equal, sha256 %.12s", m->stored);
        break;
    case VX_VERIFIED_CHANGED:
        vx_buf_fmt(b, ": changed: sha256 %s, was %s", m->found, m->stored);
        break;
    case VX_VERIFIED_MISSING:
        vx_buf_str(b, ": not there, not checked: if it is elsewhere, name it by --model");
        break;
    case VX_VERIFIED_UNREADABLE:
        vx_buf_str(b, ": unreadable: ");
        add_text(b, m->why ? m->why : "?", true);
        break;
    case VX_VERIFIED_NOT_HASHED:
    case VX_VERIFIED_COUNT:
        vx_buf_str(b, ": its hash is not known, not checked");
        break;
    }
    vx_buf_fmt(b, "\nprogram     %s%s\n", m->revision ? "revision " : "its revision is not known", m->revision ? m->revision : "");
}

enum vx_status vx_verify_report_model(struct vx_verify_report *r, const struct vx_verify_model *m, struct vx_err *err)
{
    struct vx_buf b = {0};

    switch (r->format) {
    case VX_VERIFY_TEXT:
        add_model_line(&b, m);
        break;
    case VX_VERIFY_CSV: /* a row without an item */
        vx_buf_fmt(&b, ",model %s,", vx_verified_name(m->what));
        add_cell(&b, m->path, false);
        add_cell(&b, NULL, false);
        add_cell(&b, m->stored, false);
        add_cell(&b, m->found, false);
        add_cell(&b, m->why, true);
        break;
    case VX_VERIFY_JSON:
        vx_buf_fmt(&b, "%s{\"result\": \"%s\"", r->models > 0 ? ",\n  " : "\n], \"models\": [\n  ", vx_verified_name(m->what));
        add_member(&b, "path", m->path);
        add_member(&b, "stored", m->stored);
        add_member(&b, "found", m->found);
        add_member(&b, "revision", m->revision);
        add_member(&b, "why", m->why);
        vx_buf_str(&b, "}");
        break;
    }
    r->models++;
    return put(r, &b, err);
}

enum vx_status vx_verify_report_end(struct vx_verify_report *r, const struct vx_verify_progress *progress, struct vx_err *err)
{
    struct vx_buf b = {0};

    if (r->format == VX_VERIFY_TEXT) {
        vx_buf_fmt(&b, "items       %lld", (long long)atomic_load(&progress->items));
        for (int i = 0; i < VX_VERIFIED_COUNT; i++)
            vx_buf_fmt(&b, "%s %lld %s", i ? "," : ":", (long long)atomic_load(&progress->counts[i]), vx_verified_name((enum vx_verified)i));
        vx_buf_str(&b, "\n");
    } else if (r->format == VX_VERIFY_JSON) {
        vx_buf_str(&b, r->models > 0 ? "\n], \"counts\": {" : "\n], \"models\": [], \"counts\": {");
        for (int i = 0; i < VX_VERIFIED_COUNT; i++)
            vx_buf_fmt(&b, "%s\"%s\": %lld", i ? ", " : "", vx_verified_name((enum vx_verified)i),
                       (long long)atomic_load(&progress->counts[i]));
        vx_buf_str(&b, "}}\n");
    }
    const enum vx_status rc = put(r, &b, err);
    if (rc == VX_OK && fflush(r->to) != 0)
        return vx_fail_sys(err, "write the report");
    return rc;
}
