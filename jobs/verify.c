/* verify.c - voxtrawl verify: are the files, the model and the database still what a scan has seen? */
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "jobs/command.h"
#include "jobs/playing.h"
#include "jobs/verify_check.h"
#include "jobs/verify_report.h"
#include "model/safetensors.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRESS_SECONDS 30      /* between lines where stderr is no terminal */
#define TERMINAL_SECONDS 0.2     /* redraws, where it is one */
#define MAX_THREADS 8            /* by default: disks gain nothing by more */

struct verify {
    const struct vx_command *self;
    struct vx_verify_config config;
    struct vx_verify_report report;
    struct vx_verify_progress progress;
    struct vx_contents *contents;
    struct vx_contents_count count;
    const char *model; /* --model; NULL: where it was */
    struct vx_playing_options options;
    struct vx_playing playing;
    struct vx_log *log;
    bool models_differ;
    enum vx_status rc; /* of the checking thread */
    struct vx_err err;
};

static void *check_main(void *arg)
{
    struct verify *const v = arg;

    v->rc = vx_verify_check(&v->config, &v->progress, &v->err);
    return NULL;
}

static void show(struct verify *v, double seconds)
{
    const int64_t items = atomic_load(&v->progress.items), equal = atomic_load(&v->progress.counts[VX_VERIFIED_EQUAL]),
                  not_hashed = atomic_load(&v->progress.counts[VX_VERIFIED_NOT_HASHED]);
    const double bytes = (double)atomic_load(&v->progress.bytes);
    char read[32], rate[32], line[256];

    snprintf(line, sizeof line, "%lld of %lld items, %lld differ, %s read, %s/s", (long long)items, (long long)v->count.items,
             (long long)(items - equal - not_hashed), vx_text_bytes(bytes, read, sizeof read),
             vx_text_bytes(seconds > 0 ? bytes / seconds : 0, rate, sizeof rate));
    vx_log_progress(v->log, line);
}

/* All items; the progress line meanwhile. */
static enum vx_status check_items(struct verify *v, struct vx_err *err)
{
    const double start = vx_clock_now(), every = vx_log_is_terminal(v->log) ? TERMINAL_SECONDS : PROGRESS_SECONDS;
    double shown = start;
    pthread_t thread;
    const int failed = pthread_create(&thread, NULL, check_main, v);

    if (failed)
        return vx_fail(err, VX_ESYS, "cannot start a thread: %s", strerror(failed));
    while (!atomic_load(&v->progress.done)) {
        const double now = vx_clock_now();
        vx_clock_sleep(now - start < 1 ? 0.005 : 0.05);
        if (now - shown < every)
            continue;
        shown = now;
        show(v, now - start);
    }
    pthread_join(thread, NULL);
    vx_log_progress(v->log, "");
    if (v->rc != VX_OK)
        *err = v->err;
    return v->rc;
}

/* The model folder at path, against the hash of its weights. */
static enum vx_status check_model(struct verify *v, const struct vx_contents_model *model, const char *path, struct vx_err *err)
{
    struct vx_verify_model m = {.what = VX_VERIFIED_NOT_HASHED, .path = path, .stored = model->sha256, .revision = model->revision};
    char found[VX_SHA256_HEX];
    struct vx_st *st = NULL;
    struct vx_err why;
    struct stat sb;

    if (path && model->sha256 && stat(path, &sb) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
        m.what = VX_VERIFIED_MISSING;
    } else if (path && model->sha256) {
        if (vx_st_open_dir(&st, path, &why) != VX_OK || vx_st_sha256(st, found, &why) != VX_OK) {
            m.what = VX_VERIFIED_UNREADABLE;
            m.why = why.text;
        } else {
            m.what = strcmp(found, model->sha256) == 0 ? VX_VERIFIED_EQUAL : VX_VERIFIED_CHANGED;
            m.found = found;
        }
        vx_st_close(&st);
    }
    /* a model folder may be elsewhere; one that was named may not */
    v->models_differ = v->models_differ || m.what == VX_VERIFIED_CHANGED || m.what == VX_VERIFIED_UNREADABLE ||
                       (m.what == VX_VERIFIED_MISSING && v->model);
    return vx_verify_report_model(&v->report, &m, err);
}

static enum vx_status check_models(struct verify *v, struct vx_err *err)
{
    struct vx_contents_model model;
    enum vx_status rc;

    while ((rc = vx_contents_model(v->contents, &model, err)) == VX_OK) {
        char *const mapped = !v->model && model.path ? vx_verify_map(&v->config.roots, model.path) : NULL;
        if (!v->model && model.path && !mapped)
            rc = vx_fail_nomem(err, "a path");
        else
            rc = check_model(v, &model, v->model ? v->model : mapped, err);
        free(mapped);
        if (rc != VX_OK)
            return rc;
    }
    return rc == VX_DONE ? VX_OK : rc;
}

