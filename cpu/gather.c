#include "cpu/gather.h"

void vx_gather_patches(const uint8_t *image, const float table[3][256], int side, int patch, float *rows)
{
    const size_t width = (size_t)side * patch * 3; /* of an image row, bytes */
    float *to = rows;

    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++)
            for (int ky = 0; ky < patch; ky++) {
                const uint8_t *from = image + ((size_t)y * patch + ky) * width + (size_t)x * patch * 3;
                for (int kx = 0; kx < patch; kx++, from += 3, to += 3) {
                    to[0] = table[0][from[0]];
                    to[1] = table[1][from[1]];
                    to[2] = table[2][from[2]];
                }
            }
}

void vx_gather_norm(const struct vx_kernels *kernels, const struct vx_norm *norm, const float *map, int side,
                    void *rows, enum vx_type type)
{
    const size_t c = (size_t)norm->channels, pair = 2 * c * vx_type_size(type);
    struct vx_norm pairs = *norm;

    pairs.run = 2; /* two pixels side by side are so in the product's row as well; behind them is room for
                      those below */
    pairs.skip = pair;
    for (int y = 0; y < 2 * side; y++)
        kernels->norm(&pairs, map + (size_t)y * 2 * (size_t)side * c,
                      (char *)rows + (size_t)(y / 2) * (size_t)side * 2 * pair + (size_t)(y % 2) * pair, type,
                      2 * (size_t)side);
}
