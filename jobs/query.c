/* query.c - voxtrawl query: SQL over a result, and the ready-made questions */
#include "db/query.h"
#include "jobs/command.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static int parse_format(const char *word, enum vx_query_format *out)
{
    static const struct {
        const char *word;
        enum vx_query_format format;
    } words[] = {{"table", VX_QUERY_TABLE}, {"csv", VX_QUERY_CSV}, {"tsv", VX_QUERY_TSV}, {"json", VX_QUERY_JSON}};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(word, words[i].word) == 0) {
            *out = words[i].format;
            return 0;
        }
    }
    return -1;
}

static void print_named(FILE *to)
{
    fprintf(to, "ready questions for --named:\n");
    for (const struct vx_named_query *q = vx_named_queries(); q->name; q++)
        fprintf(to, "  %-14s%s\n", q->name, q->doc);
}

/* The named query's SQL, the SQL given, or NULL after saying what is missing. */
static const char *choose_sql(const struct vx_command *self, const char *named, const char *sql)
{
    if (named && sql) {
        fprintf(stderr, "voxtrawl %s: either SQL or --named, not both\n", self->name);
        return NULL;
    }
    if (!named) {
        if (!sql)
            fprintf(stderr, "voxtrawl %s: no SQL given; --named LIST shows ready questions, --schema the tables\n", self->name);
        return sql;
    }
    const struct vx_named_query *query = vx_named_query_find(named);
    if (!query) {
        fprintf(stderr, "voxtrawl %s: no ready question \"%s\"\n", self->name, named);
        print_named(stderr);
        return NULL;
    }
    return query->sql;
}

int vx_cmd_query(const struct vx_command *self, int argc, char **argv)
{
    const char *format_word = isatty(STDOUT_FILENO) ? "table" : "csv", *named = NULL, *sql;
    bool schema = false, show = false;
    const struct vx_opt table[] = {
        {"format", 'f', VX_OPT_STRING, &format_word, "table|csv|tsv|json", "default: table on a terminal, else csv", 0, 0},
        {"named", 'n', VX_OPT_STRING, &named, "NAME", "a ready question; LIST lists them", 0, 0},
        {"schema", 0, VX_OPT_FLAG, &schema, NULL, "print the tables and views, documented", 0, 0},
        {"show-sql", 0, VX_OPT_FLAG, &show, NULL, "print a ready question's SQL instead of running it", 0, 0},
        {0},
    };
    enum vx_query_format format;
    struct vx_query_db *db = NULL;
    struct vx_err err;
    enum vx_status rc;
    int n, status = vx_command_parse(self, table, argc, argv, &n, 0);

    if (status >= 0)
        return status;
    if (schema) {
        fputs(vx_schema_sql(), stdout);
        return VX_EXIT_OK;
    }
    if (named && strcasecmp(named, "list") == 0) {
        print_named(stdout);
        return VX_EXIT_OK;
    }
    if (parse_format(format_word, &format) != 0) {
        fprintf(stderr, "voxtrawl query: --format %s: expected table, csv, tsv or json\n", format_word);
        return VX_EXIT_USAGE;
    }
    if (n > 2 || (n == 0 && !show)) {
        fprintf(stderr, "usage: voxtrawl query %s\n", self->usage);
        return VX_EXIT_USAGE;
    }
    sql = choose_sql(self, named, n > 1 ? argv[2] : NULL);
    if (!sql)
        return VX_EXIT_USAGE;
    if (show) {
        printf("%s\n", sql);
        return VX_EXIT_OK;
    }
    rc = vx_query_open(&db, argv[1], &err);
    if (rc == VX_OK)
        rc = vx_query_run(db, sql, format, stdout, &err);
    vx_query_close(&db);
    if (rc == VX_OK && fflush(stdout) != 0)
        rc = vx_fail_sys(&err, "standard output");
    return rc == VX_OK ? VX_EXIT_OK : vx_command_fail(self, &err);
}
