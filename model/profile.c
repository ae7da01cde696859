#include "model/profile.h"

#include "model/profile_builtin.h"

#include "base/buf.h"
#include "base/file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES (1u << 20)

int vx_profile_builtin_count(void)
{
    int n = 0;

    while (vx_profile_builtin(n))
        n++;
    return n;
}

const char *vx_profile_builtin_name(int i)
{
    const struct vx_profile_builtin *b = vx_profile_builtin(i);

    return b ? b->name : NULL;
}

static enum vx_status load_file(struct vx_profile *out, const char *path, struct vx_err *err)
{
    enum vx_status rc;
    char *text;
    size_t len;

    if ((rc = vx_file_read(path, MAX_BYTES, &text, &len, err)) != VX_OK)
        return rc;
    if (strlen(text) != len)
        rc = vx_fail(err, VX_EFORMAT, "%s: holds a NUL character, expected JSON", path);
    else
        rc = vx_profile_parse(out, text, path, err);
    free(text);
    return rc;
}

static enum vx_status fail_unknown(const char *name, struct vx_err *err)
{
    struct vx_buf names = {0};

    for (int i = 0; i < vx_profile_builtin_count(); i++)
        vx_buf_fmt(&names, "%s%s", i == 0 ? "" : ", ", vx_profile_builtin_name(i));
    vx_fail(err, VX_EINVAL, "no profile \"%.100s\": give one of %s, or the path of a JSON file", name,
            names.failed ? "the built-in ones" : names.data);
    vx_buf_free(&names);
    return VX_EINVAL;
}

enum vx_status vx_profile_load(struct vx_profile *out, const char *name_or_file, struct vx_err *err)
{
    const size_t n = strlen(name_or_file);
    const struct vx_profile_builtin *b;

    if (strchr(name_or_file, '/') || (n >= 5 && strcmp(name_or_file + n - 5, ".json") == 0))
        return load_file(out, name_or_file, err);
    for (int i = 0; (b = vx_profile_builtin(i)); i++)
        if (strcmp(b->name, name_or_file) == 0)
            return vx_profile_parse(out, b->json, b->name, err);
    return fail_unknown(name_or_file, err);
}

struct vx_processor vx_profile_processor(const struct vx_profile *profile, const struct vx_processor *checkpoint)
{
    struct vx_processor p = *checkpoint;

    if (profile->use_processor)
        return p;
    p.do_resize = false;
    p.do_rescale = p.do_normalize = true;
    p.rescale_factor = profile->rescale_factor;
    memcpy(p.mean, profile->mean, sizeof p.mean);
    memcpy(p.std, profile->std, sizeof p.std);
    return p;
}

void vx_profile_score_words(const struct vx_profile *profile, char *out, size_t size)
{
    if (profile->calibrated_on[0])
        snprintf(out, size, "P(fake), calibrated on %s", profile->calibrated_on);
    else
        snprintf(out, size, "not probabilities (the profile has no calibration for windows of %g s)", profile->window_seconds);
}

int vx_profile_samples(const struct vx_profile *profile, int sample_rate)
{
    return (int)lround(profile->window_seconds * sample_rate);
}
