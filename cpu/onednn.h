/* onednn.h - the few calls of oneDNN whose form changed from version 2 to 3, under one name; for matmul.c
 * alone A vx_layout is a memory descriptor of ours, to be destroyed; a const_vx_layout is one that oneDNN
 * keeps. */
#ifndef VX_CPU_ONEDNN_H
#define VX_CPU_ONEDNN_H

#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>

#if DNNL_VERSION_MAJOR >= 3

typedef dnnl_memory_desc_t vx_layout;
typedef const_dnnl_memory_desc_t const_vx_layout;

static inline const_vx_layout vx_layout_of(const vx_layout *layout)
{
    return *layout;
}

static inline dnnl_status_t vx_layout_create(vx_layout *out, const dnnl_dims_t dims, dnnl_data_type_t type,
                                             dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_create_with_tag(out, 2, dims, type, tag);
}

static inline void vx_layout_destroy(vx_layout *layout)
{
    dnnl_memory_desc_destroy(*layout);
}

static inline dnnl_status_t vx_onednn_matmul(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
                                             const vx_layout *src, const vx_layout *weight,
                                             const vx_layout *bias, const vx_layout *dst,
                                             const_dnnl_primitive_attr_t attr)
{
    return dnnl_matmul_primitive_desc_create(out, engine, *src, *weight, *bias, *dst, attr);
}

static inline dnnl_status_t vx_onednn_append_gelu(dnnl_post_ops_t ops)
{
    return dnnl_post_ops_append_eltwise(ops, dnnl_eltwise_gelu_erf, 0, 0);
}

static inline dnnl_status_t vx_onednn_append_sum(dnnl_post_ops_t ops)
{
    return dnnl_post_ops_append_sum(ops, 1, 0, dnnl_data_type_undef);
}

static inline dnnl_status_t vx_onednn_point(dnnl_memory_t memory, void *at, dnnl_stream_t stream)
{
    (void)stream;
    return dnnl_memory_set_data_handle(memory, at);
}

#else

typedef dnnl_memory_desc_t vx_layout;
typedef const dnnl_memory_desc_t *const_vx_layout;

static inline const_vx_layout vx_layout_of(const vx_layout *layout)
{
    return layout;
}

static inline dnnl_status_t vx_layout_create(vx_layout *out, const dnnl_dims_t dims, dnnl_data_type_t type,
                                             dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_init_by_tag(out, 2, dims, type, tag);
}

static inline void vx_layout_destroy(vx_layout *layout)
{
    (void)layout; /* a plain struct */
}

static inline dnnl_status_t vx_onednn_matmul(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
                                             const vx_layout *src, const vx_layout *weight,
                                             const vx_layout *bias, const vx_layout *dst,
                                             const_dnnl_primitive_attr_t attr)
{
    dnnl_matmul_desc_t op;
    const dnnl_status_t st = dnnl_matmul_desc_init(&op, src, weight, bias, dst);

    return st == dnnl_success ? dnnl_primitive_desc_create(out, &op, attr, engine, NULL) : st;
}

static inline dnnl_status_t vx_onednn_append_gelu(dnnl_post_ops_t ops)
{
    return dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_gelu_erf, 0, 0);
}

static inline dnnl_status_t vx_onednn_append_sum(dnnl_post_ops_t ops)
{
    return dnnl_post_ops_append_sum(ops, 1);
}

static inline dnnl_status_t vx_onednn_point(dnnl_memory_t memory, void *at, dnnl_stream_t stream)
{
    return dnnl_memory_set_data_handle_v2(memory, at, stream);
}

#endif

#endif
