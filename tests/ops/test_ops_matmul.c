/* Matrix products against the reference: ragged shapes, every type and every operation behind the sums, by
 * own tiles where this processor has them and by oneDNN; and the GELU of the tiles against the exact one. */
#include "tests/harness/check.h"
#include "tests/harness/cmocka.h"
#include "tests/harness/tolerances.h"

#include "cpu/gelu.h"
#include "cpu/isa.h"
#include "cpu/matmul.h"
#include "cpu/tile.h"
#include "model/half.h"
#include "model/reference.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct vx_random rng;
static bool bench;

static void must(enum vx_status rc, const struct vx_err *err)
{
    if (rc != VX_OK)
        fail_msg("%s", err->text);
}

/* One product in all its arrays, as float32. */
struct operands {
    float *src, *weight, *bias, *before, *want;
};

static float *random_floats(size_t n, float scale, bool as_bf16)
{
    float *p = vx_guard_alloc(n * sizeof *p);

    vx_random_floats(&rng, p, n, scale);
    for (size_t i = 0; as_bf16 && i < n; i++)
        p[i] = vx_bf16_to_float(vx_bf16_from_float(p[i]));
    return p;
}

static void *as_type(const float *from, size_t n, enum vx_type type)
{
    void *p = vx_guard_alloc(n * vx_type_size(type));

    if (type == VX_TYPE_F32)
        memcpy(p, from, n * sizeof *from);
    for (size_t i = 0; type == VX_TYPE_BF16 && i < n; i++)
        ((uint16_t *)p)[i] = vx_bf16_from_float(from[i]);
    return p;
}

/* What is allowed for one element: VX_TOL_SUM of its sum of magnitudes, GELU's own, rounding to bf16. */
static double allowed(const struct vx_matmul_spec *s, const struct operands *o, int row, int col)
{
    double magnitude = fabs(o->bias[col]) + fabs(o->before[(size_t)row * (size_t)s->out_f + (size_t)col]);
    const double want = fabs(o->want[(size_t)row * (size_t)s->out_f + (size_t)col]);

    for (int i = 0; i < s->in_f; i++)
        magnitude += fabs((double)o->src[(size_t)row * (size_t)s->in_f + (size_t)i] *
                          o->weight[(size_t)col * (size_t)s->in_f + (size_t)i]);
    return VX_TOL_SUM(s->in_f) * magnitude + (s->post == VX_MATMUL_GELU ? VX_TOL_GELU : 0) +
           (s->dst == VX_TYPE_BF16 ? VX_TOL_BF16_ROUNDING * want : 0);
}

static void check_product_by(const struct vx_isa *isa, const struct vx_matmul_spec *s)
{
    const size_t n_src = (size_t)s->rows * (size_t)s->in_f, n_w = (size_t)s->in_f * (size_t)s->out_f,
                 n_dst = (size_t)s->rows * (size_t)s->out_f;
    const bool half = s->src == VX_TYPE_BF16;
    struct operands o = {random_floats(n_src, 2, half), random_floats(n_w, 1, half),
                         random_floats((size_t)s->out_f, 1, false), random_floats(n_dst, 1, false),
                         vx_guard_alloc(n_dst * sizeof(float))};
    void *src = as_type(o.src, n_src, s->src), *dst = as_type(o.before, n_dst, s->dst);
    struct vx_matmul_set *set = NULL;
    struct vx_matmul_lane *lane = NULL;
    struct vx_err err;
    int index;

    vx_ref_linear(o.want, o.src, o.weight, o.bias, s->rows, s->in_f, s->out_f);
    if (s->post == VX_MATMUL_GELU)
        vx_ref_gelu(o.want, n_dst);
    for (size_t i = 0; s->post == VX_MATMUL_ADD && i < n_dst; i++)
        o.want[i] += o.before[i];

    must(vx_matmul_set_create(&set, 1, isa, &err), &err);
    must(vx_matmul_add(set, s, o.weight, o.bias, &index, &err), &err);
    must(vx_matmul_lane_create(&lane, set, &err), &err);
    const int threads = vx_matmul_begin();
    must(vx_matmul_run(lane, index, src, dst, &err), &err);
    vx_matmul_end(threads);
    for (int r = 0; r < s->rows; r++)
        for (int c = 0; c < s->out_f; c++) {
            const size_t at = (size_t)r * (size_t)s->out_f + (size_t)c;
            const float got =
                s->dst == VX_TYPE_BF16 ? vx_bf16_to_float(((uint16_t *)dst)[at]) : ((float *)dst)[at];
            if (!(fabs((double)got - o.want[at]) <= allowed(s, &o, r, c)))
                fail_msg("[%d][%d]·[%d][%d] %s post %d by %s: [%d][%d] is %.9g, expected %.9g within %.2g",
                         s->rows, s->in_f, s->in_f, s->out_f, half ? "bf16" : "float32", s->post,
                         vx_matmul_kernel(set, index), r, c, got, o.want[at], allowed(s, &o, r, c));
        }
    vx_matmul_lane_destroy(&lane);
    vx_matmul_set_destroy(&set);
    vx_guard_free(o.src);
    vx_guard_free(o.weight);
    vx_guard_free(o.bias);
    vx_guard_free(o.before);
    vx_guard_free(o.want);
    vx_guard_free(src);
    vx_guard_free(dst);
}

