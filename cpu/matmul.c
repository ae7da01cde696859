#include "cpu/matmul.h"

#include "base/mem.h"
#include "cpu/onednn.h"
#include "cpu/panels.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

struct product {
    struct vx_matmul_spec spec;
    struct vx_panels *panels; /* owned; NULL: oneDNN's, which is the rest */
    dnnl_primitive_desc_t desc;
    dnnl_primitive_t primitive;
    dnnl_memory_t weight, bias; /* own their buffers */
};

struct vx_matmul_set {
    dnnl_engine_t engine;
    dnnl_stream_t stream; /* for packing */
    struct vx_isa isa;
    int count, capacity;
    struct product *product;
};

/* oneDNN's handles on what one product reads and writes; src and dst get new addresses with every run. */
struct views {
    dnnl_memory_t src, dst, scratch;
};

struct vx_matmul_lane {
    const struct vx_matmul_set *set;
    dnnl_stream_t stream;
    struct views *views; /* [set->count] */
    void *scratch;       /* as large as any product asks for */
};

static enum vx_status failed(struct vx_err *err, const char *what, dnnl_status_t status)
{
    const enum vx_status rc = status == dnnl_unimplemented   ? VX_EUNSUPPORTED
                              : status == dnnl_out_of_memory ? VX_ENOMEM
                                                             : VX_EINVAL;
    return vx_fail(err, rc, "oneDNN: %s: %s", what, dnnl_status2str(status));
}

void vx_matmul_describe(const struct vx_matmul_set *set, char text[64])
{
    const dnnl_version_t *v = dnnl_version();
    int own = 0;

    for (int i = 0; i < set->count; i++)
        own += set->product[i].panels != NULL;
    if (own == set->count)
        snprintf(text, 64, "own products");
    else
        snprintf(text, 64, "%soneDNN %d.%d.%d", own ? "own products and " : "", v->major, v->minor, v->patch);
}

int vx_matmul_begin(void)
{
    const int threads = omp_get_max_threads();

    omp_set_num_threads(1);
    return threads;
}

void vx_matmul_end(int threads)
{
    omp_set_num_threads(threads);
}

enum vx_status vx_matmul_set_create(struct vx_matmul_set **out, int capacity, const struct vx_isa *isa,
                                    struct vx_err *err)
{
    struct vx_matmul_set *set = vx_calloc(1, sizeof *set);
    enum vx_status rc = VX_OK;
    dnnl_status_t st;

    *out = NULL;
    if (!set || !(set->product = vx_calloc((size_t)capacity, sizeof *set->product))) {
        rc = vx_fail_nomem(err, "matrix products");
        goto done;
    }
    set->capacity = capacity;
    set->isa = *isa;
    if ((st = dnnl_engine_create(&set->engine, dnnl_cpu, 0)) != dnnl_success ||
        (st = dnnl_stream_create(&set->stream, set->engine, dnnl_stream_default_flags)) != dnnl_success) {
        rc = failed(err, "CPU engine", st);
        goto done;
    }
    *out = set;
    set = NULL;
done:
    vx_matmul_set_destroy(&set);
    return rc;
}

void vx_matmul_set_destroy(struct vx_matmul_set **set)
{
    struct vx_matmul_set *s = *set;

    if (!s)
        return;
    for (int i = 0; i < s->count; i++) {
        vx_panels_destroy(&s->product[i].panels);
        dnnl_primitive_destroy(s->product[i].primitive);
        dnnl_primitive_desc_destroy(s->product[i].desc);
        dnnl_memory_destroy(s->product[i].weight);
        dnnl_memory_destroy(s->product[i].bias);
    }
    dnnl_stream_destroy(s->stream);
    dnnl_engine_destroy(s->engine);
    free(s->product);
    free(s);
    *set = NULL;
}

static dnnl_data_type_t data_type(enum vx_type type)
{
    return type == VX_TYPE_BF16 ? dnnl_bf16 : dnnl_f32;
}

/* What follows the sums; and float32 products stay float32 whatever ONEDNN_DEFAULT_FPMATH_MODE says. */
static dnnl_status_t make_attr(dnnl_primitive_attr_t *out, enum vx_matmul_post post)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_post_ops_t ops = NULL;
    dnnl_status_t st;

    if ((st = dnnl_primitive_attr_create(&attr)) != dnnl_success ||
        (st = dnnl_post_ops_create(&ops)) != dnnl_success)
        goto done;
    if (post == VX_MATMUL_GELU)
        st = vx_onednn_append_gelu(ops);
    else if (post == VX_MATMUL_ADD)
        st = vx_onednn_append_sum(ops);
    if (st != dnnl_success || (st = dnnl_primitive_attr_set_post_ops(attr, ops)) != dnnl_success ||
        (st = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user)) != dnnl_success ||
        (st = dnnl_primitive_attr_set_fpmath_mode(attr, dnnl_fpmath_mode_strict)) != dnnl_success)
        goto done;
    *out = attr;
    attr = NULL;
done:
    dnnl_post_ops_destroy(ops);
    dnnl_primitive_attr_destroy(attr);
    return st;
}

