#include "jobs/scan_record.h"
#include "base/text.h"
#include "jobs/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESULT_VERSION 1 /* raise when Voxtrawl itself starts to score differently */

static void add_input(struct vx_buf *b, const char *text)
{
    char *utf8 = vx_text_to_utf8(text);

    if (!utf8) {
        b->failed = true;
        return;
    }
    vx_buf_json(b, utf8);
    free(utf8);
}

/* Digest of what the profile does: not of what it is called, nor of operating points that were not chosen. */
static enum vx_status hash_front_end(const struct vx_profile *profile, char hex[VX_SHA256_HEX], struct vx_err *err)
{
    struct vx_profile nameless = *profile;
    char *json;
    enum vx_status rc;

    nameless.name[0] = nameless.description[0] = nameless.calibrated_on[0] = '\0';
    nameless.high_precision = nameless.high_recall = (struct vx_operating_point){0};
    json = vx_profile_json(&nameless);
    rc = json ? vx_sha256_bytes(json, strlen(json), hex, err) : vx_fail_nomem(err, "the run's record");
    free(json);
    return rc;
}

/* The part that decides scores. The same bytes on every rank and host, or they do not belong together. */
static enum vx_status add_decisive(struct vx_buf *b, const struct vx_scan_options *o, const struct vx_scanner *s,
                                   struct vx_err *err)
{
    const struct vx_window_rule rule = vx_scan_rule(o, &s->profile);
    char profile[VX_SHA256_HEX];
    enum vx_status rc = hash_front_end(&s->profile, profile, err);

    if (rc != VX_OK)
        return rc;
    vx_buf_fmt(b, "\"result_version\": %d, \"model\": \"%s\", \"image_size\": %d, \"layer_norm_eps\": %.9g, \"profile\": \"%s\"",
               RESULT_VERSION, s->model_sha256, s->engine->image_size, (double)s->layer_norm_eps, profile);
    vx_buf_fmt(b, ", \"labels\": %s", s->labels_json);
    vx_buf_fmt(b, ", \"processor\": [%d, %d, %.17g, %d, %d, %.17g, %d", s->processor.do_resize,
               s->processor.shortest_edge, s->processor.crop_pct, (int)s->processor.resample, s->processor.do_rescale,
               s->processor.rescale_factor, s->processor.do_normalize);
    for (int c = 0; c < 3; c++)
        vx_buf_fmt(b, ", %.9g, %.9g", (double)s->processor.mean[c], (double)s->processor.std[c]);
    vx_buf_fmt(b, "], \"window_s\": %.17g, \"hop_s\": %.17g, \"min_sound_s\": %.17g, \"silence_dbfs\": %.17g",
               rule.window_seconds, rule.hop_seconds, rule.min_seconds, rule.silence_dbfs);
    vx_buf_fmt(b, ", \"channels\": \"%s\"", vx_channels_name(o->channels));
    vx_buf_fmt(b, ", \"real_below\": %.17g, \"fake_from\": %.17g", s->profile.real_below, s->profile.fake_from);
    vx_buf_fmt(b, ", \"engine\": \"%s\", \"precision\": \"%s\", \"decoders\": \"", s->engine->ops->name,
               vx_precision_name(s->engine->precision));
    vx_version_decoders(b);
    vx_buf_str(b, "\"");
    return b->failed ? vx_fail_nomem(err, "the run's record") : VX_OK;
}

enum vx_status vx_scan_record_command(struct vx_scan_record *r, int argc, char **argv, struct vx_err *err)
{
    vx_buf_reset(&r->command);
    vx_buf_str(&r->command, "voxtrawl");
    for (int i = 0; i < argc; i++) {
        char *word = vx_text_printable(argv[i]);
        if (!word)
            return vx_fail_nomem(err, "the run's record");
        const bool plain = word[0] && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                                   "_-+=./,:@%") == strlen(word);
        vx_buf_fmt(&r->command, plain ? " %s" : " '%s'", word);
        free(word);
    }
    return r->command.failed ? vx_fail_nomem(err, "the run's record") : VX_OK;
}

enum vx_status vx_scan_record_fill(struct vx_scan_record *r, const struct vx_scan_options *o,
                                   const struct vx_scanner *s, struct vx_err *err)
{
    enum vx_status rc;

    vx_buf_reset(&r->decisive);
    if ((rc = add_decisive(&r->decisive, o, s, err)) != VX_OK ||
        (rc = vx_sha256_bytes(r->decisive.data, r->decisive.len, r->fingerprint, err)) != VX_OK)
        return rc;
    vx_buf_reset(&r->config_json);
    vx_buf_fmt(&r->config_json, "{%s", r->decisive.data);
    vx_buf_fmt(&r->config_json, ", \"verdict_by\": \"%s\"", s->verdict_by);
    r->content = o->hash.of == VX_HASH_NONE ? "none" : o->hash.of == VX_HASH_PCM ? "pcm-xxh3" : o->hash.sha256 ? "sha256" : "xxh3";
    vx_buf_fmt(&r->config_json, ", \"hash\": \"%s\"%s", r->content, o->dedupe ? ", \"dedupe\": true" : "");
    if (o->part.of)
        vx_buf_fmt(&r->config_json, ", \"part\": [%u, %u]", o->part.number, o->part.of);
    vx_buf_fmt(&r->config_json, ", \"batch\": %d, \"lease\": %ld, \"max_member_mib\": %ld, \"archive_depth\": %ld, ", s->batch,
               o->lease, o->max_member_mib, o->archive_depth);
    vx_buf_fmt(&r->config_json, "\"decode_in\": \"%s\", \"sandbox\": \"%s\", \"decode_timeout_s\": %g, \"decode_memory_mib\": %ld, "
               "\"inputs\": [", o->decode_in, o->sandbox, o->decode_timeout, vx_scan_decode_memory(o));
    for (int i = 0; i < o->n_inputs; i++) {
        if (i)
            vx_buf_str(&r->config_json, ", ");
        add_input(&r->config_json, o->inputs[i]);
    }
    vx_buf_str(&r->config_json, "]}");
    vx_version_json(&r->versions_json);
    if (r->config_json.failed || r->versions_json.failed)
        return vx_fail_nomem(err, "the run's record");
    return VX_OK;
}

