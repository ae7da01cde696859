/* Profiles are read and written by one table of fields, so the two cannot disagree. */
#include "model/profile.h"

#include "model/json.h"

#include "base/buf.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { NAME, TEXT, BOOL, WHOLE, REAL, CHANNELS, COLOUR, FILTER };

struct field {
    const char *key;
    enum kind kind;
    size_t offset;   /* in struct vx_profile; for TEXT and NAME an array of `max` chars */
    double min, max; /* of WHOLE, REAL and CHANNELS */
    enum { REQUIRED, OPTIONAL, UNLESS_REF_MAX, UNLESS_PROCESSOR } need;
};

#define AT(member) offsetof(struct vx_profile, member)

static const struct field fields[] = {
    {"name", NAME, AT(name), 1, sizeof((struct vx_profile *)0)->name, REQUIRED},
    {"description", TEXT, AT(description), 0, sizeof((struct vx_profile *)0)->description, OPTIONAL},
    {"sample_rate", WHOLE, AT(sample_rate), 0, 768000, REQUIRED},
    {"window_seconds", REAL, AT(window_seconds), 0.02, 60, REQUIRED},
    {"peak_normalise", BOOL, AT(peak_normalise), 0, 0, REQUIRED},
    {"n_fft", WHOLE, AT(n_fft), 16, 65536, REQUIRED},
    {"hop_length", WHOLE, AT(hop_length), 1, 65536, REQUIRED},
    {"n_mels", WHOLE, AT(n_mels), 1, 1024, REQUIRED},
    {"fmin", REAL, AT(fmin), 0, 384000, REQUIRED},
    {"fmax", REAL, AT(fmax), 0, 384000, REQUIRED},
    {"ref_max", BOOL, AT(ref_max), 0, 0, REQUIRED},
    {"ref_value", REAL, AT(ref_value), 1e-30, 1e30, UNLESS_REF_MAX},
    {"amin", REAL, AT(amin), 1e-30, 1, REQUIRED},
    {"top_db", REAL, AT(top_db), 0, 1000, REQUIRED},
    {"colour", COLOUR, AT(colour), 0, 0, REQUIRED},
    {"low_at_bottom", BOOL, AT(low_at_bottom), 0, 0, REQUIRED},
    {"image_width", WHOLE, AT(image_width), 0, 4096, REQUIRED},
    {"image_height", WHOLE, AT(image_height), 0, 4096, REQUIRED},
    {"image_filter", FILTER, AT(image_filter), 0, 0, REQUIRED},
    {"use_processor", BOOL, AT(use_processor), 0, 0, REQUIRED},
    {"rescale_factor", REAL, AT(rescale_factor), 1e-9, 1e6, UNLESS_PROCESSOR},
    {"mean", CHANNELS, AT(mean), -1e6, 1e6, UNLESS_PROCESSOR},
    {"std", CHANNELS, AT(std), 1e-6, 1e6, UNLESS_PROCESSOR},
    {"real_below", REAL, AT(real_below), 0, 1, REQUIRED},
    {"fake_from", REAL, AT(fake_from), 0, 1, REQUIRED},
};
#define N_FIELDS (sizeof fields / sizeof *fields)

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

