/* hash.h - what tells one content from another, as a text that names its kind: "xxh3:…", "sha256:…", "pcm-xxh3:…"
 * XXH3 (128 bits, xxhash.com) for daily use: nothing equal is told apart and nothing different is taken for equal by chance, at
 * the speed of memory, but who wants to can make two files with one hash. SHA-256 where somebody might want to. */
#ifndef VX_BASE_HASH_H
#define VX_BASE_HASH_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vx_hash_of {
    VX_HASH_NONE,
    VX_HASH_BYTES, /* of a file or a member of an archive */
    VX_HASH_PCM,   /* the samples decoded from it (io/content.h) */
};

struct vx_hash_rule {
    enum vx_hash_of of;
    bool sha256; /* else XXH3 */
};

#define VX_HASH_TEXT 80 /* bytes: the longest text and its NUL */

/* The rule by which text was made. VX_EINVAL: none of ours. */
enum vx_status vx_hash_rule_of(const char *text, struct vx_hash_rule *rule, struct vx_err *err) VX_CHECKED;

struct vx_hash;

/* rule.of is not NONE: what is added is what it says. Begun already. */
enum vx_status vx_hash_create(struct vx_hash **out, struct vx_hash_rule rule, struct vx_err *err) VX_CHECKED;
void vx_hash_destroy(struct vx_hash **hash); /* NULL is fine */

void vx_hash_begin(struct vx_hash *hash); /* anew: what was added is forgotten */
void vx_hash_add(struct vx_hash *hash, const void *data, size_t len);
/* Lower-case hex, the first byte first: as xxhsum -H2 and sha256sum print it; "": there was no memory for it. Begins anew. */
void vx_hash_end(struct vx_hash *hash, char text[VX_HASH_TEXT]);

/* 128 bits that stand for a text, such as a hash with what else tells contents apart in front. */
struct vx_hash_key {
    uint64_t high, low;
};
struct vx_hash_key vx_hash_key(const char *prefix, const char *text);

#endif