struct member { /* "name": value of a JSON object, within its text */
    const char *name, *value;
    int name_len, value_len;
};

/* The member at text, which is not at its end; returns where the next one starts. */
static const char *next_member(const char *text, struct member *m)
{
    const char *p = text;
    bool quoted = false;
    int depth = 0;

    *m = (struct member){.name = text, .value = text};
    for (; *p && (quoted || depth > 0 || *p != ','); p++) {
        if (*p == '\\' && quoted && p[1])
            p++;
        else if (*p == '"')
            quoted = !quoted;
        else if (!quoted && (*p == '[' || *p == '{' || *p == ']' || *p == '}'))
            depth += *p == '[' || *p == '{' ? 1 : -1;
        else if (!quoted && depth == 0 && *p == ':' && m->value == text)
            m->value = p + 1;
    }
    m->name += strspn(m->name, " \"");
    m->name_len = (int)strcspn(m->name, "\"");
    m->value += strspn(m->value, " ");
    m->value_len = (int)(p - m->value);
    return *p ? p + 1 : p;
}

static bool find_member(const char *text, const struct member *named, struct member *m)
{
    while (*text) {
        text = next_member(text, m);
        if (m->name_len == named->name_len && strncmp(m->name, named->name, (size_t)m->name_len) == 0)
            return true;
    }
    return false;
}

/* As much of a value as tells it from another: a digest's beginning. */
static int shown(const struct member *m)
{
    enum { DIGEST = 64 + 2, SHOWN = 60 };

    return m->value_len == DIGEST ? 1 + 12 : m->value_len < SHOWN ? m->value_len : SHOWN;
}

bool vx_scan_record_differences(const char *old, const char *now, char *out, size_t size)
{
    struct member a, b;
    size_t at = 0;

    if (size > 0)
        out[0] = '\0';
    for (const char *p = now; *p;) {
        p = next_member(p, &b);
        const bool there = find_member(old, &b, &a);
        if (there && a.value_len == b.value_len && strncmp(a.value, b.value, (size_t)a.value_len) == 0)
            continue;
        if (at < size)
            at += (size_t)snprintf(out + at, size - at, "%s%.*s %.*s -> %.*s", at ? ", " : "", b.name_len, b.name,
                                   there ? shown(&a) : 7, there ? a.value : "unknown", shown(&b), b.value);
    }
    for (const char *p = old; *p;) {
        p = next_member(p, &a);
        if (!find_member(now, &a, &b) && at < size)
            at += (size_t)snprintf(out + at, size - at, "%s%.*s %.*s -> unknown", at ? ", " : "", a.name_len, a.name, shown(&a),
                                   a.value);
    }
    return at > 0;
}

void vx_scan_record_free(struct vx_scan_record *r)
{
    vx_buf_free(&r->decisive);
    vx_buf_free(&r->command);
    vx_buf_free(&r->config_json);
    vx_buf_free(&r->versions_json);
}

struct vx_run vx_scan_record_run(const struct vx_scan_record *r, const struct vx_scan_options *o,
                                 const struct vx_scanner *s)
{
    const struct vx_window_rule rule = vx_scan_rule(o, &s->profile);
    const char *slash = strrchr(s->model_path, '/');

    return (struct vx_run){
        .uuid = r->uuid,
        .fingerprint = r->fingerprint,
        .started = r->started,
        .state = "running",
        .command = r->command.data,
        .config_json = r->config_json.data,
        .model_path = s->model_path,
        .model_name = slash && slash[1] ? slash + 1 : s->model_path,
        .model_sha256 = s->model_sha256,
        .model_trained = s->trained,
        .labels_json = s->labels_json,
        .profile_name = s->profile.name,
        .profile_json = s->profile_json,
        .profile_sha256 = s->profile_sha256,
        .engine = s->engine->description,
        .precision = vx_precision_name(s->engine->precision),
        .window_s = rule.window_seconds,
        .hop_s = rule.hop_seconds,
        .min_s = rule.min_seconds,
        .silence_dbfs = rule.silence_dbfs,
        .real_below = s->profile.real_below,
        .fake_from = s->profile.fake_from,
        .calibration_scale = s->profile.calibration_scale,
        .calibration_offset = s->profile.calibration_offset,
        .calibrated_on = s->profile.calibrated_on[0] ? s->profile.calibrated_on : NULL,
        .versions_json = r->versions_json.data,
        .custody = o->custody,
        .revision = vx_version_revision(),
    };
}
