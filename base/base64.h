/* base64.h - bytes as text (RFC 4648, with padding) */
#ifndef VX_BASE_BASE64_H
#define VX_BASE_BASE64_H

#include "base/buf.h"

void vx_base64_add(struct vx_buf *to, const void *bytes, size_t n);

#endif
