/* picture.h - the test images of tests/golden/network.py, made again by the same formula in integers */
#ifndef VX_TESTS_PICTURE_H
#define VX_TESTS_PICTURE_H

#include <stdint.h>

void vx_test_picture(int number, int size, uint8_t *image); /* image [size][size][3] */

#endif
