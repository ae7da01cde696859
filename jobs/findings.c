#include "jobs/findings.h"
#include "base/text.h"
#include "base/wrap.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS 110
#define INDENT 23 /* of the text: level and topic stand before it */

/* Formats, and cuts what is too long between two code points. */
static void put(char *out, size_t size, const char *fmt, va_list ap)
{
    char raw[2048];
    char *printable;

    vsnprintf(raw, sizeof raw, fmt, ap);
    printable = vx_text_printable(raw);
    snprintf(out, size, "%s", printable ? printable : "(no memory to say it)");
    free(printable);
    for (size_t len = strlen(out); len > 0 && !vx_text_utf8(out); len--)
        out[len - 1] = '\0';
}

void vx_found(struct vx_findings *f, const char *topic, enum vx_level level, const char *fmt, ...)
{
    va_list ap;

    assert(f->n < VX_FINDINGS_MAX);
    struct vx_finding *const next = &f->at[f->n++];
    *next = (struct vx_finding){.topic = topic, .level = level};
    va_start(ap, fmt);
    put(next->text, sizeof next->text, fmt, ap);
    va_end(ap);
}

void vx_found_remedy(struct vx_findings *f, const char *fmt, ...)
{
    va_list ap;

    assert(f->n > 0);
    va_start(ap, fmt);
    put(f->at[f->n - 1].remedy, sizeof f->at[0].remedy, fmt, ap);
    va_end(ap);
}

enum vx_level vx_findings_worst(const struct vx_findings *f)
{
    enum vx_level worst = VX_LEVEL_OK;

    for (size_t i = 0; i < f->n; i++)
        if (f->at[i].level > worst)
            worst = f->at[i].level;
    return worst;
}

size_t vx_findings_count(const struct vx_findings *f, enum vx_level level)
{
    size_t n = 0;

    for (size_t i = 0; i < f->n; i++)
        n += f->at[i].level == level;
    return n;
}

const char *vx_level_name(enum vx_level level)
{
    switch (level) {
    case VX_LEVEL_OK:
        return "ok";
    case VX_LEVEL_NOTE:
        return "note";
    case VX_LEVEL_PROBLEM:
        break;
    }
    return "problem";
}

static void print_verdict(const struct vx_findings *f, FILE *to)
{
    const size_t notes = vx_findings_count(f, VX_LEVEL_NOTE), problems = vx_findings_count(f, VX_LEVEL_PROBLEM);

    if (problems > 0)
        fprintf(to, "A scan would fail: %zu problem%s", problems, problems == 1 ? "" : "s");
    else
        fprintf(to, "A scan would run");
    if (notes > 0)
        fprintf(to, "%s %zu note%s", problems ? "," : ":", notes, notes == 1 ? "" : "s");
    fprintf(to, ".\n");
}

void vx_findings_print(const struct vx_findings *f, FILE *to)
{
    static const char *const words[] = {"OK", "NOTE", "PROBLEM"};

    for (size_t i = 0; i < f->n; i++) {
        const struct vx_finding *const one = &f->at[i];
        fprintf(to, "%-8s %-13s ", words[one->level], one->topic);
        vx_wrap(to, one->text, strlen(one->text), INDENT, INDENT, COLUMNS);
        if (one->remedy[0]) {
            fprintf(to, "\n%*s-> ", INDENT, "");
            vx_wrap(to, one->remedy, strlen(one->remedy), INDENT + 3, INDENT + 3, COLUMNS);
        }
        fputc('\n', to);
    }
    fputc('\n', to);
    print_verdict(f, to);
}

void vx_findings_json(const struct vx_findings *f, struct vx_buf *out)
{
    vx_buf_str(out, "[");
    for (size_t i = 0; i < f->n; i++) {
        const struct vx_finding *const one = &f->at[i];
        vx_buf_str(out, i ? ",\n  {\"topic\": " : "\n  {\"topic\": ");
        vx_buf_json(out, one->topic);
        vx_buf_fmt(out, ", \"level\": \"%s\", \"text\": ", vx_level_name(one->level));
        vx_buf_json(out, one->text);
        vx_buf_str(out, ", \"remedy\": ");
        if (one->remedy[0])
            vx_buf_json(out, one->remedy);
        else
            vx_buf_str(out, "null");
        vx_buf_str(out, "}");
    }
    vx_buf_str(out, "]");
}
