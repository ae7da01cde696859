/* Generated weights as a folder that transformers and vx_convnext_load() both read. */
#include "base/buf.h"
#include "base/file.h"
#include "model/convnext.h"
#include "model/generate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void add_list(struct vx_buf *b, const char *key, const int *values, int n)
{
    vx_buf_fmt(b, "  \"%s\": [", key);
    for (int i = 0; i < n; i++)
        vx_buf_fmt(b, "%s%d", i ? ", " : "", values[i]);
    vx_buf_str(b, "],\n");
}

/* The shortest text that reads back as x. */
static void add_float(struct vx_buf *b, const char *key, float x)
{
    char text[32];

    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)x);
        if ((float)strtod(text, NULL) == x)
            break;
    }
    vx_buf_fmt(b, "  \"%s\": %s,\n", key, text);
}

/* Labels may share a name; the last one has it then, as in a Python dictionary. */
static bool named_later(const struct vx_config *c, int i)
{
    for (int k = i + 1; k < c->n_labels; k++)
        if (strcmp(c->labels[i], c->labels[k]) == 0)
            return true;
    return false;
}

static void add_labels(struct vx_buf *b, const struct vx_config *c)
{
    const char *between = "";

    vx_buf_str(b, "  \"id2label\": {");
    for (int i = 0; i < c->n_labels; i++) {
        vx_buf_fmt(b, "%s\"%d\": ", i ? ", " : "", i);
        vx_buf_json(b, c->labels[i]);
    }
    vx_buf_str(b, "},\n  \"label2id\": {");
    for (int i = 0; i < c->n_labels; i++) {
        if (named_later(c, i))
            continue;
        vx_buf_str(b, between);
        vx_buf_json(b, c->labels[i]);
        vx_buf_fmt(b, ": %d", i);
        between = ", ";
    }
    vx_buf_str(b, "},\n");
}

/* The keys that transformers writes for a ConvNext, and one of ours. */
static void config_json(struct vx_buf *b, const struct vx_config *c, enum vx_st_dtype dtype)
{
    vx_buf_str(b, "{\n  \"architectures\": [\"ConvNextForImageClassification\"],\n");
    add_list(b, "depths", c->depths, c->n_stages);
    vx_buf_str(b, "  \"drop_path_rate\": 0.0,\n  \"hidden_act\": \"gelu\",\n");
    add_list(b, "hidden_sizes", c->hidden_sizes, c->n_stages);
    add_labels(b, c);
    vx_buf_fmt(b, "  \"image_size\": %d,\n  \"initializer_range\": 0.02,\n", c->image_size);
    add_float(b, "layer_norm_eps", c->layer_norm_eps);
    vx_buf_fmt(b, "  \"layer_scale_init_value\": %s,\n", c->no_layer_scale ? "0.0" : "1e-06");
    vx_buf_fmt(b, "  \"model_type\": \"convnext\",\n  \"num_channels\": %d,\n  \"num_stages\": %d,\n", c->num_channels,
               c->n_stages);
    vx_buf_fmt(b, "  \"patch_size\": %d,\n  \"torch_dtype\": \"%s\",\n", c->patch_size,
               dtype == VX_ST_F16 ? "float16" : dtype == VX_ST_BF16 ? "bfloat16" : "float32");
    vx_buf_str(b, "  \"voxtrawl_untrained\": true\n}\n");
}

/* What facebook/convnext-tiny-224 says, for this image size. */
static void processor_json(struct vx_buf *b, const struct vx_config *c)
{
    vx_buf_fmt(b, "{\n  \"crop_pct\": 0.875,\n  \"do_normalize\": true,\n  \"do_rescale\": true,\n  \"do_resize\": true,\n"
                  "  \"image_mean\": [0.485, 0.456, 0.406],\n"
                  "  \"image_processor_type\": \"ConvNextImageProcessor\",\n"
                  "  \"image_std\": [0.229, 0.224, 0.225],\n  \"resample\": 3,\n"
                  "  \"rescale_factor\": 0.00392156862745098,\n  \"size\": {\"shortest_edge\": %d}\n}\n", c->image_size);
}

static enum vx_status write_text(const char *dir, const char *name, const struct vx_buf *text, struct vx_err *err)
{
    char *path = vx_file_join(dir, name);
    enum vx_status rc;

    if (!path || text->failed)
        rc = vx_fail_nomem(err, name);
    else
        rc = vx_file_write(path, text->data, text->len, err);
    free(path);
    return rc;
}

/* Generated weights may replace generated weights; what somebody trained is never written over. */
static enum vx_status check_replaceable(const char *dir, struct vx_err *err)
{
    static const char *const part[] = {"config.json", "model.safetensors", "model.safetensors.index.json"};
    struct vx_config old = {0};
    struct vx_err why;
    enum vx_status rc = vx_config_load(&old, dir, &why);

    if (rc == VX_ENOMEM)
        return vx_fail_nomem(err, dir);
    if (rc == VX_OK && old.untrained)
        goto done;
    rc = VX_OK;
    for (size_t i = 0; i < sizeof part / sizeof *part && rc == VX_OK; i++) {
        char *path = vx_file_join(dir, part[i]);
        if (!path)
            rc = vx_fail_nomem(err, "a path");
        else if (access(path, F_OK) == 0)
            rc = vx_fail(err, VX_EINVAL, "%s: holds %s, which was not generated; give another folder", dir, part[i]);
        free(path);
    }
done:
    vx_config_clear(&old);
    return rc;
}

enum vx_status vx_convnext_generate_dir(const char *dir, const struct vx_config *config, uint64_t seed,
                                        enum vx_st_dtype dtype, struct vx_err *err)
{
    char *weights = vx_file_join(dir, "model.safetensors");
    struct vx_generated g = {0};
    struct vx_buf text = {0}, processor = {0};
    enum vx_status rc;

    if (!weights) {
        rc = vx_fail_nomem(err, "a path");
        goto done;
    }
    if ((rc = vx_generated_create(&g, config, seed, err)) != VX_OK || (rc = vx_file_mkdirs(dir, err)) != VX_OK ||
        (rc = check_replaceable(dir, err)) != VX_OK)
        goto done;
    config_json(&text, &g.config, dtype);
    processor_json(&processor, &g.config);
    /* config.json first: it says "generated" should anything stop us before the rest is there */
    if ((rc = write_text(dir, "config.json", &text, err)) != VX_OK ||
        (rc = write_text(dir, "preprocessor_config.json", &processor, err)) != VX_OK)
        goto done;
    rc = vx_st_write(weights, g.tensor, g.layers.n, dtype, err);
done:
    vx_generated_clear(&g);
    vx_buf_free(&text);
    vx_buf_free(&processor);
    free(weights);
    return rc;
}
