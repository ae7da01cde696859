#include "db/rows.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void bind_positive(struct vx_bind *b, double value)
{
    if (value > 0)
        vx_bind_real(b, value);
    else
        vx_bind_null(b);
}

static void bind_finite(struct vx_bind *b, double value)
{
    if (isfinite(value))
        vx_bind_real(b, value);
    else
        vx_bind_null(b);
}

void vx_rows_bind_run(struct vx_bind *b, const struct vx_run *run)
{
    vx_bind_text(b, run->uuid);
    vx_bind_text(b, run->fingerprint);
    vx_bind_text(b, run->started);
    vx_bind_text(b, run->finished);
    vx_bind_text(b, run->state);
    vx_bind_text(b, run->command);
    vx_bind_text(b, run->config_json);
    vx_bind_text(b, run->model_path);
    vx_bind_text(b, run->model_name);
    vx_bind_text(b, run->model_sha256);
    vx_bind_integer(b, run->model_trained);
    vx_bind_text(b, run->labels_json);
    vx_bind_text(b, run->profile_name);
    vx_bind_text(b, run->profile_json);
    vx_bind_text(b, run->profile_sha256);
    vx_bind_text(b, run->engine);
    vx_bind_text(b, run->precision);
    vx_bind_real(b, run->window_s);
    vx_bind_real(b, run->hop_s);
    vx_bind_real(b, run->min_s);
    vx_bind_real(b, run->silence_dbfs);
    vx_bind_real(b, run->real_below);
    vx_bind_real(b, run->fake_from);
    vx_bind_text(b, run->versions_json);
    vx_bind_text(b, run->hosts_json);
    if (run->ranks > 0)
        vx_bind_integer(b, run->ranks);
    else
        vx_bind_null(b);
    bind_positive(b, run->wall_s);
    bind_positive(b, run->cpu_s);
    bind_positive(b, run->audio_s);
    vx_bind_real(b, run->calibration_scale);
    vx_bind_real(b, run->calibration_offset);
    vx_bind_text(b, run->calibrated_on);
    vx_bind_integer(b, run->custody);
    vx_bind_text(b, run->revision);
    bind_positive(b, run->gpu_wh);
    bind_positive(b, run->cpu_wh);
    bind_positive(b, run->grid_g_per_kwh);
    bind_finite(b, run->wall_s > 0 ? run->engine_wait_s : NAN);
    bind_finite(b, run->wall_s > 0 ? run->decode_wait_s : NAN);
}

const char *vx_rows_kind_name(enum vx_item_kind kind)
{
    switch (kind) {
    case VX_ITEM_AUDIO:
        return "audio";
    case VX_ITEM_IMAGE:
        return "image";
    case VX_ITEM_BROKEN:
        return "unreadable";
    }
    return NULL;
}

static const char *status_name(enum vx_item_status status)
{
    switch (status) {
    case VX_ITEM_SCORED:
        return "scored";
    case VX_ITEM_NOT_SCORED:
        return "not_scored";
    case VX_ITEM_FAILED:
        return "failed";
    case VX_ITEM_SAME:
        return "pending";
    }
    return NULL;
}

/* The exact bytes of a name, only where its text cannot say them. */
static void bind_raw(struct vx_bind *b, const char *name)
{
    vx_bind_bytes(b, name && !vx_text_utf8(name) ? name : NULL);
}

/* "2026-01-31T23:59:59Z": sorts as text, and SQLite, DuckDB and pandas all read it as a time. */
static void bind_time(struct vx_bind *b, int64_t seconds)
{
    const time_t t = (time_t)seconds;
    struct tm tm;
    char text[32];

    if (seconds == 0 || !gmtime_r(&t, &tm) || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900) {
        vx_bind_null(b);
        return;
    }
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
             tm.tm_hour, tm.tm_min, tm.tm_sec);
    vx_bind_copy(b, text);
}

void vx_rows_bind_item(struct vx_bind *b, const struct vx_item *item)
{
    vx_bind_text(b, item->path);
    bind_raw(b, item->path);
    vx_bind_text(b, item->member);
    bind_raw(b, item->member);
    vx_bind_text(b, vx_rows_kind_name(item->kind));
    if (item->size >= 0)
        vx_bind_integer(b, item->size);
    else
        vx_bind_null(b);
    bind_time(b, item->mtime);
}

static bool finite_aggregate(const struct vx_aggregate *a)
{
    return isfinite(a->mean_fake) && isfinite(a->max_fake) && isfinite(a->worst_fake) && isfinite(a->fraction_over) &&
           isfinite(a->longest_run_s);
}

/* What is wrong with the windows, or NULL; counts the scored ones. */
static const char *windows_problem(const struct vx_item_result *result, size_t *at, int32_t *scored)
{
    *scored = 0;
    for (size_t i = 0; i < result->n_windows; i++) {
        const struct vx_window_score *w = &result->windows[i];
        *at = i;
        if (w->channel < 0 || (size_t)w->channel > result->n_channels)
            return "of a channel that is not there";
        if (w->index < 0 || (i > 0 && w->index <= result->windows[i - 1].index))
            return "window indexes must ascend";
        if (w->flags & VX_WINDOW_NOT_SCORED)
            continue;
        if (!isfinite(w->real) || !isfinite(w->fake))
            return "a logit that is no finite number";
        ++*scored;
    }
    return NULL;
}

