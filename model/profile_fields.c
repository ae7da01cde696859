/* Every key of a profile, once: where it goes, what it may be, how it is read and written. */
#include "model/profile_fields.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct vx_profile, member)

const struct vx_profile_field vx_profile_fields[] = {
    {"name", VX_FIELD_NAME, AT(name), 1, sizeof((struct vx_profile *)0)->name, VX_NEED_ALWAYS},
    {"description", VX_FIELD_TEXT, AT(description), 0, sizeof((struct vx_profile *)0)->description, VX_NEED_NOT},
    {"sample_rate", VX_FIELD_WHOLE, AT(sample_rate), 0, 768000, VX_NEED_ALWAYS},
    {"window_seconds", VX_FIELD_REAL, AT(window_seconds), 0.02, 60, VX_NEED_ALWAYS},
    {"peak_normalise", VX_FIELD_BOOL, AT(peak_normalise), 0, 0, VX_NEED_ALWAYS},
    {"n_fft", VX_FIELD_WHOLE, AT(n_fft), 16, 65536, VX_NEED_ALWAYS},
    {"hop_length", VX_FIELD_WHOLE, AT(hop_length), 1, 65536, VX_NEED_ALWAYS},
    {"n_mels", VX_FIELD_WHOLE, AT(n_mels), 1, 1024, VX_NEED_ALWAYS},
    {"fmin", VX_FIELD_REAL, AT(fmin), 0, 384000, VX_NEED_ALWAYS},
    {"fmax", VX_FIELD_REAL, AT(fmax), 0, 384000, VX_NEED_ALWAYS},
    {"ref_max", VX_FIELD_BOOL, AT(ref_max), 0, 0, VX_NEED_ALWAYS},
    {"ref_value", VX_FIELD_REAL, AT(ref_value), 1e-30, 1e30, VX_NEED_UNLESS_REF_MAX},
    {"amin", VX_FIELD_REAL, AT(amin), 1e-30, 1, VX_NEED_ALWAYS},
    {"top_db", VX_FIELD_REAL, AT(top_db), 0, 1000, VX_NEED_ALWAYS},
    {"colour", VX_FIELD_COLOUR, AT(colour), 0, 0, VX_NEED_ALWAYS},
    {"low_at_bottom", VX_FIELD_BOOL, AT(low_at_bottom), 0, 0, VX_NEED_ALWAYS},
    {"image_width", VX_FIELD_WHOLE, AT(image_width), 0, 4096, VX_NEED_ALWAYS},
    {"image_height", VX_FIELD_WHOLE, AT(image_height), 0, 4096, VX_NEED_ALWAYS},
    {"image_filter", VX_FIELD_FILTER, AT(image_filter), 0, 0, VX_NEED_ALWAYS},
    {"use_processor", VX_FIELD_BOOL, AT(use_processor), 0, 0, VX_NEED_ALWAYS},
    {"rescale_factor", VX_FIELD_REAL, AT(rescale_factor), 1e-9, 1e6, VX_NEED_UNLESS_PROCESSOR},
    {"mean", VX_FIELD_CHANNELS, AT(mean), -1e6, 1e6, VX_NEED_UNLESS_PROCESSOR},
    {"std", VX_FIELD_CHANNELS, AT(std), 1e-6, 1e6, VX_NEED_UNLESS_PROCESSOR},
    {"real_below", VX_FIELD_REAL, AT(real_below), 0, 1, VX_NEED_ALWAYS},
    {"fake_from", VX_FIELD_REAL, AT(fake_from), 0, 1, VX_NEED_ALWAYS},
    {"calibration_scale", VX_FIELD_REAL, AT(calibration_scale), 1e-9, 1e9, VX_NEED_WHEN_SET},
    {"calibration_offset", VX_FIELD_REAL, AT(calibration_offset), -1e9, 1e9, VX_NEED_WHEN_SET},
    {"calibrated_on", VX_FIELD_TEXT, AT(calibrated_on), 0, sizeof((struct vx_profile *)0)->calibrated_on, VX_NEED_WHEN_SET},
    {"high_precision.real_below", VX_FIELD_REAL, AT(high_precision.real_below), 0, 1, VX_NEED_ALWAYS},
    {"high_precision.fake_from", VX_FIELD_REAL, AT(high_precision.fake_from), 1e-300, 1, VX_NEED_ALWAYS}, /* 0 means not set */
    {"high_recall.real_below", VX_FIELD_REAL, AT(high_recall.real_below), 0, 1, VX_NEED_ALWAYS},
    {"high_recall.fake_from", VX_FIELD_REAL, AT(high_recall.fake_from), 1e-300, 1, VX_NEED_ALWAYS},
    {"measured.level_dbfs", VX_FIELD_RANGE, AT(measured.level_dbfs), -1000, 1000, VX_NEED_WHEN_SET},
    {"measured.bandwidth_hz", VX_FIELD_RANGE, AT(measured.bandwidth_hz), 0, 384000, VX_NEED_WHEN_SET},
    {"measured.active_share", VX_FIELD_RANGE, AT(measured.active_share), 0, 1, VX_NEED_WHEN_SET},
};
_Static_assert(sizeof vx_profile_fields == VX_PROFILE_N_FIELDS * sizeof *vx_profile_fields, "VX_PROFILE_N_FIELDS");

