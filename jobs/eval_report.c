#include "jobs/eval_report.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

const char *vx_file_score_name(enum vx_file_score how)
{
    static const char *const names[] = {[VX_FILE_MEAN] = "mean", [VX_FILE_MAX] = "max", [VX_FILE_WORST] = "worst"};

    return names[how];
}

static int by_value(const void *pa, const void *pb)
{
    const struct vx_eval_row *a = pa, *b = pb;

    return strcmp(a->value, b->value);
}

static enum vx_status make_table(struct vx_eval_table *table, const struct vx_eval_report *report, size_t column, struct vx_err *err)
{
    const struct vx_names *values = &report->set->columns[column].values;
    enum vx_status rc = VX_OK;

    table->column = &report->set->columns[column];
    if (!(table->rows = vx_calloc(values->n, sizeof *table->rows)))
        return vx_fail_nomem(err, "a table");
    for (size_t i = 0; i < values->n; i++) {
        struct vx_eval_row *row = &table->rows[table->n++];
        row->value = values->at[i];
        for (int level = 0; rc == VX_OK && level < VX_EVAL_LEVELS; level++)
            rc = vx_eval_measure(&row->levels[level], report->set, (enum vx_eval_level)level,
                                 (struct vx_eval_part){column, (uint32_t)i}, report->options, err);
    }
    qsort(table->rows, table->n, sizeof *table->rows, by_value);
    return rc;
}

enum vx_status vx_eval_report_make(struct vx_eval_report *out, const struct vx_eval_set *set, const struct vx_eval_options *o,
                                   struct vx_err *err)
{
    enum vx_status rc = VX_OK;

    *out = (struct vx_eval_report){.options = o, .set = set};
    vx_eval_outcomes(out->outcomes, set);
    if (!(out->tables = vx_calloc(set->n_columns, sizeof *out->tables)))
        rc = vx_fail_nomem(err, "tables");
    for (int level = 0; rc == VX_OK && level < VX_EVAL_LEVELS; level++)
        rc = vx_eval_measure(&out->levels[level], set, (enum vx_eval_level)level, VX_EVAL_ALL, o, err);
    for (size_t i = 0; rc == VX_OK && i < set->n_columns; i++)
        if (vx_eval_column_shown(&set->columns[i]))
            rc = make_table(&out->tables[out->n_tables++], out, i, err);
    if (rc != VX_OK)
        vx_eval_report_free(out);
    return rc;
}

void vx_eval_report_free(struct vx_eval_report *report)
{
    for (size_t i = 0; i < report->n_tables; i++)
        free(report->tables[i].rows);
    free(report->tables);
    *report = (struct vx_eval_report){0};
}