static dnnl_status_t make_primitive(struct product *p, dnnl_engine_t engine)
{
    const struct vx_matmul_spec *s = &p->spec;
    const dnnl_dims_t src_dims = {s->rows, s->in_f}, weight_dims = {s->in_f, s->out_f},
                      bias_dims = {1, s->out_f}, dst_dims = {s->rows, s->out_f};
    vx_layout src = {0}, weight = {0}, bias = {0}, dst = {0};
    dnnl_primitive_attr_t attr = NULL;
    dnnl_status_t st;

    if ((st = make_attr(&attr, s->post)) != dnnl_success ||
        (st = vx_layout_create(&src, src_dims, data_type(s->src), dnnl_ab)) != dnnl_success ||
        (st = vx_layout_create(&weight, weight_dims, data_type(s->src), dnnl_format_tag_any)) !=
            dnnl_success ||
        (st = vx_layout_create(&bias, bias_dims, dnnl_f32, dnnl_ab)) != dnnl_success ||
        (st = vx_layout_create(&dst, dst_dims, data_type(s->dst), dnnl_ab)) != dnnl_success ||
        (st = vx_onednn_matmul(&p->desc, engine, &src, &weight, &bias, &dst, attr)) != dnnl_success)
        goto done;
    st = dnnl_primitive_create(&p->primitive, p->desc);
done:
    vx_layout_destroy(&src);
    vx_layout_destroy(&weight);
    vx_layout_destroy(&bias);
    vx_layout_destroy(&dst);
    dnnl_primitive_attr_destroy(attr);
    return st;
}

static dnnl_status_t execute(dnnl_primitive_t primitive, dnnl_stream_t stream, int n,
                             const dnnl_exec_arg_t *args)
{
    const dnnl_status_t st = dnnl_primitive_execute(primitive, stream, n, args);

    return st == dnnl_success ? dnnl_stream_wait(stream) : st;
}

/* from, plain float32 of the dimensions and order given, into a memory of oneDNN's own laid out as `to`;
 * NULL: as it is. */
static dnnl_status_t pack(dnnl_memory_t *out, const struct vx_matmul_set *set, const float *from,
                          const dnnl_dims_t dims, dnnl_format_tag_t order, const_vx_layout to)
{
    dnnl_primitive_desc_t desc = NULL;
    dnnl_primitive_t reorder = NULL;
    dnnl_memory_t src = NULL;
    vx_layout plain = {0};
    dnnl_status_t st;

    if ((st = vx_layout_create(&plain, dims, dnnl_f32, order)) != dnnl_success)
        goto done;
    if (!to)
        to = vx_layout_of(&plain);
    /* oneDNN takes the address as writable but only reads a reorder's source */
    if ((st = dnnl_memory_create(&src, vx_layout_of(&plain), set->engine, (void *)(uintptr_t)from)) !=
            dnnl_success ||
        (st = dnnl_memory_create(out, to, set->engine, DNNL_MEMORY_ALLOCATE)) != dnnl_success ||
        (st = dnnl_reorder_primitive_desc_create(&desc, vx_layout_of(&plain), set->engine, to, set->engine,
                                                 NULL)) != dnnl_success ||
        (st = dnnl_primitive_create(&reorder, desc)) != dnnl_success)
        goto done;
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, src}, {DNNL_ARG_TO, *out}};
    st = execute(reorder, set->stream, 2, args);
done:
    dnnl_primitive_destroy(reorder);
    dnnl_primitive_desc_destroy(desc);
    dnnl_memory_destroy(src);
    vx_layout_destroy(&plain);
    return st;
}

static dnnl_status_t pack_weights(struct product *p, const struct vx_matmul_set *set, const float *weight,
                                  const float *bias)
{
    const dnnl_dims_t weight_dims = {p->spec.in_f, p->spec.out_f}, bias_dims = {1, p->spec.out_f};
    const_vx_layout packed = dnnl_primitive_desc_query_md(p->desc, dnnl_query_weights_md, 0);
    /* weight [out][in] is the matrix [in][out] stored column by column: "ba" */
    const dnnl_status_t st = pack(&p->weight, set, weight, weight_dims, dnnl_ba, packed);

    return st == dnnl_success ? pack(&p->bias, set, bias, bias_dims, dnnl_ab, NULL) : st;
}

static enum vx_status add_to_onednn(struct product *p, const struct vx_matmul_set *set, const float *weight,
                                    const float *bias, struct vx_err *err)
{
    const int threads = vx_matmul_begin();
    dnnl_status_t st = make_primitive(p, set->engine);

    if (st == dnnl_success)
        st = pack_weights(p, set, weight, bias);
    vx_matmul_end(threads);
    if (st != dnnl_success) {
        const struct vx_matmul_spec *s = &p->spec;
        char what[128];
        snprintf(what, sizeof what, "product of [%d][%d] by [%d][%d] in %s", s->rows, s->in_f, s->in_f,
                 s->out_f, s->src == VX_TYPE_BF16 ? "bf16" : "float32");
        return failed(err, what, st);
    }
    return VX_OK;
}