static void check_product(const struct vx_matmul_spec *s)
{
    const struct vx_isa here = vx_isa_detect(), none = {0};

    check_product_by(&none, s);
    if (here.avx512)
        check_product_by(&here, s);
}

static void check_shapes(enum vx_type type)
{
    static const int rows[] = {1, 2, 7, 31, 49}, in[] = {1, 2, 3, 16, 27, 40, 64, 129},
                     out[] = {1, 2, 15, 32, 33, 160};

    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (size_t i = 0; i < sizeof in / sizeof *in; i++)
            for (size_t o = 0; o < sizeof out / sizeof *out; o++) {
                check_product(
                    &(struct vx_matmul_spec){rows[r], in[i], out[o], type, VX_TYPE_F32, VX_MATMUL_PLAIN});
                check_product(&(struct vx_matmul_spec){rows[r], in[i], out[o], type, type, VX_MATMUL_GELU});
                check_product(
                    &(struct vx_matmul_spec){rows[r], in[i], out[o], type, VX_TYPE_F32, VX_MATMUL_ADD});
            }
    for (int n = 1; n <= 2 * VX_TILE_ROWS + 1; n++) /* tiles of every height */
        for (int post = VX_MATMUL_PLAIN; post <= VX_MATMUL_ADD; post++) {
            const enum vx_type dst = post == VX_MATMUL_GELU ? type : VX_TYPE_F32;
            check_product(&(struct vx_matmul_spec){n, 6, 31, type, dst, post});
            check_product(&(struct vx_matmul_spec){n, 6, 9, type, dst, post});
        }
    for (int i = 0; i < 20; i++) {
        const int c = vx_random_int(&rng, 1, 200), n = vx_random_int(&rng, 1, 150);
        check_product(&(struct vx_matmul_spec){n, c, 4 * c, type, type, VX_MATMUL_GELU});
        check_product(&(struct vx_matmul_spec){n, 4 * c, c, type, VX_TYPE_F32, VX_MATMUL_ADD});
    }
    check_product(&(struct vx_matmul_spec){49, 3072, 24, type, VX_TYPE_F32, VX_MATMUL_ADD});
}

static void test_float32(void **state)
{
    (void)state;
    check_shapes(VX_TYPE_F32);
}

static bool have_bf16(void)
{
    const struct vx_matmul_spec spec = {1, 1, 1, VX_TYPE_BF16, VX_TYPE_F32, VX_MATMUL_PLAIN};
    const float one = 1;
    struct vx_matmul_set *set;
    const struct vx_isa isa = {0};
    struct vx_err err;
    int index;

    if (!vx_isa_detect().avx512_bf16)
        return false;
    must(vx_matmul_set_create(&set, 1, &isa, &err), &err);
    const enum vx_status rc = vx_matmul_add(set, &spec, &one, &one, &index, &err);
    vx_matmul_set_destroy(&set);
    if (rc != VX_EUNSUPPORTED)
        must(rc, &err);
    return rc == VX_OK;
}

static void test_bf16(void **state)
{
    (void)state;
    if (!have_bf16()) {
        print_message("SKIP: no bf16 products: no AVX512_BF16, or ONEDNN_MAX_CPU_ISA forbids it\n");
        skip();
    }
    check_shapes(VX_TYPE_BF16);
}

/* A product keeps no reference to the caller's weights, and refuses to be one too many. */
static void test_set(void **state)
{
    const struct vx_matmul_spec spec = {1, 2, 1, VX_TYPE_F32, VX_TYPE_F32, VX_MATMUL_PLAIN};
    const struct vx_isa isa = vx_isa_detect();
    float weight[] = {2, 3}, bias[] = {1}, src[] = {10, 100}, dst;
    struct vx_matmul_set *set;
    struct vx_matmul_lane *lane;
    struct vx_err err;
    int index;

    (void)state;
    must(vx_matmul_set_create(&set, 1, &isa, &err), &err);
    must(vx_matmul_add(set, &spec, weight, bias, &index, &err), &err);
    assert_int_equal(vx_matmul_add(set, &spec, weight, bias, &index, &err), VX_ELIMIT);
    memset(weight, 0, sizeof weight);
    memset(bias, 0, sizeof bias);
    must(vx_matmul_lane_create(&lane, set, &err), &err);
    const int threads = vx_matmul_begin();
    must(vx_matmul_run(lane, 0, src, &dst, &err), &err);
    vx_matmul_end(threads);
    assert_true(dst == 321);
    vx_matmul_lane_destroy(&lane);
    vx_matmul_set_destroy(&set);
    assert_null(set);
    vx_matmul_set_destroy(&set);
    vx_matmul_lane_destroy(&lane);
}

