#include "model/processor.h"

#include "model/json.h"

#include "base/file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES (1u << 20)
#define MAX_EDGE 4096

struct vx_processor vx_processor_default(void)
{
    return (struct vx_processor){
        .do_resize = true,
        .shortest_edge = 224,
        .crop_pct = 0.875,
        .resample = VX_RESAMPLE_BICUBIC,
        .do_rescale = true,
        .rescale_factor = 1.0 / 255.0,
        .do_normalize = true,
        .mean = {0.485f, 0.456f, 0.406f},
        .std = {0.229f, 0.224f, 0.225f},
    };
}

/* What is being read, for the readers of single keys below; a key that is missing or null changes nothing. */
struct reading {
    const cJSON *root;
    const char *path;
    struct vx_err *err;
};

static const cJSON *find(const struct reading *r, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(r->root, key);

    return cJSON_IsNull(item) ? NULL : item;
}

static enum vx_status expected(const struct reading *r, const char *key, const char *what)
{
    return vx_fail(r->err, VX_EFORMAT, "%s: key \"%s\": expected %s", r->path, key, what);
}

static enum vx_status read_bool(const struct reading *r, const char *key, bool *out)
{
    const cJSON *item = find(r, key);

    if (item && !cJSON_IsBool(item))
        return expected(r, key, "true or false");
    if (item)
        *out = cJSON_IsTrue(item);
    return VX_OK;
}

static enum vx_status read_real(const struct reading *r, const char *key, double min, double max, const char *what,
                                double *out)
{
    const cJSON *item = find(r, key);

    if (item && !(cJSON_IsNumber(item) && item->valuedouble >= min && item->valuedouble <= max))
        return expected(r, key, what);
    if (item)
        *out = item->valuedouble;
    return VX_OK;
}

/* One number for all channels, or three. */
static enum vx_status read_channels(const struct reading *r, const char *key, double min, const char *what, float out[3])
{
    const cJSON *item = find(r, key), *value;
    const bool list = cJSON_IsArray(item);

    if (!item)
        return VX_OK;
    if (list && cJSON_GetArraySize(item) != 3)
        return expected(r, key, what);
    value = list ? item->child : item;
    for (int i = 0; i < 3; i++) {
        if (!cJSON_IsNumber(value) || !(value->valuedouble >= min && value->valuedouble <= 1e6))
            return expected(r, key, what);
        out[i] = (float)value->valuedouble;
        if (list)
            value = value->next;
    }
    return VX_OK;
}

/* 224, {"shortest_edge": 224} or {"height": 224, "width": 224} */
static enum vx_status read_size(const struct reading *r, int *out)
{
    static const char what[] = "a number of pixels from 1 to 4096, {\"shortest_edge\": pixels}, or a square "
                               "{\"height\": pixels, \"width\": pixels}";
    const cJSON *item = find(r, "size"), *other = item;
    int64_t edge, width;

    if (!item)
        return VX_OK;
    if (cJSON_IsObject(item)) {
        const cJSON *shortest = cJSON_GetObjectItemCaseSensitive(item, "shortest_edge");
        other = shortest ? shortest : cJSON_GetObjectItemCaseSensitive(item, "width");
        item = shortest ? shortest : cJSON_GetObjectItemCaseSensitive(item, "height");
    }
    if (!vx_json_whole(item, 1, MAX_EDGE, &edge) || !vx_json_whole(other, 1, MAX_EDGE, &width) || edge != width)
        return expected(r, "size", what);
    *out = (int)edge;
    return VX_OK;
}

static enum vx_status read_resample(const struct reading *r, enum vx_resample *out)
{
    const cJSON *item = find(r, "resample");
    int64_t v;

    if (!item)
        return VX_OK;
    if (!vx_json_whole(item, 0, 5, &v) || (v != VX_RESAMPLE_NEAREST && v != VX_RESAMPLE_BILINEAR && v != VX_RESAMPLE_BICUBIC))
        return expected(r, "resample", "0 (nearest), 2 (bilinear) or 3 (bicubic)");
    *out = (enum vx_resample)v;
    return VX_OK;
}

/* Another processor class has another geometry, and so has one that pads or crops by keys of its own. */
static enum vx_status check_class(const struct reading *r)
{
    static const char *const keys[] = {"image_processor_type", "feature_extractor_type"};
    static const char *const off[] = {"do_center_crop", "do_pad"};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const cJSON *item = find(r, keys[i]);
        if (item && (!cJSON_IsString(item) || strncmp(item->valuestring, "ConvNext", 8) != 0))
            return expected(r, keys[i], "ConvNextImageProcessor, the only one this program knows");
    }
    for (size_t i = 0; i < sizeof off / sizeof *off; i++) {
        bool on = false;
        const enum vx_status rc = read_bool(r, off[i], &on);
        if (rc != VX_OK)
            return rc;
        if (on)
            return expected(r, off[i], "false: ConvNextImageProcessor crops by crop_pct alone");
    }
    return VX_OK;
}

enum vx_status vx_processor_load_file(struct vx_processor *out, const char *path, struct vx_err *err)
{
    struct vx_processor p = vx_processor_default();
    enum vx_status rc;
    cJSON *root = NULL;
    struct reading r = {.path = path, .err = err};

    if ((rc = vx_json_load(&root, path, MAX_BYTES, err)) != VX_OK)
        goto done;
    r.root = root;
    if ((rc = check_class(&r)) != VX_OK || (rc = read_bool(&r, "do_resize", &p.do_resize)) != VX_OK ||
        (rc = read_size(&r, &p.shortest_edge)) != VX_OK ||
        (rc = read_real(&r, "crop_pct", 0.05, 1.0, "a number from 0.05 to 1", &p.crop_pct)) != VX_OK ||
        (rc = read_resample(&r, &p.resample)) != VX_OK || (rc = read_bool(&r, "do_rescale", &p.do_rescale)) != VX_OK ||
        (rc = read_real(&r, "rescale_factor", 1e-9, 1e6, "a number from 1e-9 to 1e6", &p.rescale_factor)) != VX_OK ||
        (rc = read_bool(&r, "do_normalize", &p.do_normalize)) != VX_OK ||
        (rc = read_channels(&r, "image_mean", -1e6, "three numbers", p.mean)) != VX_OK ||
        (rc = read_channels(&r, "image_std", 1e-6, "three numbers over 1e-6", p.std)) != VX_OK)
        goto done;
    *out = p;
done:
    cJSON_Delete(root);
    return rc;
}

enum vx_status vx_processor_load(struct vx_processor *out, const char *dir, struct vx_err *err)
{
    char *path = vx_file_join(dir, "preprocessor_config.json");
    const enum vx_status rc = path ? vx_processor_load_file(out, path, err) : vx_fail_nomem(err, "a path");

    free(path);
    return rc;
}

void vx_processor_table(const struct vx_processor *p, float table[3][256])
{
    for (int c = 0; c < 3; c++)
        for (int v = 0; v < 256; v++) {
            float x = p->do_rescale ? (float)((double)v * p->rescale_factor) : (float)v;
            if (p->do_normalize)
                x = (x - p->mean[c]) / p->std[c];
            table[c][v] = x;
        }
}