static enum vx_status expected(const char *origin, const struct field *f, struct vx_err *err)
{
    switch (f->kind) {
    case NAME:
        return vx_fail(err, VX_EFORMAT, "%s: key \"%s\": expected 1 to %d letters, digits, '-', '_' or '.'", origin, f->key,
                       (int)f->max - 1);
    case TEXT:
        return vx_fail(err, VX_EFORMAT, "%s: key \"%s\": expected a text of at most %d bytes", origin, f->key,
                       (int)f->max - 1);
    case BOOL:
        return vx_fail(err, VX_EFORMAT, "%s: key \"%s\": expected true or false", origin, f->key);
    case WHOLE:
        return vx_fail(err, VX_EFORMAT, "%s: key \"%s\": expected a whole number from %.0f to %.0f", origin, f->key, f->min,
                       f->max);
    case REAL:
        return vx_fail(err, VX_EFORMAT, "%s: key \"%s\": expected a number from %g to %g", origin, f->key, f->min, f->max);
    case CHANNELS:
        return vx_fail(err, VX_EFORMAT, "%s: key \"%s\": expected three numbers from %g to %g", origin, f->key, f->min,
                       f->max);
    case COLOUR:
        return vx_fail(err, VX_EFORMAT, "%s: key \"%s\": expected \"grey\", \"magma\" or \"viridis\"", origin, f->key);
    case FILTER:
        return vx_fail(err, VX_EFORMAT, "%s: key \"%s\": expected \"nearest\", \"bilinear\" or \"bicubic\"", origin, f->key);
    }
    return VX_EFORMAT;
}

static bool in_range(const cJSON *item, const struct field *f)
{
    return cJSON_IsNumber(item) && item->valuedouble >= f->min && item->valuedouble <= f->max;
}

static bool read_text(const cJSON *item, const struct field *f, char *out)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    const size_t n = cJSON_IsString(item) ? strlen(item->valuestring) : SIZE_MAX;

    if (n >= (size_t)f->max || n < (size_t)f->min || (f->kind == NAME && strspn(item->valuestring, allowed) != n))
        return false;
    memcpy(out, item->valuestring, n + 1);
    return true;
}

static bool read_channels(const cJSON *item, const struct field *f, float out[3])
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

static const struct choice *find_word(const struct choice *c, const cJSON *item)
{
    for (; cJSON_IsString(item) && c->word; c++)
        if (strcmp(c->word, item->valuestring) == 0)
            return c;
    return NULL;
}

static bool read_field(const cJSON *item, const struct field *f, struct vx_profile *p)
{
    void *to = (char *)p + f->offset;
    const struct choice *c;
    int64_t whole;

    switch (f->kind) {
    case NAME:
    case TEXT:
        return read_text(item, f, to);
    case BOOL:
        *(bool *)to = cJSON_IsTrue(item);
        return cJSON_IsBool(item);
    case WHOLE:
        if (!vx_json_whole(item, (int64_t)f->min, (int64_t)f->max, &whole))
            return false;
        *(int *)to = (int)whole;
        return true;
    case REAL:
        *(double *)to = cJSON_IsNumber(item) ? item->valuedouble : 0;
        return in_range(item, f);
    case CHANNELS:
        return read_channels(item, f, to);
    case COLOUR:
        if ((c = find_word(colours, item)))
            p->colour = (enum vx_colour)c->value;
        return c != NULL;
    case FILTER:
        if ((c = find_word(filters, item)))
            p->image_filter = (enum vx_resample)c->value;
        return c != NULL;
    }
    return false;
}

/* The transform's library needs small factors; every usual size has them. */
static bool is_fft_size(int n)
{
    if (n % 2 != 0)
        return false;
    for (int f = 2; f <= 5; f++)
        while (n % f == 0)
            n /= f;
    return n == 1;
}

static enum vx_status check(const struct vx_profile *p, const char *origin, struct vx_err *err)
{
    if (!is_fft_size(p->n_fft))
        return vx_fail(err, VX_EFORMAT, "%s: key \"n_fft\": %d, expected an even number made of the factors 2, 3 and 5",
                       origin, p->n_fft);
    if (p->sample_rate != 0 && p->sample_rate < 1000)
        return vx_fail(err, VX_EFORMAT, "%s: key \"sample_rate\": %d, expected 1000 Hz or more, or 0 for the file's own",
                       origin, p->sample_rate);
    if (p->fmax != 0 && p->fmax <= p->fmin)
        return vx_fail(err, VX_EFORMAT, "%s: key \"fmax\": %g Hz, expected more than fmin, or 0 for half the sample rate",
                       origin, p->fmax);
    if (p->fmax == 0 && p->sample_rate != 0 && p->fmin >= p->sample_rate / 2.0)
        return vx_fail(err, VX_EFORMAT, "%s: key \"fmin\": %g Hz, expected less than half the sample rate", origin, p->fmin);
    if ((p->image_width == 0) != (p->image_height == 0))
        return vx_fail(err, VX_EFORMAT, "%s: keys \"image_width\" and \"image_height\": expected both 0 or neither", origin);
    if (p->real_below > p->fake_from)
        return vx_fail(err, VX_EFORMAT, "%s: key \"real_below\": %g, expected at most fake_from, %g", origin, p->real_below,
                       p->fake_from);
    return VX_OK;
}

