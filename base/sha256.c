#include "base/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct vx_sha256 {
    EVP_MD_CTX *ctx;
};

enum vx_status vx_sha256_create(struct vx_sha256 **out, struct vx_err *err)
{
    struct vx_sha256 *h = calloc(1, sizeof *h);

    *out = NULL;
    if (!h || !(h->ctx = EVP_MD_CTX_new()) || !EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL)) {
        if (h)
            EVP_MD_CTX_free(h->ctx);
        free(h);
        return vx_fail_nomem(err, "SHA-256");
    }
    *out = h;
    return VX_OK;
}

void vx_sha256_add(struct vx_sha256 *h, const void *data, size_t len)
{
    EVP_DigestUpdate(h->ctx, data, len);
}

void vx_sha256_finish(struct vx_sha256 **h, char hex[VX_SHA256_HEX])
{
    unsigned char digest[32];

    EVP_DigestFinal_ex((*h)->ctx, digest, NULL);
    for (int i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    EVP_MD_CTX_free((*h)->ctx);
    free(*h);
    *h = NULL;
}

enum vx_status vx_sha256_bytes(const void *data, size_t len, char hex[VX_SHA256_HEX], struct vx_err *err)
{
    struct vx_sha256 *h;
    enum vx_status rc = vx_sha256_create(&h, err);

    if (rc != VX_OK)
        return rc;
    vx_sha256_add(h, data, len);
    vx_sha256_finish(&h, hex);
    return VX_OK;
}

enum vx_status vx_sha256_file(const char *path, char hex[VX_SHA256_HEX], struct vx_err *err)
{
    const size_t chunk = 1 << 20;
    struct vx_sha256 *h = NULL;
    enum vx_status rc = VX_OK;
    char *buffer = malloc(chunk);
    ssize_t n = 0;
    int fd;

    if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0) {
        rc = vx_fail_sys(err, "open %s", path);
        goto done;
    }
    if (!buffer) {
        rc = vx_fail_nomem(err, path);
        goto done;
    }
    if ((rc = vx_sha256_create(&h, err)) != VX_OK)
        goto done;
    while ((n = read(fd, buffer, chunk)) != 0) {
        if (n < 0 && errno != EINTR) {
            rc = vx_fail_sys(err, "read %s", path);
            break;
        }
        if (n > 0)
            vx_sha256_add(h, buffer, (size_t)n);
    }
    vx_sha256_finish(&h, hex);
done:
    free(buffer);
    if (fd >= 0)
        close(fd);
    return rc;
}
