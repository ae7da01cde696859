/* eval_columns.c - columns of the label file and of the items' metadata, as one */
#include "base/mem.h"
#include "jobs/eval_set.h"

#include <string.h>
#include <strings.h>

#define MOST_VALUES 50 /* of a column that was not asked for: more rows than that say nothing */

static const char *const usual[] = {"attack", "synthesiser", "synthesizer", "source", "speaker", "language", "split"};

const char *vx_eval_cell(const struct vx_labels *labels, const struct vx_label_row *row, const struct vx_scored_item *item,
                         const char *column, bool *seen)
{
    const char *value = NULL;

    for (size_t i = 0; !value && i < vx_labels_columns(labels); i++)
        if (strcasecmp(vx_labels_column(labels, i), column) == 0)
            value = row->cells[i];
    for (size_t i = 0; !value && i < item->n_meta; i++)
        if (strcasecmp(item->meta[2 * i], column) == 0)
            value = item->meta[2 * i + 1];
    *seen |= value != NULL;
    return value && strcmp(value, "-") != 0 ? value : "";
}

enum vx_status vx_eval_columns_choose(struct vx_eval_column **out, size_t *n, const struct vx_eval_options *o, struct vx_err *err)
{
    const char *const *names = o->by.n > 0 ? o->by.at : usual;

    *n = o->by.n > 0 ? o->by.n : sizeof usual / sizeof *usual;
    if (!(*out = vx_calloc(*n, sizeof **out)))
        return vx_fail_nomem(err, "columns");
    for (size_t i = 0; i < *n; i++) {
        (*out)[i].name = names[i];
        (*out)[i].asked = o->by.n > 0;
    }
    return VX_OK;
}

bool vx_eval_column_shown(const struct vx_eval_column *column)
{
    return column->asked || (column->seen && column->values.n >= 2 && column->values.n <= MOST_VALUES);
}
