#include "tests/harness/picture.h"

#include <stdlib.h>

/* a mod 512 as Python has it: 0…511 for negative numbers too */
static int triangle(int a)
{
    return abs((a % 512 + 512) % 512 - 256);
}

void vx_test_picture(int number, int size, uint8_t *image)
{
    for (int y = 0; y < size; y++)
        for (int x = 0; x < size; x++)
            for (int c = 0; c < 3; c++) {
                const int a = triangle((number + 2) * (c + 1) * x + (number * 5 + 3) * y + 64 * number);
                const int b = triangle(7 * x * (c + 2) - (number * 3 + c) * y * 2 + 200 * c);
                const int ramp = (x + y * (number % 3)) * 255 / (3 * size);
                *image++ = (uint8_t)((2 * a + b + ramp * (number % 4)) / 6 % 256);
            }
}