enum vx_status vx_matmul_add(struct vx_matmul_set *set, const struct vx_matmul_spec *spec,
                             const float *weight, const float *bias, int *index, struct vx_err *err)
{
    struct product *p;

    if (set->count == set->capacity)
        return vx_fail(err, VX_ELIMIT, "more than %d matrix products", set->capacity);
    p = &set->product[set->count];
    p->spec = *spec;
    *index = set->count++; /* from here on the set's destructor releases it */
    if (vx_panels_can(&set->isa, spec))
        return vx_panels_create(&p->panels, &set->isa, spec, weight, bias, err);
    return add_to_onednn(p, set, weight, bias, err);
}

const char *vx_matmul_kernel(const struct vx_matmul_set *set, int index)
{
    const struct product *p = &set->product[index];
    const char *name = NULL;

    if (p->panels)
        return vx_panels_name(p->panels);
    if (dnnl_primitive_desc_query(p->desc, dnnl_query_impl_info_str, 0, &name) != dnnl_success)
        return "unknown";
    return name;
}

static dnnl_status_t create_views(struct views *v, const struct product *p, dnnl_engine_t engine,
                                  void *scratch)
{
    const_vx_layout src = dnnl_primitive_desc_query_md(p->desc, dnnl_query_src_md, 0),
                    dst = dnnl_primitive_desc_query_md(p->desc, dnnl_query_dst_md, 0),
                    pad = dnnl_primitive_desc_query_md(p->desc, dnnl_query_scratchpad_md, 0);
    dnnl_status_t st;

    if ((st = dnnl_memory_create(&v->src, src, engine, DNNL_MEMORY_NONE)) != dnnl_success ||
        (st = dnnl_memory_create(&v->dst, dst, engine, DNNL_MEMORY_NONE)) != dnnl_success)
        return st;
    return dnnl_memory_create(&v->scratch, pad, engine, scratch);
}

enum vx_status vx_matmul_lane_create(struct vx_matmul_lane **out, const struct vx_matmul_set *set,
                                     struct vx_err *err)
{
    struct vx_matmul_lane *lane = vx_calloc(1, sizeof *lane);
    enum vx_status rc = VX_OK;
    size_t scratch = 0;
    dnnl_status_t st;

    *out = NULL;
    for (int i = 0; i < set->count; i++) {
        if (set->product[i].panels)
            continue;
        const size_t size = dnnl_memory_desc_get_size(
            dnnl_primitive_desc_query_md(set->product[i].desc, dnnl_query_scratchpad_md, 0));
        scratch = size > scratch ? size : scratch;
    }
    if (!lane || !(lane->views = vx_calloc((size_t)set->count, sizeof *lane->views)) ||
        !(lane->scratch = vx_calloc(scratch, 1))) {
        rc = vx_fail_nomem(err, "a lane's matrix products");
        goto done;
    }
    lane->set = set;
    if ((st = dnnl_stream_create(&lane->stream, set->engine, dnnl_stream_default_flags)) != dnnl_success) {
        rc = failed(err, "stream", st);
        goto done;
    }
    for (int i = 0; i < set->count; i++)
        if (!set->product[i].panels && (st = create_views(&lane->views[i], &set->product[i], set->engine,
                                                          lane->scratch)) != dnnl_success) {
            rc = failed(err, "memory", st);
            goto done;
        }
    *out = lane;
    lane = NULL;
done:
    vx_matmul_lane_destroy(&lane);
    return rc;
}

void vx_matmul_lane_destroy(struct vx_matmul_lane **lane)
{
    struct vx_matmul_lane *l = *lane;

    if (!l)
        return;
    for (int i = 0; l->set && i < l->set->count; i++) {
        dnnl_memory_destroy(l->views[i].src);
        dnnl_memory_destroy(l->views[i].dst);
        dnnl_memory_destroy(l->views[i].scratch);
    }
    dnnl_stream_destroy(l->stream);
    free(l->views);
    free(l->scratch);
    free(l);
    *lane = NULL;
}

enum vx_status vx_matmul_run(struct vx_matmul_lane *lane, int index, const void *src, void *dst,
                             struct vx_err *err)
{
    const struct product *p = &lane->set->product[index];
    const struct views *v = &lane->views[index];
    dnnl_status_t st;

    if (p->panels) {
        /* products were added in the order in which the network runs them */
        vx_panels_run(p->panels, index + 1 < lane->set->count ? p[1].panels : NULL, src, dst);
        return VX_OK;
    }
    if ((st = vx_onednn_point(v->src, (void *)(uintptr_t)src, lane->stream)) != dnnl_success ||
        (st = vx_onednn_point(v->dst, dst, lane->stream)) != dnnl_success)
        return failed(err, "address", st);
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_SRC, v->src},
                                    {DNNL_ARG_WEIGHTS, p->weight},
                                    {DNNL_ARG_BIAS, p->bias},
                                    {DNNL_ARG_DST, v->dst},
                                    {DNNL_ARG_SCRATCHPAD, v->scratch}};
    if ((st = execute(p->primitive, lane->stream, (int)(sizeof args / sizeof *args), args)) != dnnl_success)
        return failed(err, "product", st);
    return VX_OK;
}
