/* test_canvas.c - drawing stays within the canvas, and letters are what they look like */
#include "tests/harness/cmocka.h"

#include "jobs/canvas.h"

#include <string.h>

#define W 20
#define H 15

static const struct vx_colour_rgb paper = {9, 9, 9}, ink = {200, 100, 50};

static struct vx_canvas fresh(void)
{
    struct vx_canvas c;
    struct vx_err err;

    assert_int_equal(vx_canvas_create(&c, W, H, paper, &err), VX_OK);
    return c;
}

static int inked(const struct vx_canvas *c, int x, int y)
{
    const uint8_t *at = c->rgb + 3 * (y * c->w + x);

    if (memcmp(at, &ink, 3) != 0)
        assert_memory_equal(at, &paper, 3);
    return memcmp(at, &ink, 3) == 0;
}

/* Blocks in, across and beyond every edge: inked is what lies in both. (The sanitizers see what goes beyond.) */
static void test_block(void **state)
{
    static const int rows[][4] = {{3, 4, 5, 6},   {0, 0, W, H},   {-3, -3, 5, 5}, {W - 2, H - 2, 9, 9}, {-50, 2, 500, 1}, {4, -50, 1, 500},
                                  {W, 0, 5, 5},   {0, H, 5, 5},   {-9, 0, 9, 9},  {5, 5, 0, 3},         {5, 5, 3, -2},    {-1000, -1000, 5, 5}};
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vx_canvas c = fresh();
        const int *r = rows[i];
        vx_canvas_block(&c, r[0], r[1], r[2], r[3], ink);
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++)
                assert_int_equal(inked(&c, x, y), x >= r[0] && x < r[0] + r[2] && y >= r[1] && y < r[1] + r[3]);
        vx_canvas_free(&c);
    }
}

static void test_image(void **state)
{
    static const int places[][2] = {{0, 0}, {-3, -2}, {W - 4, H - 3}, {W, H}, {-8, 0}, {7, 7}};
    uint8_t image[6][8][3];
    (void)state;

    for (int y = 0; y < 6; y++)
        for (int x = 0; x < 8; x++)
            memcpy(image[y][x], (x + y) % 2 ? &ink : &paper, 3);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct vx_canvas c = fresh();
        vx_canvas_image(&c, places[i][0], places[i][1], &image[0][0][0], 8, 6);
        for (int y = 0; y < H; y++) {
            for (int x = 0; x < W; x++) {
                const int u = x - places[i][0], v = y - places[i][1];
                assert_int_equal(inked(&c, x, y), u >= 0 && u < 8 && v >= 0 && v < 6 && (u + v) % 2);
            }
        }
        vx_canvas_free(&c);
    }
}

/* The canvas as text. */
static void assert_looks(const struct vx_canvas *c, int w, int h, const char *expected)
{
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            assert_int_equal(inked(c, x, y) ? '#' : '.', expected[y * w + x]);
}

static void test_text(void **state)
{
    static const char tl[] = "#####.#....."
                             "..#...#....."
                             "..#...#....."
                             "..#...#....."
                             "..#...#....."
                             "..#...#....."
                             "..#...#####.";
    static const char block[] = "#####.#####.#####.";
    (void)state;

    for (int small = 0; small < 2; small++) {
        struct vx_canvas c = fresh();
        vx_canvas_text(&c, 0, 0, 1, small ? "tl" : "TL", ink);
        assert_looks(&c, 12, 7, tl);
        vx_canvas_free(&c);
    }
    struct vx_canvas c = fresh();
    vx_canvas_text(&c, 0, 0, 1, "\xC3\xBC\x01", ink); /* what has no letter is a block, and nothing is read beyond */
    assert_looks(&c, 18, 1, block);
    vx_canvas_text(&c, -7, -3, 2, "cut off everywhere, and then much too long for it", ink);
    vx_canvas_text(&c, 5, H - 2, 3, "below", ink);
    vx_canvas_text(&c, 0, 0, 1, "", ink);
    vx_canvas_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_block), cmocka_unit_test(test_image), cmocka_unit_test(test_text)};

    return cmocka_run_group_tests_name("canvas", tests, NULL, NULL);
}