struct timed {
    struct vx_matmul_lane *lane;
    int index;
    const void *src;
    void *dst;
};

static void run_product(void *user)
{
    const struct timed *t = user;
    struct vx_err err;

    must(vx_matmul_run(t->lane, t->index, t->src, t->dst, &err), &err);
}

static void time_product(const struct vx_isa *isa, const struct vx_matmul_spec *s)
{
    const size_t n_src = (size_t)s->rows * (size_t)s->in_f, n_dst = (size_t)s->rows * (size_t)s->out_f;
    float *src = random_floats(n_src, 1, false),
          *weight = random_floats((size_t)s->in_f * (size_t)s->out_f, 0.05F, false);
    struct timed t = {.src = as_type(src, n_src, s->src),
                      .dst = vx_guard_alloc(n_dst * vx_type_size(s->dst))};
    struct vx_matmul_set *set;
    struct vx_err err;

    memset(t.dst, 0, n_dst * vx_type_size(s->dst));
    must(vx_matmul_set_create(&set, 1, isa, &err), &err);
    must(vx_matmul_add(set, s, weight, weight, &t.index, &err), &err);
    must(vx_matmul_lane_create(&t.lane, set, &err), &err);
    const int threads = vx_matmul_begin();
    const double took = vx_check_time(run_product, &t);
    vx_matmul_end(threads);
    print_message("%-20s [%3d][%4d]·[%4d][%4d] %-5s %6.1f µs, %5.0f GFLOP/s\n",
                  vx_matmul_kernel(set, t.index), s->rows, s->in_f, s->in_f, s->out_f,
                  s->post == VX_MATMUL_GELU  ? "gelu"
                  : s->post == VX_MATMUL_ADD ? "add"
                                             : "",
                  took * 1e6, 2e-9 * (double)n_src * s->out_f / took);
    vx_matmul_lane_destroy(&t.lane);
    vx_matmul_set_destroy(&set);
    vx_guard_free(src);
    vx_guard_free(weight);
    vx_guard_free((void *)(uintptr_t)t.src);
    vx_guard_free(t.dst);
}

static void test_speed(void **state)
{
    static const int shapes[][2] = {
        {392, 96}, {392, 192}, {196, 384}, {49, 768}}; /* of ConvNeXt-Tiny, one core */
    const struct vx_isa isa[] = {{0}, vx_isa_detect()};

    (void)state;
    if (!bench)
        skip();
    for (int type = VX_TYPE_F32; type <= (have_bf16() ? VX_TYPE_BF16 : VX_TYPE_F32); type++)
        for (int i = 0; i < 4; i++)
            for (int by = 0; by < (isa[1].avx512 ? 2 : 1); by++) {
                const int n = shapes[i][0], c = shapes[i][1];
                time_product(&isa[by],
                             &(struct vx_matmul_spec){n, c, 4 * c, type, VX_TYPE_F32, VX_MATMUL_PLAIN});
                time_product(&isa[by], &(struct vx_matmul_spec){n, c, 4 * c, type, type, VX_MATMUL_GELU});
                time_product(&isa[by],
                             &(struct vx_matmul_spec){n, 4 * c, c, type, VX_TYPE_F32, VX_MATMUL_ADD});
            }
}

/* The table's GELU, as the tiles evaluate it, from end to end of what bf16 and float32 can tell apart. */
static void test_gelu(void **state)
{
    static const struct {
        int degree;
        bool centred;
        double share; /* of |x| that the result may be off by */
    } cases[] = {{2, true, 4e-5}, {3, true, 8e-7}, {3, false, 1e-6}, {4, true, 1e-7}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct vx_gelu table;
        vx_gelu_fit(&table, cases[i].degree, cases[i].centred);
        for (float x = -12; x <= 12; x += 0x1p-9F) {
            const float t = fminf(fabsf(x), VX_GELU_END);
            const int segment = (int)(t / VX_GELU_WIDTH + 0.5F);
            const float u = cases[i].centred ? t - (float)segment * VX_GELU_WIDTH : t;
            float q = 0;
            for (int p = VX_GELU_MAX_DEGREE; p >= 0; p--)
                q = q * u + table.coefficient[p][segment];
            const double got = fmaxf(x, 0) - (double)t * q, want = 0.5 * x * erfc(-x * M_SQRT1_2);
            if (!(fabs(got - want) <= cases[i].share * fabs(x)))
                fail_msg("degree %d: gelu(%g) is %.9g, expected %.9g", cases[i].degree, x, got, want);
        }
    }
}

static int start(void **state)
{
    (void)state;
    rng = vx_random_start();
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_float32), cmocka_unit_test(test_bf16),
                                       cmocka_unit_test(test_gelu), cmocka_unit_test(test_set),
                                       cmocka_unit_test(test_speed)};

    bench = vx_check_bench(argc, argv);
    return cmocka_run_group_tests_name("matrix products", tests, start, NULL);
}
