#include "db/pieces.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SUFFIX ".db"

/* The journal is for undoing a commit that fails, in memory; syncs are for what outlives the process, and this does not. */
static const char SETTINGS[] = "PRAGMA locking_mode = EXCLUSIVE;"
                               "PRAGMA auto_vacuum = NONE;"
                               "PRAGMA journal_mode = MEMORY;"
                               "PRAGMA synchronous = OFF;"
                               "PRAGMA cache_size = -16384;";

char *vx_pieces_path(const char *path, unsigned n)
{
    const size_t len = strlen(path) - strlen(SUFFIX);
    char *name = NULL;

    if (n == 0)
        return strdup(path);
    return asprintf(&name, "%.*s-%04u" SUFFIX, (int)len, path, n) < 0 ? NULL : name;
}

enum vx_status vx_pieces_begin(struct vx_sql **out, const char *scratch, struct vx_err *err)
{
    char *const name = vx_file_join(scratch, "voxtrawl-XXXXXX");
    enum vx_status rc;
    int fd;

    *out = NULL;
    if (!name)
        return vx_fail_nomem(err, "a path");
    if ((fd = mkstemp(name)) < 0) {
        rc = vx_fail_sys(err, "--scratch %s: create a file in it", scratch);
    } else {
        close(fd); /* before SQLite opens it: a close would take its locks away */
        rc = vx_sql_open(out, name, SQLITE_OPEN_READWRITE, err);
        unlink(name);
        if (rc == VX_OK && (rc = vx_sql_exec(*out, SETTINGS, "open", err)) != VX_OK)
            vx_sql_close(out);
    }
    free(name);
    return rc;
}

enum vx_status vx_pieces_copy(const struct vx_sql *sql, const char *path, size_t *bytes, struct vx_err *err)
{
    struct vx_err why;
    sqlite3_int64 len = 0;
    unsigned char *const data = sqlite3_serialize(sql->handle, "main", &len, 0);
    enum vx_status rc;

    if (!data)
        return vx_fail_nomem(err, path);
    if ((rc = vx_file_write(path, data, (size_t)len, &why)) == VX_OK)
        rc = vx_file_sync_folder(path, &why);
    sqlite3_free(data);
    if (rc != VX_OK)
        return vx_fail(err, rc, "%s; what was committed is kept: make room or make it writable, then run the same command again",
                       why.text);
    *bytes = (size_t)len;
    return VX_OK;
}
