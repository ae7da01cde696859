/* A checkpoint on disk against the layer table, then folded. */
#include "model/convnext.h"
#include "base/buf.h"
#include "model/fold.h"
#include "model/layers.h"

#include <string.h>

struct checkpoint {
    struct vx_weight_source source;
    const struct vx_layers *layers;
    const struct vx_st *st;
};

static const char *shape_text(struct vx_buf *b, const int64_t *shape, int n_dims)
{
    vx_buf_reset(b);
    vx_buf_str(b, "[");
    for (int d = 0; d < n_dims; d++)
        vx_buf_fmt(b, "%s%lld", d ? ", " : "", (long long)shape[d]);
    vx_buf_str(b, "]");
    return b->failed ? "(out of memory)" : b->data;
}

static bool same_shape(const struct vx_layer_tensor *want, const struct vx_st_tensor *have)
{
    return want->n_dims == have->n_dims &&
           memcmp(want->shape, have->shape, (size_t)want->n_dims * sizeof *want->shape) == 0;
}

/* The checkpoint's tensors are the table's: none missing, none more, each of its shape. */
static enum vx_status check_tensors(const struct vx_layers *layers, const struct vx_st *st, const char *dir,
                                    struct vx_err *err)
{
    enum vx_status rc = VX_OK;
    struct vx_buf found = {0}, expected = {0};

    for (size_t i = 0; i < layers->n && rc == VX_OK; i++) {
        const struct vx_layer_tensor *want = &layers->tensor[i];
        const struct vx_st_tensor *have = vx_st_find(st, want->name);
        const char *shape = shape_text(&expected, want->shape, want->n_dims);
        if (!have)
            rc = vx_fail(err, VX_EFORMAT, "%s: %s is missing, expected it with shape %s as config.json has it",
                         vx_st_path(st, vx_st_at(st, 0)), want->name, shape);
        else if (!same_shape(want, have))
            rc = vx_fail(err, VX_EFORMAT, "%s: %s has shape %s, expected %s as config.json has it", vx_st_path(st, have),
                         want->name, shape_text(&found, have->shape, have->n_dims), shape);
    }
    /* all of the table was found, so what is more belongs to no layer */
    for (size_t k = 0; k < vx_st_count(st) && vx_st_count(st) > layers->n && rc == VX_OK; k++) {
        const struct vx_st_tensor *have = vx_st_at(st, k);
        size_t i = 0;
        while (i < layers->n && strcmp(layers->tensor[i].name, have->name) != 0)
            i++;
        if (i == layers->n)
            rc = vx_fail(err, VX_EFORMAT, "%s: %s belongs to no layer of the network in %s/config.json (%zu tensors, "
                         "expected %zu)", vx_st_path(st, have), have->name, dir, vx_st_count(st), layers->n);
    }
    vx_buf_free(&found);
    vx_buf_free(&expected);
    return rc;
}

static enum vx_status read_tensor(const struct vx_weight_source *self, size_t index, float *out, struct vx_err *err)
{
    const struct checkpoint *c = (const struct checkpoint *)(const void *)self;

    return vx_st_read(c->st, vx_st_find(c->st, c->layers->tensor[index].name), out, err);
}

enum vx_status vx_convnext_load(struct vx_convnext **out, const char *dir, struct vx_err *err)
{
    struct vx_config config = {0};
    struct vx_layers layers = {0};
    struct vx_convnext *net = NULL;
    struct vx_st *st = NULL;
    enum vx_status rc;

    *out = NULL;
    if ((rc = vx_config_load(&config, dir, err)) != VX_OK || (rc = vx_layers_create(&layers, &config, err)) != VX_OK ||
        (rc = vx_st_open_dir(&st, dir, err)) != VX_OK || (rc = check_tensors(&layers, st, dir, err)) != VX_OK)
        goto done;
    const struct checkpoint c = {.source = {read_tensor, dir}, .layers = &layers, .st = st};
    if ((rc = vx_convnext_fold(&net, &config, &layers, &c.source, err)) != VX_OK ||
        (rc = vx_st_sha256(st, net->sha256, err)) != VX_OK)
        goto done;
    *out = net;
    net = NULL; /* now the caller's */
done:
    vx_convnext_destroy(&net);
    vx_st_close(&st);
    vx_layers_clear(&layers);
    vx_config_clear(&config);
    return rc;
}