const struct vx_profile vx_profile_defaults = {
    .ref_value = 1.0, .rescale_factor = 1.0 / 255.0, .std = {1.0f, 1.0f, 1.0f}, .calibration_scale = 1.0};

/* Names of an enum's values in JSON. */
struct choice {
    const char *word;
    int value;
};
static const struct choice colours[] = {
    {"grey", VX_COLOUR_GREY}, {"magma", VX_COLOUR_MAGMA}, {"viridis", VX_COLOUR_VIRIDIS}, {NULL, 0},
};
static const struct choice filters[] = {
    {"nearest", VX_RESAMPLE_NEAREST}, {"bilinear", VX_RESAMPLE_BILINEAR}, {"bicubic", VX_RESAMPLE_BICUBIC}, {NULL, 0},
};

enum vx_status vx_profile_field_refuse(const struct vx_profile_field *f, const char *origin, struct vx_err *err)
{
    switch (f->kind) {
    case VX_FIELD_NAME:
        return vx_fail(err, VX_EFORMAT, "%s: key \"%s\": expected 1 to %d letters, digits, '-', '_' or '.'", origin, f->key,
                       (int)f->max - 1);
    case VX_FIELD_TEXT:
        return vx_fail(err, VX_EFORMAT, "%s: key \"%s\": expected a line of text of at most %d bytes", origin,
                       f->key, (int)f->max - 1);
    case VX_FIELD_BOOL:
        return vx_fail(err, VX_EFORMAT, "%s: key \"%s\": expected true or false", origin, f->key);
    case VX_FIELD_WHOLE:
        return vx_fail(err, VX_EFORMAT, "%s: key \"%s\": expected a whole number from %.0f to %.0f", origin, f->key, f->min,
                       f->max);
    case VX_FIELD_REAL:
        return vx_fail(err, VX_EFORMAT, "%s: key \"%s\": expected a number from %g to %g", origin, f->key, f->min, f->max);
    case VX_FIELD_CHANNELS:
        return vx_fail(err, VX_EFORMAT, "%s: key \"%s\": expected three numbers from %g to %g", origin, f->key, f->min,
                       f->max);
    case VX_FIELD_RANGE:
        return vx_fail(err, VX_EFORMAT, "%s: key \"%s\": expected two numbers from %g to %g, ascending, not both 0", origin,
                       f->key, f->min, f->max);
    case VX_FIELD_COLOUR:
        return vx_fail(err, VX_EFORMAT, "%s: key \"%s\": expected \"grey\", \"magma\" or \"viridis\"", origin, f->key);
    case VX_FIELD_FILTER:
        return vx_fail(err, VX_EFORMAT, "%s: key \"%s\": expected \"nearest\", \"bilinear\" or \"bicubic\"", origin, f->key);
    }
    return VX_EFORMAT;
}

static bool in_range(const cJSON *item, const struct vx_profile_field *f)
{
    return cJSON_IsNumber(item) && item->valuedouble >= f->min && item->valuedouble <= f->max;
}

static bool read_text(const cJSON *item, const struct vx_profile_field *f, char *out)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    const size_t n = cJSON_IsString(item) ? strlen(item->valuestring) : SIZE_MAX;

    if (n >= (size_t)f->max || n < (size_t)f->min || (f->kind == VX_FIELD_NAME && strspn(item->valuestring, allowed) != n))
        return false;
    for (size_t i = 0; i < n; i++) /* it is printed as it is */
        if ((unsigned char)item->valuestring[i] < ' ' || item->valuestring[i] == 0x7f)
            return false;
    memcpy(out, item->valuestring, n + 1);
    return true;
}

static bool read_channels(const cJSON *item, const struct vx_profile_field *f, float out[3])
{
    if (!cJSON_IsArray(item) || cJSON_GetArraySize(item) != 3)
        return false;
    item = item->child;
    for (int i = 0; i < 3; i++, item = item->next) {
        if (!in_range(item, f))
            return false;
        out[i] = (float)item->valuedouble;
    }
    return true;
}

