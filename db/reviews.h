/* reviews.h - what people marked in a report, taken into its result
 * Scores stay as they are: marks go into the table reviews, and a mark that is there is not taken again. The file's format is in
 * docs/review-file.md. */
#ifndef VX_DB_REVIEWS_H
#define VX_DB_REVIEWS_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define VX_REVIEW_MAX_BYTES ((size_t)64 << 20)

struct vx_reviews_stats {
    int64_t added, known; /* marks; known: were there before */
};

/* The marks of a review file, text[len], into the result at path: all of them or, where one is wrong, none. name: of the file, for
 * messages and the column source. VX_EFORMAT: it is no review file, or names the mark that is wrong and why. VX_EINVAL: path is no
 * result. VX_EDB: it cannot be written, is in use... */
enum vx_status vx_reviews_import(const char *path, const char *text, size_t len, const char *name, struct vx_reviews_stats *stats,
                                 struct vx_err *err) VX_CHECKED;

/* Of a row v of reviews: its reviewer has not marked the same stretch anew, all of it, since. */
#define VX_REVIEWS_VALID                                                                                               \
    "NOT EXISTS (SELECT 1 FROM reviews n WHERE n.item = v.item AND n.channel = v.channel AND n.reviewer = v.reviewer\n" \
    "        AND n.start_s <= v.start_s AND n.end_s >= v.end_s\n"                                                       \
    "        AND (n.reviewed > v.reviewed OR n.reviewed = v.reviewed AND n.review > v.review))"

/* What `review` prints, and what `eval --reviews` goes by: "file,label,reviewer" in CSV, the file being "item/N". Marks that are not valid (above) do not count. An item is spoof
 * where anybody marked a stretch of it fake, bona fide where it was marked real and nowhere fake. Not there: unsure alone, and
 * those of which two reviewers marked stretches that overlap differently. */
extern const char *const VX_REVIEWS_LIST, *const VX_REVIEWS_LABELS;

#endif
