#include "db/result.h"
#include "db/schema.h"

#include <sys/stat.h>

#define EXPECTED "expected the result of voxtrawl scan or merge"

/* Something else under that name would block (a pipe) or be reported in riddles (a folder is a "disk I/O error"). */
static enum vx_status check_file(const char *path, struct vx_err *err)
{
    struct stat sb;

    if (path && stat(path, &sb) == 0 && !S_ISREG(sb.st_mode))
        return vx_fail(err, VX_EINVAL, "%s: %s; " EXPECTED, path, S_ISDIR(sb.st_mode) ? "a folder" : "not a file");
    return VX_OK; /* what is not there is SQLite's to say */
}

static enum vx_status check_kind(struct vx_sql *sql, struct vx_err *err)
{
    enum vx_db_kind kind = VX_DB_NOTHING;
    bool empty;
    enum vx_status rc = vx_schema_kind(sql, &kind, err);

    if (rc != VX_OK) {
        const struct vx_err why = *err;
        const int code = sqlite3_errcode(sql->handle) & 0xff;
        if (code == SQLITE_NOTADB)
            return vx_fail(err, VX_EINVAL, "%s: no SQLite database; " EXPECTED, sql->path);
        if (code == SQLITE_READONLY)
            return vx_fail(err, rc, "%s: another program left it in WAL mode or amid a change: open it once with sqlite3 "
                           "where it may be written", sql->path);
        return rc == VX_EINVAL ? vx_fail(err, rc, "%s; " EXPECTED, why.text) : rc;
    }
    switch (kind) {
    case VX_DB_NOTHING:
        return vx_fail(err, VX_EINVAL, "%s: an empty database; " EXPECTED, sql->path);
    case VX_DB_LIST:
        return vx_fail(err, VX_EINVAL, "%s: the list of items of a scan; " EXPECTED, sql->path);
    case VX_DB_SHARD:
        return vx_fail(err, VX_EINVAL, "%s: a shard, one rank's part of a scan: make a result of them first: "
                       "voxtrawl merge -o RESULT.db SHARD...", sql->path);
    case VX_DB_RESULT:
        break;
    }
    return vx_schema_check(sql, &empty, err);
}

enum vx_status vx_result_open(struct vx_sql **out, const char *path, struct vx_err *err)
{
    struct vx_sql *sql = NULL;
    enum vx_status rc;

    *out = NULL;
    if ((rc = check_file(path, err)) != VX_OK || (rc = vx_sql_open(&sql, path, SQLITE_OPEN_READONLY, err)) != VX_OK)
        return rc;
    if ((rc = check_kind(sql, err)) != VX_OK)
        vx_sql_close(&sql);
    *out = sql;
    return rc;
}