static bool read_range(const cJSON *item, const struct vx_profile_field *f, struct vx_range *out)
{
    if (!cJSON_IsArray(item) || cJSON_GetArraySize(item) != 2 || !in_range(item->child, f) || !in_range(item->child->next, f))
        return false;
    *out = (struct vx_range){item->child->valuedouble, item->child->next->valuedouble};
    return out->low <= out->high && (out->low != 0 || out->high != 0);
}

static const struct choice *find_word(const struct choice *c, const cJSON *item)
{
    for (; cJSON_IsString(item) && c->word; c++)
        if (strcmp(c->word, item->valuestring) == 0)
            return c;
    return NULL;
}

bool vx_profile_field_read(const struct vx_profile_field *f, const cJSON *item, struct vx_profile *p)
{
    void *to = (char *)p + f->offset;
    const struct choice *c;
    int64_t whole;

    switch (f->kind) {
    case VX_FIELD_NAME:
    case VX_FIELD_TEXT:
        return read_text(item, f, to);
    case VX_FIELD_BOOL:
        *(bool *)to = cJSON_IsTrue(item);
        return cJSON_IsBool(item);
    case VX_FIELD_WHOLE:
        if (!vx_json_whole(item, (int64_t)f->min, (int64_t)f->max, &whole))
            return false;
        *(int *)to = (int)whole;
        return true;
    case VX_FIELD_REAL:
        *(double *)to = cJSON_IsNumber(item) ? item->valuedouble : 0;
        return in_range(item, f);
    case VX_FIELD_CHANNELS:
        return read_channels(item, f, to);
    case VX_FIELD_RANGE:
        return read_range(item, f, to);
    case VX_FIELD_COLOUR:
        if ((c = find_word(colours, item)))
            p->colour = (enum vx_colour)c->value;
        return c != NULL;
    case VX_FIELD_FILTER:
        if ((c = find_word(filters, item)))
            p->image_filter = (enum vx_resample)c->value;
        return c != NULL;
    }
    return false;
}

/* The shortest decimal that reads back as v; single: as the float v. */
static void add_number(struct vx_buf *b, double v, bool single)
{
    char text[40];

    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        const double back = strtod(text, NULL);
        if (back == v || (single && (float)back == (float)v))
            break;
    }
    vx_buf_str(b, text);
}

void vx_profile_field_write(const struct vx_profile_field *f, const struct vx_profile *p, struct vx_buf *b)
{
    const void *from = (const char *)p + f->offset;
    const struct vx_range *range = from;
    const float *three = from;
    const struct choice *c = f->kind == VX_FIELD_COLOUR ? colours : filters;

    switch (f->kind) {
    case VX_FIELD_NAME:
    case VX_FIELD_TEXT:
        vx_buf_json(b, from);
        break;
    case VX_FIELD_BOOL:
        vx_buf_str(b, *(const bool *)from ? "true" : "false");
        break;
    case VX_FIELD_WHOLE:
        vx_buf_fmt(b, "%d", *(const int *)from);
        break;
    case VX_FIELD_REAL:
        add_number(b, *(const double *)from, false);
        break;
    case VX_FIELD_CHANNELS:
        for (int i = 0; i < 3; i++) {
            vx_buf_str(b, i == 0 ? "[" : ", ");
            add_number(b, (double)three[i], true);
        }
        vx_buf_str(b, "]");
        break;
    case VX_FIELD_RANGE:
        vx_buf_str(b, "[");
        add_number(b, range->low, false);
        vx_buf_str(b, ", ");
        add_number(b, range->high, false);
        vx_buf_str(b, "]");
        break;
    case VX_FIELD_COLOUR:
    case VX_FIELD_FILTER:
        while (c->word && c->value != (f->kind == VX_FIELD_COLOUR ? (int)p->colour : (int)p->image_filter))
            c++;
        vx_buf_json(b, c->word ? c->word : "");
        break;
    }
}

bool vx_profile_field_is_set(const struct vx_profile_field *f, const struct vx_profile *p)
{
    const void *value = (const char *)p + f->offset, *usual = (const char *)&vx_profile_defaults + f->offset;
    const struct vx_range *range = value;

    if (f->kind == VX_FIELD_TEXT)
        return *(const char *)value != '\0';
    if (f->kind == VX_FIELD_RANGE)
        return range->low != 0 || range->high != 0;
    return *(const double *)value != *(const double *)usual;
}