static bool may_lack(const struct field *f, const struct vx_profile *p)
{
    return f->need == OPTIONAL || (f->need == UNLESS_REF_MAX && p->ref_max) ||
           (f->need == UNLESS_PROCESSOR && p->use_processor);
}

enum vx_status vx_profile_parse(struct vx_profile *out, const char *json, const char *origin, struct vx_err *err)
{
    struct vx_profile p = {.ref_value = 1.0, .rescale_factor = 1.0 / 255.0, .std = {1.0f, 1.0f, 1.0f}};
    bool seen[N_FIELDS] = {false};
    const cJSON *item;
    enum vx_status rc;
    cJSON *root;

    if ((rc = vx_json_parse(&root, json, strlen(json), origin, err)) != VX_OK)
        return rc;
    cJSON_ArrayForEach(item, root) {
        size_t i = 0;
        while (i < N_FIELDS && strcmp(fields[i].key, item->string) != 0)
            i++;
        if (i == N_FIELDS) {
            rc = vx_fail(err, VX_EFORMAT, "%s: unknown key \"%.100s\"", origin, item->string);
            goto done;
        }
        if (!read_field(item, &fields[i], &p)) {
            rc = expected(origin, &fields[i], err);
            goto done;
        }
        seen[i] = true;
    }
    for (size_t i = 0; i < N_FIELDS; i++)
        if (!seen[i] && !may_lack(&fields[i], &p)) {
            rc = vx_fail(err, VX_EFORMAT, "%s: key \"%s\" is missing", origin, fields[i].key);
            goto done;
        }
    if ((rc = check(&p, origin, err)) == VX_OK)
        *out = p;
done:
    cJSON_Delete(root);
    return rc;
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

static void add_value(struct vx_buf *b, const struct field *f, const struct vx_profile *p)
{
    const void *from = (const char *)p + f->offset;
    const float *three = from;
    const struct choice *c = f->kind == COLOUR ? colours : filters;

    switch (f->kind) {
    case NAME:
    case TEXT:
        vx_buf_json(b, from);
        break;
    case BOOL:
        vx_buf_str(b, *(const bool *)from ? "true" : "false");
        break;
    case WHOLE:
        vx_buf_fmt(b, "%d", *(const int *)from);
        break;
    case REAL:
        add_number(b, *(const double *)from, false);
        break;
    case CHANNELS:
        for (int i = 0; i < 3; i++) {
            vx_buf_str(b, i == 0 ? "[" : ", ");
            add_number(b, (double)three[i], true);
        }
        vx_buf_str(b, "]");
        break;
    case COLOUR:
    case FILTER:
        while (c->word && c->value != (f->kind == COLOUR ? (int)p->colour : (int)p->image_filter))
            c++;
        vx_buf_json(b, c->word ? c->word : "");
        break;
    }
}

char *vx_profile_json(const struct vx_profile *profile)
{
    struct vx_buf b = {0};

    for (size_t i = 0; i < N_FIELDS; i++) {
        vx_buf_str(&b, i == 0 ? "{\n  " : ",\n  ");
        vx_buf_json(&b, fields[i].key);
        vx_buf_str(&b, ": ");
        add_value(&b, &fields[i], profile);
    }
    vx_buf_str(&b, "\n}\n");
    if (b.failed)
        vx_buf_free(&b);
    return b.data;
}
