/* bench.c - voxtrawl bench: engine, front end and decoding measured apart, so that one sees which of them limits a scan, and the
 * engine's operations beside what this processor can do */
#include "base/mem.h"
#include "jobs/bench_measure.h"
#include "jobs/bench_report.h"
#include "jobs/command.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum vx_status print(const struct vx_bench_report *report, bool json, struct vx_err *err)
{
    struct vx_buf text = {0};
    enum vx_status rc = VX_OK;

    if (json)
        vx_bench_json(&text, report);
    else
        vx_bench_text(&text, report);
    if (text.failed)
        rc = vx_fail_nomem(err, "the report");
    else if (fwrite(text.data, 1, text.len, stdout) != text.len || fflush(stdout) != 0)
        rc = vx_fail_sys(err, "write the report");
    vx_buf_free(&text);
    return rc;
}

static enum vx_status run(const struct vx_scanner *s, const struct vx_bench_options *o, bool json, char **files, int n_files,
                          struct vx_err *err)
{
    struct vx_bench_decoded *decoded = vx_calloc((size_t)n_files, sizeof *decoded);
    struct vx_bench_results results;
    const struct vx_bench_report report = {s, o, &results, decoded, n_files};
    enum vx_status rc = decoded ? VX_OK : vx_fail_nomem(err, "the report");

    for (int i = 0; rc == VX_OK && i < n_files; i++) { /* first: of a misspelt name one hears at once */
        decoded[i].path = files[i];
        rc = vx_bench_decode(s, files[i], &decoded[i].audio_s, &decoded[i].wall_s, err);
    }
    if (rc == VX_OK && (rc = vx_bench_measure(&results, s, o, err)) == VX_OK)
        rc = print(&report, json, err);
    free(decoded);
    return rc;
}

int vx_cmd_bench(const struct vx_command *self, int argc, char **argv)
{
    struct vx_scanner_options o = {.device = "auto", .precision = "auto", .threshold = -1, .any_labels = true};
    struct vx_bench_options b = {.seconds = 3};
    struct vx_scanner scanner = {0};
    const char *format = "text";
    long threads = 0, rounds = 3;
    const struct vx_opt table[] = {
        {"model", 'm', VX_OPT_STRING, &o.model, "DIR", "Hugging Face ConvNeXt folder (default: " VX_DEFAULT_MODEL_WORDS ")", 0, 0},
        {"profile", 'p', VX_OPT_STRING, &o.profile, "NAME|FILE", "front end, as for scan", 0, 0},
        {"device", 0, VX_OPT_STRING, &o.device, "auto|cpu|cuda", "engine", 0, 0},
        {"precision", 0, VX_OPT_STRING, &o.precision, VX_PRECISION_WORDS, "arithmetic", 0, 0},
        {"threads", 't', VX_OPT_INT, &threads, "N", "engine threads (default: all processors; 3 on a GPU)", 1, 1024},
        {"batch", 0, VX_OPT_INT, &o.batch, "N", "windows an engine call", 1, 4096},
        {"seconds", 's', VX_OPT_REAL, &b.seconds, "S", "for each measurement (default 3)", 0.01, 600},
        {"rounds", 'r', VX_OPT_INT, &rounds, "N", "parts of each, taken in turns; the fastest counts (default 3)", 1, 1000},
        {"network-only", 0, VX_OPT_FLAG, &b.network_only, NULL, "only the network and the processor's ceilings", 0, 0},
        {"format", 'f', VX_OPT_STRING, &format, "text|json", "of the report (default text)", 0, 0},
        {0},
    };
    struct vx_log *log = NULL;
    struct vx_err err;
    enum vx_status rc;
    cpu_set_t set;
    int n, status = vx_command_parse(self, table, argc, argv, &n, 0);

    if (status >= 0)
        return status;
    if (strcmp(format, "text") != 0 && strcmp(format, "json") != 0) {
        fprintf(stderr, "voxtrawl bench: --format %s: expected text or json\n", format);
        return VX_EXIT_USAGE;
    }
    b.rounds = (int)rounds;
    o.lanes = (int)threads;
    o.processors = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    if ((rc = vx_log_open(&log, NULL, VX_LOG_INFO, &err)) == VX_OK &&
        (rc = vx_scanner_open(&scanner, &o, log, &err)) == VX_OK)
        rc = run(&scanner, &b, strcmp(format, "json") == 0, argv + 1, n, &err);
    vx_scanner_close(&scanner);
    vx_log_close(&log);
    return rc == VX_OK ? VX_EXIT_OK : vx_command_fail(self, &err);
}
