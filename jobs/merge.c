/* merge.c - voxtrawl merge: shards or results of several scans become one */
#include "db/merge.h"
#include "jobs/command.h"

#include <stdio.h>

int vx_cmd_merge(const struct vx_command *self, int argc, char **argv)
{
    const char *out = NULL;
    const struct vx_opt table[] = {
        {"output", 'o', VX_OPT_STRING, &out, "OUT.db", "the result; an existing one is replaced in one step", 0, 0},
        {0},
    };
    struct vx_merge_stats stats = {0};
    struct vx_err err;
    int n, status = vx_command_parse(self, table, argc, argv, &n, 0);

    if (status >= 0)
        return status;
    if (!out || n == 0) {
        fprintf(stderr, "usage: voxtrawl merge %s\n", self->usage);
        return VX_EXIT_USAGE;
    }
    if (vx_merge(out, (const char *const *)(argv + 1), (size_t)n, NULL, NULL, &stats, &err) != VX_OK)
        return vx_command_fail(self, &err);
    if (stats.taken_up > 0)
        fprintf(stderr, "%s: %lld items were taken up from a merge that was cut off\n", out, (long long)stats.taken_up);
    fprintf(stderr,
            "%s: %lld items (%lld scored, %lld not scored, %lld failed, %lld pending), %lld windows of %d databases in "
            "%.1f s; %lld items were there more than once, %lld are copies of "
            "others\n",
            out, (long long)stats.items, (long long)stats.scored, (long long)stats.not_scored, (long long)stats.failed,
            (long long)stats.pending, (long long)stats.windows, n, stats.seconds, (long long)stats.duplicates, (long long)stats.same);
    return VX_EXIT_OK;
}
