#include "jobs/shipped.h"
#include "base/file.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum vx_status vx_shipped_program(char **path, struct vx_err *err)
{
    char text[PATH_MAX];
    const ssize_t n = readlink("/proc/self/exe", text, sizeof text - 1);

    *path = NULL;
    if (n < 1)
        return vx_fail_sys(err, "the name of this program's file");
    text[n] = '\0';
    return (*path = strdup(text)) ? VX_OK : vx_fail_nomem(err, "a path");
}

/* PLACE as seen from base, when there is such a file in it; the caller's to free, NULL: no. */
static char *look(const char *base, const char *place, const char *file)
{
    char *joined = vx_file_join(base, place), *dir = joined ? realpath(joined, NULL) : NULL;
    char *found = dir ? vx_file_join(dir, file) : NULL;

    if (!found || access(found, F_OK) != 0) {
        free(dir);
        dir = NULL;
    }
    free(joined);
    free(found);
    return dir;
}

char *vx_shipped_folder(const char *const *places, size_t n, const char *file)
{
    struct vx_err unknown;
    char *base, *dir = NULL;

    if (vx_shipped_program(&base, &unknown) != VX_OK)
        return NULL;
    *(strrchr(base, '/') + 1) = '\0'; /* the link is absolute */
    for (size_t i = 0; !dir && i < n; i++)
        dir = look(base, places[i], file);
    free(base);
    return dir;
}
