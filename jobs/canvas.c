#include "jobs/canvas.h"
#include "base/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Five columns by seven rows, a row a number, the leftmost column its highest bit. */
struct glyph {
    char c;
    uint8_t row[VX_GLYPH_H];
};

static const struct glyph glyphs[] = {
    {'0', {14, 17, 19, 21, 25, 17, 14}}, {'1', {4, 12, 4, 4, 4, 4, 14}},      {'2', {14, 17, 1, 2, 4, 8, 31}},
    {'3', {31, 2, 4, 2, 1, 17, 14}},     {'4', {2, 6, 10, 18, 31, 2, 2}},     {'5', {31, 16, 30, 1, 1, 17, 14}},
    {'6', {6, 8, 16, 30, 17, 17, 14}},   {'7', {31, 1, 2, 4, 8, 8, 8}},       {'8', {14, 17, 17, 14, 17, 17, 14}},
    {'9', {14, 17, 17, 15, 1, 2, 12}},   {'A', {14, 17, 17, 31, 17, 17, 17}}, {'B', {30, 17, 17, 30, 17, 17, 30}},
    {'C', {14, 17, 16, 16, 16, 17, 14}}, {'D', {28, 18, 17, 17, 17, 18, 28}}, {'E', {31, 16, 16, 30, 16, 16, 31}},
    {'F', {31, 16, 16, 30, 16, 16, 16}}, {'G', {14, 17, 16, 23, 17, 17, 15}}, {'H', {17, 17, 17, 31, 17, 17, 17}},
    {'I', {14, 4, 4, 4, 4, 4, 14}},      {'J', {7, 2, 2, 2, 2, 18, 12}},      {'K', {17, 18, 20, 24, 20, 18, 17}},
    {'L', {16, 16, 16, 16, 16, 16, 31}}, {'M', {17, 27, 21, 21, 17, 17, 17}}, {'N', {17, 17, 25, 21, 19, 17, 17}},
    {'O', {14, 17, 17, 17, 17, 17, 14}}, {'P', {30, 17, 17, 30, 16, 16, 16}}, {'Q', {14, 17, 17, 17, 21, 18, 13}},
    {'R', {30, 17, 17, 30, 20, 18, 17}}, {'S', {15, 16, 16, 14, 1, 1, 30}},   {'T', {31, 4, 4, 4, 4, 4, 4}},
    {'U', {17, 17, 17, 17, 17, 17, 14}}, {'V', {17, 17, 17, 17, 17, 10, 4}},  {'W', {17, 17, 17, 21, 21, 21, 10}},
    {'X', {17, 17, 10, 4, 10, 17, 17}},  {'Y', {17, 17, 17, 10, 4, 4, 4}},    {'Z', {31, 1, 2, 4, 8, 16, 31}},
    {' ', {0, 0, 0, 0, 0, 0, 0}},        {'.', {0, 0, 0, 0, 0, 12, 12}},      {',', {0, 0, 0, 0, 12, 4, 8}},
    {':', {0, 12, 12, 0, 12, 12, 0}},    {';', {0, 12, 12, 0, 12, 4, 8}},     {'-', {0, 0, 0, 31, 0, 0, 0}},
    {'_', {0, 0, 0, 0, 0, 0, 31}},       {'/', {0, 1, 2, 4, 8, 16, 0}},       {'(', {2, 4, 8, 8, 8, 4, 2}},
    {')', {8, 4, 2, 2, 2, 4, 8}},        {'%', {24, 25, 2, 4, 8, 19, 3}},     {'#', {10, 10, 31, 10, 31, 10, 10}},
    {'=', {0, 0, 31, 0, 31, 0, 0}},      {'+', {0, 4, 4, 31, 4, 4, 0}},       {'\'', {12, 4, 8, 0, 0, 0, 0}},
    {'!', {4, 4, 4, 4, 4, 0, 4}},        {'?', {14, 17, 1, 2, 4, 0, 4}},      {'<', {2, 4, 8, 16, 8, 4, 2}},
    {'>', {8, 4, 2, 1, 2, 4, 8}},        {'*', {0, 4, 21, 14, 21, 4, 0}},
};

enum vx_status vx_canvas_create(struct vx_canvas *p, int w, int h, struct vx_colour_rgb paper, struct vx_err *err)
{
    *p = (struct vx_canvas){.w = w, .h = h};
    p->rgb = vx_calloc((size_t)w * (size_t)h, 3);
    if (!p->rgb)
        return vx_fail_nomem(err, "a picture");
    vx_canvas_block(p, 0, 0, w, h, paper);
    return VX_OK;
}

void vx_canvas_free(struct vx_canvas *p)
{
    free(p->rgb);
    *p = (struct vx_canvas){0};
}

void vx_canvas_block(struct vx_canvas *p, int x, int y, int w, int h, struct vx_colour_rgb c)
{
    const int x1 = x + w < p->w ? x + w : p->w, y1 = y + h < p->h ? y + h : p->h;

    for (int j = y > 0 ? y : 0; j < y1; j++) {
        for (int i = x > 0 ? x : 0; i < x1; i++) {
            uint8_t *at = p->rgb + 3 * ((size_t)j * (size_t)p->w + (size_t)i);
            at[0] = c.r;
            at[1] = c.g;
            at[2] = c.b;
        }
    }
}

void vx_canvas_image(struct vx_canvas *p, int x, int y, const uint8_t *rgb, int w, int h)
{
    for (int j = 0; j < h; j++) {
        for (int i = 0; i < w; i++) {
            if (x + i < 0 || x + i >= p->w || y + j < 0 || y + j >= p->h)
                continue;
            memcpy(p->rgb + 3 * ((size_t)(y + j) * (size_t)p->w + (size_t)(x + i)),
                   rgb + 3 * ((size_t)j * (size_t)w + (size_t)i), 3);
        }
    }
}

static const uint8_t *find_glyph(char c)
{
    static const uint8_t block[VX_GLYPH_H] = {31, 31, 31, 31, 31, 31, 31};

    for (size_t i = 0; i < sizeof glyphs / sizeof *glyphs; i++)
        if (glyphs[i].c == toupper((unsigned char)c))
            return glyphs[i].row;
    return block;
}

void vx_canvas_text(struct vx_canvas *p, int x, int y, int scale, const char *text, struct vx_colour_rgb c)
{
    for (; *text; text++, x += VX_GLYPH_W * scale) {
        const uint8_t *row = find_glyph(*text);
        for (int j = 0; j < VX_GLYPH_H; j++)
            for (int i = 0; i < 5; i++)
                if (row[j] >> (4 - i) & 1)
                    vx_canvas_block(p, x + i * scale, y + j * scale, scale, scale, c);
    }
}
