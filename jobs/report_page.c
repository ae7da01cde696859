#include "jobs/report_page.h"
#include "base/base64.h"
#include "base/sha256.h"
#include "embed/report_css.h"
#include "embed/report_html.h"
#include "embed/report_js.h"
#include "embed/report_marks_js.h"
#include "embed/report_summary_js.h"
#include "embed/report_table_js.h"
#include "embed/report_timeline_js.h"

#include <string.h>

/* The parts of the page's one script, in order. */
static const struct {
    const unsigned char *text;
    const size_t *size;
} script[] = {
    {vx_embed_report_js, &vx_embed_report_js_size},
    {vx_embed_report_summary_js, &vx_embed_report_summary_js_size},
    {vx_embed_report_marks_js, &vx_embed_report_marks_js_size},
    {vx_embed_report_timeline_js, &vx_embed_report_timeline_js_size},
    {vx_embed_report_table_js, &vx_embed_report_table_js_size},
};

void vx_report_page_text(FILE *to, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '<':
            fputs("&lt;", to);
            break;
        case '>':
            fputs("&gt;", to);
            break;
        case '&':
            fputs("&amp;", to);
            break;
        case '"':
            fputs("&quot;", to);
            break;
        case '\'':
            fputs("&#39;", to);
            break;
        default:
            fputc(*text, to);
        }
    }
}

static int nibble(char digit)
{
    return digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

/* "'sha256-…'" of an element's content, for the policy (CSP level 2, hash-source). */
static enum vx_status add_hash(struct vx_buf *policy, const unsigned char *content, size_t n, struct vx_err *err)
{
    char hex[VX_SHA256_HEX];
    unsigned char digest[32];
    const enum vx_status rc = vx_sha256_bytes(content, n, hex, err);

    if (rc != VX_OK)
        return rc;
    for (size_t i = 0; i < sizeof digest; i++)
        digest[i] = (unsigned char)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
    vx_buf_str(policy, "'sha256-");
    vx_base64_add(policy, digest, sizeof digest);
    vx_buf_str(policy, "'");
    return VX_OK;
}

static enum vx_status make_policy(struct vx_buf *policy, struct vx_err *err)
{
    struct vx_buf whole = {0};
    enum vx_status rc;

    vx_buf_str(policy, "default-src 'none'; base-uri 'none'; form-action 'none'; media-src data:; style-src ");
    if ((rc = add_hash(policy, vx_embed_report_css, vx_embed_report_css_size, err)) != VX_OK)
        return rc;
    vx_buf_str(policy, "; script-src ");
    for (size_t i = 0; i < sizeof script / sizeof *script; i++)
        vx_buf_add(&whole, script[i].text, *script[i].size);
    if (!whole.failed)
        rc = add_hash(policy, (const unsigned char *)whole.data, whole.len, err);
    if (rc == VX_OK && (whole.failed || policy->failed))
        rc = vx_fail_nomem(err, "the report");
    vx_buf_free(&whole);
    return rc;
}

enum vx_status vx_report_page_begin(FILE *to, const char *title, struct vx_err *err)
{
    struct vx_buf policy = {0};
    const enum vx_status rc = make_policy(&policy, err);

    if (rc == VX_OK) {
        fprintf(to, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" "
                    "content=\"%s\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                    "<meta name=\"referrer\" content=\"no-referrer\">\n<title>Voxtrawl: ",
                policy.data);
        vx_report_page_text(to, title);
        fputs("</title>\n<style>", to);
        fwrite(vx_embed_report_css, 1, vx_embed_report_css_size, to);
        fputs("</style>\n</head>\n<body>\n", to);
        fwrite(vx_embed_report_html, 1, vx_embed_report_html_size, to);
        fputs("<script type=\"application/json\" id=\"data\">{", to);
    }
    vx_buf_free(&policy);
    return rc;
}

void vx_report_page_end(FILE *to)
{
    fputs("}</script>\n<script>", to);
    for (size_t i = 0; i < sizeof script / sizeof *script; i++)
        fwrite(script[i].text, 1, *script[i].size, to);
    fputs("</script>\n</body>\n</html>\n", to);
}
