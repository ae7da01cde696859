/* review.c - voxtrawl review: what people marked in a report, taken into its result; and what is there */
#include "base/file.h"
#include "db/query.h"
#include "db/reviews.h"
#include "jobs/command.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum vx_status import(const char *db, const char *path, struct vx_err *err)
{
    struct vx_reviews_stats stats;
    char *text = NULL;
    size_t len;
    enum vx_status rc;

    if ((rc = vx_file_read(path, VX_REVIEW_MAX_BYTES, &text, &len, err)) == VX_OK &&
        (rc = vx_reviews_import(db, text, len, path, &stats, err)) == VX_OK)
        fprintf(stderr, "voxtrawl review: %s: %lld mark%s taken, %lld there before\n", path, (long long)stats.added,
                stats.added == 1 ? "" : "s", (long long)stats.known);
    free(text);
    return rc;
}

static enum vx_status list(const char *path, enum vx_query_format format, struct vx_err *err)
{
    struct vx_query_db *db = NULL;
    enum vx_status rc = vx_query_open(&db, path, err);

    if (rc == VX_OK)
        rc = vx_query_run(db, VX_REVIEWS_LIST, format, stdout, err);
    vx_query_close(&db);
    return rc;
}

int vx_cmd_review(const struct vx_command *self, int argc, char **argv)
{
    static const char *const formats[] = {[VX_QUERY_TABLE] = "table", [VX_QUERY_CSV] = "csv", [VX_QUERY_TSV] = "tsv", [VX_QUERY_JSON] = "json"};
    const char *format_word = isatty(STDOUT_FILENO) ? "table" : "csv";
    struct vx_opt_list files = {0};
    const struct vx_opt table[] = {
        {"import", 'i', VX_OPT_LIST, &files, "FILE", "a review file that a report has saved; again for more", 0, 0},
        {"format", 'f', VX_OPT_STRING, &format_word, "table|csv|tsv|json", "of the list (default: table on a terminal, else csv)", 0, 0},
        {0},
    };
    struct vx_err err;
    enum vx_status rc = VX_OK;
    size_t format = 0;
    int n;
    const int status = vx_command_parse(self, table, argc, argv, &n, 0);

    if (status >= 0)
        return status;
    if (n != 1) {
        fprintf(stderr, "usage: voxtrawl review %s\n", self->usage);
        return VX_EXIT_USAGE;
    }
    while (format < 4 && strcmp(formats[format], format_word) != 0)
        format++;
    if (format == 4) {
        fprintf(stderr, "voxtrawl review: --format %s: expected table, csv, tsv or json\n", format_word);
        return VX_EXIT_USAGE;
    }
    for (size_t i = 0; rc == VX_OK && i < files.n; i++)
        rc = import(argv[1], files.at[i], &err);
    if (rc == VX_OK && files.n == 0)
        rc = list(argv[1], (enum vx_query_format)format, &err);
    return rc == VX_OK ? VX_EXIT_OK : vx_command_fail(self, &err);
}
