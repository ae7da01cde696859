#include "base/hash.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

struct vx_hash {
    struct vx_hash_rule rule;
    XXH3_state_t *xxh3;
    EVP_MD_CTX *sha256;
    bool failed; /* no memory for what was added since begin */
};

/* By of (BYTES, PCM) and sha256. */
static const char *const prefixes[2][2] = {{"xxh3:", "sha256:"}, {"pcm-xxh3:", "pcm-sha256:"}};

enum vx_status vx_hash_rule_of(const char *text, struct vx_hash_rule *rule, struct vx_err *err)
{
    for (int of = 0; of < 2; of++) {
        for (int sha256 = 0; sha256 < 2; sha256++) {
            const char *const prefix = prefixes[of][sha256];
            const size_t n = strlen(prefix), digits = sha256 ? 64 : 32;
            if (strncmp(text, prefix, n) != 0 || strlen(text) != n + digits || strspn(text + n, "0123456789abcdef") != digits)
                continue;
            *rule = (struct vx_hash_rule){.of = of ? VX_HASH_PCM : VX_HASH_BYTES, .sha256 = sha256 != 0};
            return VX_OK;
        }
    }
    return vx_fail(err, VX_EINVAL, "\"%.100s\" is no hash, expected xxh3:, sha256: or pcm-xxh3: and lower-case hex", text);
}

enum vx_status vx_hash_create(struct vx_hash **out, struct vx_hash_rule rule, struct vx_err *err)
{
    struct vx_hash *h = calloc(1, sizeof *h);

    *out = NULL;
    if (!h)
        return vx_fail_nomem(err, "a hash");
    h->rule = rule;
    if (rule.sha256 ? !(h->sha256 = EVP_MD_CTX_new()) || !EVP_DigestInit_ex(h->sha256, EVP_sha256(), NULL)
                    : !(h->xxh3 = XXH3_createState())) {
        vx_hash_destroy(&h);
        return vx_fail_nomem(err, "a hash");
    }
    vx_hash_begin(h);
    *out = h;
    return VX_OK;
}

void vx_hash_destroy(struct vx_hash **hash)
{
    if (!*hash)
        return;
    XXH3_freeState((*hash)->xxh3);
    EVP_MD_CTX_free((*hash)->sha256);
    free(*hash);
    *hash = NULL;
}

/* Of OpenSSL's calls only this can fail, for it may make a new context; without one the others would crash. */
void vx_hash_begin(struct vx_hash *hash)
{
    if (hash->sha256)
        hash->failed = !EVP_DigestInit_ex(hash->sha256, EVP_sha256(), NULL);
    else
        XXH3_128bits_reset(hash->xxh3);
}

void vx_hash_add(struct vx_hash *hash, const void *data, size_t len)
{
    if (hash->failed)
        return;
    if (hash->sha256)
        EVP_DigestUpdate(hash->sha256, data, len);
    else
        XXH3_128bits_update(hash->xxh3, data, len);
}

void vx_hash_end(struct vx_hash *hash, char text[VX_HASH_TEXT])
{
    unsigned char digest[32];
    size_t n = sizeof digest;

    text[0] = '\0';
    if (hash->failed) {
        vx_hash_begin(hash);
        return;
    }
    if (hash->sha256) {
        EVP_DigestFinal_ex(hash->sha256, digest, NULL);
    } else {
        XXH128_canonical_t canonical;
        XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(hash->xxh3));
        memcpy(digest, canonical.digest, n = sizeof canonical.digest);
    }
    int at = snprintf(text, VX_HASH_TEXT, "%s", prefixes[hash->rule.of == VX_HASH_PCM][hash->rule.sha256]);
    for (size_t i = 0; i < n; i++)
        at += snprintf(text + at, VX_HASH_TEXT - (size_t)at, "%02x", digest[i]);
    vx_hash_begin(hash);
}

struct vx_hash_key vx_hash_key(const char *prefix, const char *text)
{
    char both[2 * VX_HASH_TEXT];
    const int n = snprintf(both, sizeof both, "%s %s", prefix, text);
    const XXH128_hash_t h = XXH3_128bits(both, n < (int)sizeof both ? (size_t)n : sizeof both - 1);

    return (struct vx_hash_key){.high = h.high64, .low = h.low64};
}
