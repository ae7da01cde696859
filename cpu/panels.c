#include "cpu/panels.h"

#include "base/mem.h"
#include "cpu/tile.h"
#include "model/half.h"

#include <stdlib.h>
#include <string.h>

#define PANEL (VX_TILE_VECTORS * VX_TILE_LANES)
#define STEP 4 /* bytes of a row that a step takes */

struct vx_panels {
    const struct vx_tiles *tiles;
    struct vx_matmul_spec spec;
    size_t steps;
    int count;         /* panels */
    int narrow;        /* the last panel has one vector */
    int blocks, extra; /* rows go in `blocks` of rows/blocks, the first `extra` of them one more */
    char *weight;      /* owned: [panel][step][column] of STEP bytes */
    float *bias;       /* owned: [count·PANEL], zeros behind out_f */
    struct vx_gelu gelu;
};

static const struct vx_tiles *tiles_for(const struct vx_isa *isa, enum vx_type type)
{
#if defined(__x86_64__)
    /* oneDNN's products on a processor with AMX are several times as fast as any without */
    if (type == VX_TYPE_BF16 && isa->avx512_bf16 && !isa->amx_bf16)
        return &vx_tiles_avx512_bf16;
    if (type == VX_TYPE_F32 && isa->avx512)
        return &vx_tiles_avx512;
#endif
    (void)isa;
    (void)type;
    return NULL;
}

bool vx_panels_can(const struct vx_isa *isa, const struct vx_matmul_spec *spec)
{
    const enum vx_type leaves = spec->post == VX_MATMUL_GELU ? spec->src : VX_TYPE_F32;

    return tiles_for(isa, spec->src) && spec->dst == leaves &&
           (size_t)spec->in_f * vx_type_size(spec->src) % STEP == 0;
}

/* weight [out_f][in_f] into panels; what is behind the last column stays zero. */
static void pack(struct vx_panels *p, const float *weight)
{
    const size_t in_f = (size_t)p->spec.in_f, per_step = STEP / vx_type_size(p->spec.src);

    for (int o = 0; o < p->spec.out_f; o++) {
        const int panel = o / PANEL, width = panel == p->count - 1 && p->narrow ? VX_TILE_LANES : PANEL;
        char *at = p->weight + (size_t)panel * PANEL * p->steps * STEP + (size_t)(o % PANEL) * STEP;
        for (size_t i = 0; i < in_f; i++) {
            const float w = weight[(size_t)o * in_f + i];
            const uint16_t half = vx_bf16_from_float(w);
            char *to = at + i / per_step * (size_t)width * STEP + i % per_step * (STEP / per_step);
            if (p->spec.src == VX_TYPE_BF16)
                memcpy(to, &half, sizeof half);
            else
                memcpy(to, &w, sizeof w);
        }
    }
}

enum vx_status vx_panels_create(struct vx_panels **out, const struct vx_isa *isa,
                                const struct vx_matmul_spec *spec, const float *weight, const float *bias,
                                struct vx_err *err)
{
    struct vx_panels *p = vx_calloc(1, sizeof *p);
    enum vx_status rc = VX_OK;

    *out = NULL;
    if (!p) {
        rc = vx_fail_nomem(err, "a matrix product");
        goto done;
    }
    p->tiles = tiles_for(isa, spec->src);
    p->spec = *spec;
    p->steps = (size_t)spec->in_f * vx_type_size(spec->src) / STEP;
    p->count = (spec->out_f + PANEL - 1) / PANEL;
    p->narrow = (spec->out_f - 1) % PANEL < VX_TILE_LANES;
    p->blocks = (spec->rows + VX_TILE_ROWS - 1) / VX_TILE_ROWS;
    p->extra = spec->rows % p->blocks;
    if (!(p->weight = vx_calloc((size_t)p->count * PANEL, p->steps * STEP)) ||
        !(p->bias = vx_calloc((size_t)p->count * PANEL, sizeof *p->bias))) {
        rc = vx_fail_nomem(err, "a matrix product's weights");
        goto done;
    }
    pack(p, weight);
    memcpy(p->bias, bias, (size_t)spec->out_f * sizeof *bias);
    if (spec->post == VX_MATMUL_GELU)
        vx_gelu_fit(&p->gelu, p->tiles->gelu_degree, p->tiles->gelu_centred);
    *out = p;
    p = NULL;
done:
    vx_panels_destroy(&p);
    return rc;
}

void vx_panels_destroy(struct vx_panels **panels)
{
    struct vx_panels *p = *panels;

    if (!p)
        return;
    free(p->weight);
    free(p->bias);
    free(p);
    *panels = NULL;
}

const char *vx_panels_name(const struct vx_panels *panels)
{
    return panels->tiles->name;
}

/* All rows by the columns of one panel. next: the weights to come, of which each block of rows fetches a part. */
static void run_panel(const struct vx_panels *p, int panel, const char *next, const char *src, char *dst)
{
    const struct vx_matmul_spec *s = &p->spec;
    const size_t bytes = PANEL * p->steps * STEP;
    const int vectors = panel == p->count - 1 && p->narrow ? 1 : VX_TILE_VECTORS,
              columns = s->out_f - panel * PANEL - (vectors - 1) * VX_TILE_LANES;
    struct vx_tile t = {
        .src = src,
        .src_stride = p->steps * STEP,
        .weight = p->weight + (size_t)panel * bytes,
        .steps = p->steps,
        .bias = p->bias + (size_t)panel * PANEL,
        .dst = dst + (size_t)panel * PANEL * vx_type_size(s->dst),
        .dst_stride = (size_t)s->out_f * vx_type_size(s->dst),
        .last = (uint16_t)((1U << (columns < VX_TILE_LANES ? columns : VX_TILE_LANES)) - 1),
        .next = next,
        .next_step = (PANEL * STEP + (size_t)p->blocks - 1) / (size_t)p->blocks,
        .gelu = &p->gelu,
    };

    for (int b = 0; b < p->blocks; b++) {
        const int rows = s->rows / p->blocks + (b < p->extra);
        p->tiles->run[s->post][vectors - 1][rows - 1](&t);
        t.src += (size_t)rows * t.src_stride;
        t.dst += (size_t)rows * t.dst_stride;
        t.next += p->steps * t.next_step;
    }
}

void vx_panels_run(const struct vx_panels *panels, const struct vx_panels *then, const void *src, void *dst)
{
    const size_t bytes = PANEL * panels->steps * STEP;

    for (int i = 0; i < panels->count; i++) {
        const char *next = i + 1 < panels->count ? panels->weight + (size_t)(i + 1) * bytes
                           : then                ? then->weight
                                                 : panels->weight;
        run_panel(panels, i, next, src, dst);
    }
}
