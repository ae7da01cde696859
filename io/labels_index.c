#include "io/labels_index.h"
#include "base/mem.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum reach { EXACT, OR_DEEPER }; /* the key is the text; or it ends in '/' and the text */

/* The sorting value of a byte: 0, the end of a name, then '/', then the rest. */
static unsigned rank_of(char c)
{
    const unsigned char u = (unsigned char)c;

    return u == '/' ? 1 : u == 1 ? '/' : u;
}

static uint64_t tail_of(const char *text, size_t len)
{
    uint64_t tail = 0;

    for (size_t i = 1; i <= sizeof tail; i++)
        tail = tail << 8 | (i <= len ? rank_of(text[len - i]) : 0);
    return tail;
}

static int compare_text(const char *a, size_t na, const char *b, size_t nb)
{
    for (size_t i = 1; i <= na && i <= nb; i++) {
        const unsigned x = rank_of(a[na - i]), y = rank_of(b[nb - i]);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return (na > nb) - (na < nb);
}

/* Equal ones in the order of their rows. */
static int compare_keys(const void *a, const void *b)
{
    const struct vx_labels_key *x = a, *y = b;
    int order;

    if (x->tail != y->tail)
        return x->tail < y->tail ? -1 : 1;
    if ((order = compare_text(x->text, x->len, y->text, y->len)) != 0)
        return order;
    return (x->row > y->row) - (x->row < y->row);
}

static const char *without_dot(const char *name)
{
    while (name[0] == '.' && name[1] == '/')
        name += 2;
    return name;
}

/* Up to the last dot of the base name; the whole where there is none, or only at its start. */
static size_t stem_length(const char *name)
{
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name, *dot = strrchr(base, '.');

    return dot && dot > base ? (size_t)(dot - name) : strlen(name);
}

bool vx_labels_index_whole(const struct vx_labels_index *index, size_t i)
{
    return index->keys[i].text[index->keys[i].len] == '\0';
}

void vx_labels_index_clear(struct vx_labels_index *index)
{
    free(index->keys);
    *index = (struct vx_labels_index){0};
}

static enum vx_status contradiction(const struct vx_label_row *a, const struct vx_label_row *b, struct vx_err *err)
{
    char *name = vx_text_printable(a->name);
    const enum vx_status rc =
        name ? vx_fail(err, VX_EFORMAT, "line %" PRId64 " and line %" PRId64 " contradict each other: \"%.200s\" is %s in the "
                       "first and %s in the other; remove one", a->line, b->line, name, a->bona ? "bona fide" : "spoofed",
                       b->bona ? "bona fide" : "spoofed")
             : vx_fail_nomem(err, "a message");

    free(name);
    return rc;
}

/* Of rows with the same name the first stays; the name of the others becomes NULL. */
static enum vx_status drop_repeats(const struct vx_labels_index *index, struct vx_label_row *rows, struct vx_err *err)
{
    const struct vx_labels_key *before = NULL;

    for (size_t i = 0; i < index->n; i++) {
        const struct vx_labels_key *key = &index->keys[i];
        if (!vx_labels_index_whole(index, i))
            continue;
        if (!before || compare_text(before->text, before->len, key->text, key->len) != 0) {
            before = key;
            continue;
        }
        if (rows[before->row].bona != rows[key->row].bona)
            return contradiction(&rows[before->row], &rows[key->row], err);
        rows[key->row].name = NULL;
    }
    return VX_OK;
}

/* Rows without a name go, and their keys. now [n] is room for where a row goes. */
static void close_gaps(struct vx_labels_index *index, struct vx_label_row *rows, size_t *n, uint32_t *now)
{
    size_t kept = 0, keys = 0;

    for (size_t i = 0; i < *n; i++) {
        now[i] = rows[i].name ? (uint32_t)kept : UINT32_MAX;
        if (rows[i].name)
            rows[kept++] = rows[i];
    }
    for (size_t i = 0; i < index->n; i++) {
        if (now[index->keys[i].row] == UINT32_MAX)
            continue;
        index->keys[keys] = index->keys[i];
        index->keys[keys].row = now[index->keys[i].row];
        keys++;
    }
    *n = kept;
    index->n = keys;
}

enum vx_status vx_labels_index_create(struct vx_labels_index *index, struct vx_label_row *rows, size_t *n,
                                      size_t n_columns, struct vx_err *err)
{
    uint32_t *now = NULL;
    enum vx_status rc;

    *index = (struct vx_labels_index){.n_columns = n_columns};
    if (*n >= UINT32_MAX / 2)
        return vx_fail(err, VX_ELIMIT, "more than %u rows", UINT32_MAX / 2);
    if (!(index->keys = vx_calloc(2 * *n, sizeof *index->keys)) || !(now = vx_calloc(*n, sizeof *now))) {
        rc = vx_fail_nomem(err, "the index of a label file");
        goto done;
    }
    for (size_t i = 0; i < *n; i++) {
        const char *text = without_dot(rows[i].name);
        const size_t len = strlen(text), stem = stem_length(text);
        index->keys[index->n++] = (struct vx_labels_key){tail_of(text, len), text, (uint32_t)len, (uint32_t)i};
        if (stem < len)
            index->keys[index->n++] = (struct vx_labels_key){tail_of(text, stem), text, (uint32_t)stem, (uint32_t)i};
    }
    qsort(index->keys, index->n, sizeof *index->keys, compare_keys);
    if ((rc = drop_repeats(index, rows, err)) == VX_OK)
        close_gaps(index, rows, n, now);
done:
    free(now);
    if (rc != VX_OK)
        vx_labels_index_clear(index);
    return rc;
}

/* < 0: before the text and what ends in '/' and it, 0: among these (by reach), > 0: behind. */
static int place(const struct vx_labels_key *key, const char *text, size_t len, enum reach reach)
{
    const size_t same = key->len > len ? len : key->len;
    const int order = compare_text(key->text + key->len - same, same, text, len);

    if (order != 0)
        return order;
    return key->len == len || (reach == OR_DEEPER && key->text[key->len - len - 1] == '/') ? 0 : 1;
}

/* The first key whose place is above `below`. */
static size_t bound(const struct vx_labels_index *index, const char *text, size_t len, enum reach reach, int below)
{
    size_t low = 0, high = index->n;

    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if (place(&index->keys[mid], text, len, reach) > below)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

/* Whether any key of the range counts: without stem only whole names do. */
static bool find_range(const struct vx_labels_index *index, const char *text, size_t len, enum reach reach,
                       struct vx_labels_range *range)
{
    size_t i;

    range->first = bound(index, text, len, reach, -1);
    range->end = bound(index, text, len, reach, 0);
    for (i = range->first; i < range->end && !range->stem && !vx_labels_index_whole(index, i); i++)
        continue;
    return i < range->end;
}

/* Ever shorter ends of text[len], from each slash on. */
static bool find_tails(const struct vx_labels_index *index, const char *text, size_t len, enum reach reach,
                       struct vx_labels_range *range)
{
    for (size_t i = 0; i + 1 < len; i++)
        if (text[i] == '/' && text[i + 1] != '/' && find_range(index, text + i + 1, len - i - 1, reach, range))
            return true;
    return false;
}

struct vx_labels_range vx_labels_index_find(const struct vx_labels_index *index, const char *name)
{
    struct vx_labels_range range = {0};

    name = without_dot(name);
    for (int stem = 0; stem < 2; stem++) {
        const size_t len = stem ? stem_length(name) : strlen(name);
        range.stem = stem == 1;
        if (len > 0 && (find_range(index, name, len, EXACT, &range) || find_range(index, name, len, OR_DEEPER, &range) ||
                        find_tails(index, name, len, EXACT, &range) || find_tails(index, name, len, OR_DEEPER, &range)))
            return range;
    }
    range.first = range.end = 0;
    return range;
}
