#include "base/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void vx_base64_add(struct vx_buf *to, const void *bytes, size_t n)
{
    const unsigned char *in = bytes;

    for (; n > 0; in += 3) {
        const size_t here = n < 3 ? n : 3;
        const unsigned long v = (unsigned long)in[0] << 16 | (here > 1 ? (unsigned long)in[1] << 8 : 0) | (here > 2 ? in[2] : 0);
        const char text[4] = {digits[v >> 18], digits[v >> 12 & 63], here > 1 ? digits[v >> 6 & 63] : '=',
                              here > 2 ? digits[v & 63] : '='};
        vx_buf_add(to, text, sizeof text);
        n -= here;
    }
}