static enum vx_status verify(struct verify *v, struct vx_err *err)
{
    enum vx_status rc;

    if ((rc = vx_playing_begin(&v->playing, &v->options, v->log, err)) != VX_OK ||
        (rc = vx_contents_open(&v->contents, v->config.db, err)) != VX_OK || (rc = vx_contents_check(v->contents, err)) != VX_OK ||
        (rc = vx_contents_count(v->contents, &v->count, err)) != VX_OK)
        return rc;
    if (v->count.items > 0 && v->count.hashed == 0)
        return vx_fail(err, VX_EUNSUPPORTED, "%s: none of its %lld items has a hash to compare with: the scan could read none of them, had "
                       "--hash none, or was by a voxtrawl that stored none", v->config.db, (long long)v->count.items);
    v->config.player = v->playing.player;
    v->config.player.kept = true;
    vx_verify_report_begin(&v->report, v->config.db, &v->count);
    if ((rc = check_items(v, err)) != VX_OK || (rc = check_models(v, err)) != VX_OK)
        return rc;
    return vx_verify_report_end(&v->report, &v->progress, err);
}

static int outcome(const struct verify *v)
{
    for (int i = VX_VERIFIED_CHANGED; i <= VX_VERIFIED_UNREADABLE; i++)
        if (atomic_load(&v->progress.counts[i]) > 0)
            return VX_EXIT_DIFFERS;
    return v->models_differ ? VX_EXIT_DIFFERS : VX_EXIT_OK;
}

static int default_threads(void)
{
    const long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : n < MAX_THREADS ? (int)n : MAX_THREADS;
}

static bool parse_format(const char *word, enum vx_verify_format *format)
{
    static const char *const words[] = {[VX_VERIFY_TEXT] = "text", [VX_VERIFY_CSV] = "csv", [VX_VERIFY_JSON] = "json"};

    for (int i = VX_VERIFY_TEXT; i <= VX_VERIFY_JSON; i++) {
        if (strcmp(word, words[i]) != 0)
            continue;
        *format = (enum vx_verify_format)i;
        return true;
    }
    return false;
}

int vx_cmd_verify(const struct vx_command *self, int argc, char **argv)
{
    struct verify v = {.self = self, .config = {.report = vx_verify_report_finding}, .report = {.to = stdout}, .options = vx_playing_defaults};
    long threads = default_threads();
    const char *format = "text";
    bool quiet = false;
    const struct vx_opt table[] = {
        {"root", 0, VX_OPT_LIST, &v.config.roots, "OLD=NEW",
         "the files were in the folder OLD when they were scanned and are in NEW now; again for more folders; nothing for OLD: in front "
         "of relative paths", 0, 0},
        {"model", 'm', VX_OPT_STRING, &v.model, "DIR", "the model folder (default: where it was)", 0, 0},
        {"format", 0, VX_OPT_STRING, &format, "text|csv|json", "of the report (default text)", 0, 0},
        {"threads", 't', VX_OPT_INT, &threads, "N", "files read at a time (default: the processors, at most 8)", 1, 1024},
        {"max-member", 0, VX_OPT_INT, &v.options.max_member_mib, "MIB", "largest member of an archive, as for scan (default 1024)", 1, 1 << 20},
        VX_PLAYING_OPTIONS(v.options, "archives and hashes of samples: "),
        {"quiet", 'q', VX_OPT_FLAG, &quiet, NULL, "only warnings and errors on stderr", 0, 0},
        {0},
    };
    struct vx_err err;
    int n, status = vx_command_parse(self, table, argc, argv, &n, 0);

    if (status >= 0)
        return status;
    if (n != 1 || !parse_format(format, &v.report.format)) {
        fprintf(stderr, "usage: voxtrawl verify %s\n", self->usage);
        return VX_EXIT_USAGE;
    }
    v.config.db = argv[1];
    v.config.threads = (int)threads;
    v.config.user = &v.report;
    if (vx_verify_roots_check(&v.config.roots, &err) != VX_OK ||
        vx_log_open(&v.log, NULL, quiet ? VX_LOG_WARNING : VX_LOG_INFO, &err) != VX_OK || verify(&v, &err) != VX_OK)
        status = vx_command_fail(self, &err);
    else
        status = outcome(&v);
    vx_playing_end(&v.playing);
    vx_contents_close(&v.contents);
    vx_log_close(&v.log);
    return status;
}
