#include "jobs/export_datasette.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/names.h"
#include "base/text.h"
#include "db/notes.h"
#include "db/query.h"

#include <stdlib.h>
#include <string.h>

#define ABOUT                                                                                                          \
    "Scores of a Voxtrawl scan for synthetic speech. p is P(fake) where the run was calibrated (runs.calibrated_on), else a score " \
    "and no probability. A score is a reason to listen, not a proof."

static const char plugin[] =
    "# Functions of \"voxtrawl query\" for Datasette: datasette RESULT.db -m metadata.json --plugins-dir plugins\n"
    "import math\n"
    "\n"
    "from datasette import hookimpl\n"
    "\n"
    "\n"
    "def number(x):\n"
    "    if isinstance(x, str):\n"
    "        try:\n"
    "            x = float(x)\n"
    "        except ValueError:\n"
    "            return None\n"
    "    return x if isinstance(x, (int, float)) else None\n"
    "\n"
    "\n"
    "class Percentile:\n"
    "    def __init__(self):\n"
    "        self.values, self.p = [], None\n"
    "\n"
    "    def step(self, x, p=50):\n"
    "        self.p = p\n"
    "        if number(x) is not None:\n"
    "            self.values.append(number(x))\n"
    "\n"
    "    def finalize(self):\n"
    "        if not self.values:\n"
    "            return None\n"
    "        values = sorted(self.values)\n"
    "        at = self.p / 100 * (len(values) - 1)\n"
    "        low = min(int(at), len(values) - 1)\n"
    "        high = min(low + 1, len(values) - 1)\n"
    "        return values[low] + (at - low) * (values[high] - values[low])\n"
    "\n"
    "\n"
    "def sigmoid(x):\n"
    "    x = number(x)\n"
    "    if x is None:\n"
    "        return None\n"
    "    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))\n"
    "\n"
    "\n"
    "def logit(p):\n"
    "    p = number(p)\n"
    "    if p is None or not 0 <= p <= 1:\n"
    "        return None\n"
    "    return math.inf if p == 1 else -math.inf if p == 0 else math.log(p / (1 - p))\n"
    "\n"
    "\n"
    "@hookimpl\n"
    "def prepare_connection(conn):\n"
    "    conn.create_aggregate(\"median\", 1, Percentile)\n"
    "    conn.create_aggregate(\"percentile\", 2, Percentile)\n"
    "    conn.create_function(\"sigmoid\", 1, sigmoid, deterministic=True)\n"
    "    conn.create_function(\"logit\", 1, logit, deterministic=True)\n";

static void add_member(struct vx_buf *b, const char *indent, const char *name, const char *value, bool last)
{
    vx_buf_fmt(b, "%s", indent);
    vx_buf_json(b, name);
    vx_buf_str(b, ": ");
    vx_buf_json(b, value);
    vx_buf_str(b, last ? "\n" : ",\n");
}

/* Tables in the order of the schema; a table's columns are not side by side in it. */
struct tables {
    struct vx_names names;
    bool failed;
};

static void take_table(void *ctx, const struct vx_schema_note *note)
{
    struct tables *t = ctx;

    t->failed |= vx_names_add(&t->names, note->table) == VX_NAMES_NONE;
}

struct one_table {
    struct vx_buf *b;
    const char *name;
    bool any, columns; /* said so far: something, columns */
};

static void add_note(void *ctx, const struct vx_schema_note *note)
{
    struct one_table *t = ctx;

    if (strcmp(note->table, t->name) != 0 || !*note->text)
        return;
    if (!note->column) {
        vx_buf_str(t->b, "\n          \"description\": ");
        vx_buf_json(t->b, note->text);
        t->any = true;
        return;
    }
    if (!t->columns)
        vx_buf_str(t->b, t->any ? ",\n          \"columns\": {\n            " : "\n          \"columns\": {\n            ");
    else
        vx_buf_str(t->b, ",\n            ");
    t->any = t->columns = true;
    vx_buf_json(t->b, note->column);
    vx_buf_str(t->b, ": ");
    vx_buf_json(t->b, note->text);
}

