/* sha256.h - SHA-256 of files and of pieces of data, as lower-case hex (OpenSSL's libcrypto underneath) */
#ifndef VX_BASE_SHA256_H
#define VX_BASE_SHA256_H

#include "base/err.h"

#include <stddef.h>

#define VX_SHA256_HEX 65 /* 64 digits and the NUL */

struct vx_sha256;

enum vx_status vx_sha256_create(struct vx_sha256 **out, struct vx_err *err) VX_CHECKED;
void vx_sha256_add(struct vx_sha256 *h, const void *data, size_t len);
void vx_sha256_finish(struct vx_sha256 **h, char hex[VX_SHA256_HEX]); /* writes the digest and destroys *h */

enum vx_status vx_sha256_bytes(const void *data, size_t len, char hex[VX_SHA256_HEX], struct vx_err *err) VX_CHECKED;
enum vx_status vx_sha256_file(const char *path, char hex[VX_SHA256_HEX], struct vx_err *err) VX_CHECKED;

#endif