enum vx_status vx_rows_check_result(const struct vx_item_result *result, struct vx_err *err)
{
    const struct vx_aggregate *const a = &result->aggregate;
    const long long id = (long long)result->item.id;
    size_t at = 0;
    int32_t scored;
    const char *problem;

    if (id < 1 || !result->item.path || !vx_rows_kind_name(result->item.kind) || !status_name(result->status))
        return vx_fail(err, VX_EINVAL, "item %lld: a result needs an id from 1 up, a path, a kind and a status", id);
    if ((problem = windows_problem(result, &at, &scored)))
        return vx_fail(err, VX_EINVAL, "item %lld (%s): window %zu: %s", id, result->item.path, at, problem);
    if (!finite_aggregate(a) || !isfinite(result->info.duration_s))
        problem = "an aggregate that is no finite number";
    else if (result->status == VX_ITEM_SCORED && (scored == 0 || a->verdict == VX_VERDICT_NONE))
        problem = "scored, but without a scored window or a verdict";
    else if (result->status == VX_ITEM_NOT_SCORED && (scored > 0 || a->verdict != VX_VERDICT_NONE))
        problem = "not scored, but with a scored window or a verdict";
    else if (result->status == VX_ITEM_SAME ? result->same_as < 1 || result->same_as == id || !*result->hash || result->n_windows > 0
                                            : result->same_as != 0)
        problem = "the same as another item, but without that item or a hash, or with windows of its own; or the reverse";
    else if ((result->status != VX_ITEM_FAILED || a->n_scored != 0) &&
             (a->n_scored != scored || (size_t)a->n_windows != result->n_windows))
        problem = "its aggregate counts other windows than it holds";
    if (problem)
        return vx_fail(err, VX_EINVAL, "item %lld (%s): %s", id, result->item.path, problem);
    return VX_OK;
}

static void bind_audio(struct vx_bind *b, const struct vx_audio_info *info)
{
    const bool sound = info->sample_rate > 0;

    vx_bind_text(b, *info->format ? info->format : NULL);
    vx_bind_text(b, *info->decoder ? info->decoder : NULL);
    if (sound) {
        vx_bind_integer(b, info->sample_rate);
        vx_bind_integer(b, info->channels);
        vx_bind_real(b, info->duration_s);
        vx_bind_integer(b, info->louder_channel);
    } else {
        for (int i = 0; i < 4; i++)
            vx_bind_null(b);
    }
}

static void bind_aggregate(struct vx_bind *b, const struct vx_aggregate *a)
{
    const double value[] = {a->mean_fake, a->max_fake, a->worst_fake, a->fraction_over, a->longest_run_s};

    for (size_t i = 0; i < sizeof value / sizeof *value; i++) {
        if (a->n_scored > 0)
            vx_bind_real(b, value[i]);
        else
            vx_bind_null(b);
    }
}

static void bind_domain(struct vx_bind *b, const struct vx_item_domain *d)
{
    const bool measured = d->n_windows > 0;

    bind_finite(b, measured ? d->level_dbfs : NAN);
    bind_finite(b, measured ? d->bandwidth_hz : NAN);
    bind_finite(b, measured ? d->active_share : NAN);
    if (measured && d->compared)
        vx_bind_integer(b, d->outside);
    else
        vx_bind_null(b);
}

void vx_rows_bind_result(struct vx_bind *b, const struct vx_item_result *result)
{
    int64_t scored = 0;

    for (size_t i = 0; i < result->n_windows; i++)
        scored += !(result->windows[i].flags & VX_WINDOW_NOT_SCORED);
    bind_audio(b, &result->info);
    vx_bind_text(b, status_name(result->status));
    vx_bind_text(b, *result->error ? result->error : NULL);
    vx_bind_integer(b, (int64_t)result->n_windows);
    vx_bind_integer(b, scored);
    bind_aggregate(b, &result->aggregate);
    const bool judged = result->status == VX_ITEM_SCORED || result->status == VX_ITEM_NOT_SCORED;
    vx_bind_text(b, judged ? vx_verdict_name(result->aggregate.verdict) : NULL);
    bind_domain(b, &result->domain);
    vx_bind_text(b, *result->hash ? result->hash : NULL);
    if (result->same_as > 0)
        vx_bind_integer(b, result->same_as);
    else
        vx_bind_null(b);
    vx_bind_text(b, *result->warning ? result->warning : NULL);
}

void vx_rows_bind_channel(struct vx_bind *b, int channel, const struct vx_aggregate *aggregate)
{
    vx_bind_integer(b, channel);
    vx_bind_integer(b, aggregate->n_windows);
    vx_bind_integer(b, aggregate->n_scored);
    bind_aggregate(b, aggregate);
    vx_bind_text(b, vx_verdict_name(aggregate->verdict));
}

void vx_rows_bind_unseen(struct vx_bind *b, const char *problem)
{
    for (int i = 0; i < 6; i++) /* format … louder_channel */
        vx_bind_null(b);
    vx_bind_text(b, problem ? "failed" : "pending");
    vx_bind_text(b, problem);
    vx_bind_integer(b, 0);
    vx_bind_integer(b, 0);
    for (int i = 0; i < 13; i++) /* mean_fake … warning */
        vx_bind_null(b);
}