static enum vx_status add_tables(struct vx_buf *b, struct vx_err *err)
{
    struct tables t = {0};
    enum vx_status rc = vx_schema_notes(take_table, &t, err);

    if (rc == VX_OK && t.failed)
        rc = vx_fail_nomem(err, "the tables' names");
    for (size_t i = 0; rc == VX_OK && i < t.names.n; i++) {
        struct one_table one = {.b = b, .name = t.names.at[i]};
        vx_buf_str(b, i > 0 ? ",\n        " : "        ");
        vx_buf_json(b, one.name);
        vx_buf_str(b, ": {");
        rc = vx_schema_notes(add_note, &one, err);
        vx_buf_str(b, one.columns ? "\n          }\n        }" : "\n        }");
    }
    vx_buf_str(b, "\n");
    vx_names_free(&t.names);
    return rc;
}

static void add_queries(struct vx_buf *b)
{
    for (const struct vx_named_query *q = vx_named_queries(); q->name; q++) {
        vx_buf_str(b, "        ");
        vx_buf_json(b, q->name);
        vx_buf_str(b, ": {\n");
        add_member(b, "          ", "title", q->doc, false);
        add_member(b, "          ", "sql", q->sql, true);
        vx_buf_str(b, q[1].name ? "        },\n" : "        }\n");
    }
}

/* Datasette calls a database by its file's name without the last suffix. */
static char *name_of(const char *db)
{
    const char *slash = strrchr(db, '/'), *from = slash ? slash + 1 : db, *dot = strrchr(from, '.');
    char *raw = strndup(from, dot && dot > from ? (size_t)(dot - from) : strlen(from));
    char *name = raw ? vx_text_to_utf8(raw) : NULL;

    free(raw);
    return name;
}

static enum vx_status make_metadata(struct vx_buf *b, const char *db, struct vx_err *err)
{
    char *const name = name_of(db);
    enum vx_status rc;

    if (!name)
        return vx_fail_nomem(err, "the database's name");
    vx_buf_str(b, "{\n");
    add_member(b, "  ", "title", "Voxtrawl", false);
    add_member(b, "  ", "description", ABOUT, false);
    vx_buf_str(b, "  \"databases\": {\n    ");
    vx_buf_json(b, name);
    vx_buf_str(b, ": {\n      \"tables\": {\n");
    rc = add_tables(b, err);
    vx_buf_str(b, "      },\n      \"queries\": {\n");
    add_queries(b);
    vx_buf_str(b, "      }\n    }\n  }\n}\n");
    free(name);
    return rc == VX_OK && b->failed ? vx_fail_nomem(err, "the metadata") : rc;
}

static enum vx_status write_in(const char *dir, const char *name, const void *data, size_t len, struct vx_err *err)
{
    char *path = vx_file_join(dir, name);
    const enum vx_status rc = path ? vx_file_write(path, data, len, err) : vx_fail_nomem(err, "a path");

    free(path);
    return rc;
}

enum vx_status vx_export_datasette(const char *dir, const char *db, struct vx_err *err)
{
    char *plugins = vx_file_join(dir, "plugins");
    struct vx_buf b = {0};
    enum vx_status rc = plugins ? VX_OK : vx_fail_nomem(err, "a path");

    if (rc == VX_OK && (rc = make_metadata(&b, db, err)) == VX_OK && (rc = vx_file_mkdirs(plugins, err)) == VX_OK &&
        (rc = write_in(plugins, "voxtrawl_functions.py", plugin, strlen(plugin), err)) == VX_OK)
        rc = write_in(dir, "metadata.json", b.data, b.len, err);
    vx_buf_free(&b);
    free(plugins);
    return rc;
}
