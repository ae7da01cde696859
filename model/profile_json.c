/* Profiles are read and written by one table of fields (profile_fields.c), so the two cannot disagree. */
#include "model/profile_fields.h"

#include <string.h>

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
    const struct vx_operating_point points[3] = {{p->real_below, p->fake_from}, p->high_precision, p->high_recall};
    static const char *const groups[3] = {"", "high_precision.", "high_recall."};

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
    for (int i = 0; i < 3; i++)
        if (points[i].real_below > points[i].fake_from)
            return vx_fail(err, VX_EFORMAT, "%s: key \"%sreal_below\": %g, expected at most fake_from, %g", origin, groups[i],
                           points[i].real_below, points[i].fake_from);
    return VX_OK;
}

static bool may_lack(const struct vx_profile_field *f, const struct vx_profile *p)
{
    return f->need == VX_NEED_NOT || f->need == VX_NEED_WHEN_SET ||
           (f->need == VX_NEED_UNLESS_REF_MAX && p->ref_max) || (f->need == VX_NEED_UNLESS_PROCESSOR && p->use_processor);
}

/* Length of the name of the group that the field is in; 0: none. */
static size_t group_length(const struct vx_profile_field *f)
{
    const char *dot = strchr(f->key, '.');

    return dot ? (size_t)(dot - f->key) : 0;
}

static bool same_group(const struct vx_profile_field *a, const struct vx_profile_field *b)
{
    const size_t n = group_length(a);

    return n == group_length(b) && memcmp(a->key, b->key, n) == 0;
}

static bool is_group(const struct vx_profile_field *f, const char *name)
{
    const size_t n = group_length(f);

    return n == strlen(name) && memcmp(f->key, name, n) == 0;
}

static const char *own_name(const struct vx_profile_field *f)
{
    const size_t n = group_length(f);

    return n ? f->key + n + 1 : f->key;
}

/* Which field is called so in the group; VX_PROFILE_N_FIELDS: none. */
static size_t find_key(const char *group, const char *name)
{
    size_t i = 0;

    while (i < VX_PROFILE_N_FIELDS &&
           !(is_group(&vx_profile_fields[i], group) && strcmp(own_name(&vx_profile_fields[i]), name) == 0))
        i++;
    return i;
}

static bool has_group(const char *name)
{
    for (size_t i = 0; i < VX_PROFILE_N_FIELDS; i++)
        if (*name && is_group(&vx_profile_fields[i], name))
            return true;
    return false;
}

/* The members of an object: those of the group called `group`, "" for the profile itself. */
static enum vx_status read_members(const cJSON *object, const char *group, struct vx_profile *p, const char *origin,
                                   struct vx_err *err)
{
    bool seen[VX_PROFILE_N_FIELDS] = {false};
    const cJSON *item;
    enum vx_status rc;

    cJSON_ArrayForEach(item, object) {
        const size_t i = find_key(group, item->string);
        if (i < VX_PROFILE_N_FIELDS) {
            if (!vx_profile_field_read(&vx_profile_fields[i], item, p))
                return vx_profile_field_refuse(&vx_profile_fields[i], origin, err);
            seen[i] = true;
        } else if (*group || !has_group(item->string)) {
            return vx_fail(err, VX_EFORMAT, "%s: unknown key \"%s%s%.100s\"", origin, group, *group ? "." : "", item->string);
        } else if (!cJSON_IsObject(item)) {
            return vx_fail(err, VX_EFORMAT, "%s: key \"%s\": expected an object", origin, item->string);
        } else if ((rc = read_members(item, item->string, p, origin, err)) != VX_OK) {
            return rc;
        }
    }
    for (size_t i = 0; i < VX_PROFILE_N_FIELDS; i++)
        if (is_group(&vx_profile_fields[i], group) && !seen[i] && !may_lack(&vx_profile_fields[i], p))
            return vx_fail(err, VX_EFORMAT, "%s: key \"%s\" is missing", origin, vx_profile_fields[i].key);
    return VX_OK;
}

enum vx_status vx_profile_parse(struct vx_profile *out, const char *json, const char *origin, struct vx_err *err)
{
    struct vx_profile p = vx_profile_defaults;
    enum vx_status rc;
    cJSON *root;

    if ((rc = vx_json_parse(&root, json, strlen(json), origin, err)) != VX_OK)
        return rc;
    if ((rc = read_members(root, "", &p, origin, err)) == VX_OK && (rc = check(&p, origin, err)) == VX_OK)
        *out = p;
    cJSON_Delete(root);
    return rc;
}

/* What is always needed in a group is written where something of it is set. */
static bool is_written(const struct vx_profile_field *f, const struct vx_profile *p)
{
    if (f->need == VX_NEED_WHEN_SET)
        return vx_profile_field_is_set(f, p);
    if (group_length(f) == 0)
        return true;
    for (size_t i = 0; i < VX_PROFILE_N_FIELDS; i++)
        if (same_group(&vx_profile_fields[i], f) && vx_profile_field_is_set(&vx_profile_fields[i], p))
            return true;
    return false;
}

char *vx_profile_json(const struct vx_profile *profile)
{
    const struct vx_profile_field *last = NULL; /* written */
    struct vx_buf b = {0};

    for (const struct vx_profile_field *f = vx_profile_fields; f < vx_profile_fields + VX_PROFILE_N_FIELDS; f++) {
        const size_t group = group_length(f);
        if (!is_written(f, profile))
            continue;
        const bool inside = last && group > 0 && same_group(last, f);
        if (last && group_length(last) > 0 && !inside)
            vx_buf_str(&b, "}");
        vx_buf_str(&b, !last ? "{\n  " : inside ? ", " : ",\n  ");
        if (group > 0 && !inside)
            vx_buf_fmt(&b, "\"%.*s\": {", (int)group, f->key);
        vx_buf_json(&b, own_name(f));
        vx_buf_str(&b, ": ");
        vx_profile_field_write(f, profile, &b);
        last = f;
    }
    vx_buf_str(&b, last && group_length(last) > 0 ? "}\n}\n" : "\n}\n");
    if (b.failed)
        vx_buf_free(&b);
    return b.data;
}
