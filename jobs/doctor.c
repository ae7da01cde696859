/* doctor.c - voxtrawl doctor: what this machine offers to a scan, what the scan would use of it and why */
#include "jobs/doctor.h"
#include "base/mem.h"
#include "jobs/command.h"
#include "jobs/version.h"

#include <stdlib.h>
#include <string.h>

#define MAX_CPUS 8192

static int exit_status(const struct vx_findings *f)
{
    switch (vx_findings_worst(f)) {
    case VX_LEVEL_OK:
        return VX_EXIT_OK;
    case VX_LEVEL_NOTE:
        return VX_EXIT_REMARKS;
    case VX_LEVEL_PROBLEM:
        break;
    }
    return VX_EXIT_FAILED;
}

static enum vx_status print_json(const struct vx_doctor *d, struct vx_err *err)
{
    struct vx_buf out = {0};
    enum vx_status rc = VX_OK;

    vx_buf_str(&out, "{\"program\": ");
    vx_buf_json(&out, vx_version_short());
    vx_buf_str(&out, ", \"host\": ");
    vx_buf_json(&out, d->world.host);
    vx_buf_fmt(&out, ", \"worst\": \"%s\", \"findings\": ", vx_level_name(vx_findings_worst(&d->found)));
    vx_findings_json(&d->found, &out);
    vx_buf_str(&out, "}\n");
    if (out.failed)
        rc = vx_fail_nomem(err, "the findings");
    else
        fwrite(out.data, 1, out.len, stdout);
    vx_buf_free(&out);
    return rc;
}

/* Rank 0's: looks, and says. */
static enum vx_status examine(struct vx_doctor *d, bool json, struct vx_err *err)
{
    enum vx_status rc = VX_OK;

    vx_doctor_engine(d);
    vx_doctor_machine(d);
    vx_doctor_places(d);
    vx_doctor_launch(d);
    if (json)
        rc = print_json(d, err);
    else
        vx_findings_print(&d->found, stdout);
    if (rc == VX_OK && (fflush(stdout) != 0 || ferror(stdout)))
        rc = vx_fail_sys(err, "stdout");
    return rc;
}

static int doctor(const struct vx_command *self, struct vx_doctor *d, bool json)
{
    int *cpus = vx_calloc(MAX_CPUS, sizeof *cpus);
    struct vx_err err;
    enum vx_status rc = cpus ? vx_world_cpus(&d->world, cpus, MAX_CPUS, &d->processors, &err) : vx_fail_nomem(&err, "processors");

    free(cpus);
    d->scanner.processors = d->processors;
    d->scanner.local_rank = d->world.local_rank;
    if (d->world.rank != 0)
        return VX_EXIT_OK;
    if (rc == VX_OK)
        rc = examine(d, json, &err);
    return rc == VX_OK ? exit_status(&d->found) : vx_command_fail(self, &err);
}

/* Returns -1 to go on, else the exit status. */
static int parse(struct vx_doctor *d, bool *json, const struct vx_command *self, int argc, char **argv)
{
    struct vx_scanner_options *const s = &d->scanner;
    const char *format = "text";
    long threads = 0;
    const struct vx_opt table[] = {
        {"output", 'o', VX_OPT_STRING, &d->out, "OUT.db", "where the result would be written (default voxtrawl.db)", 0, 0},
        {"work", 0, VX_OPT_STRING, &d->work, "DIR", "the work folder (default OUT.db.work)", 0, 0},
        {"scratch", 0, VX_OPT_STRING, &d->scratch, "DIR", "as for scan: a folder on this machine's own disk", 0, 0},
        {"model", 'm', VX_OPT_STRING, &s->model, "DIR", "Hugging Face ConvNeXt folder (default: " VX_DEFAULT_MODEL_WORDS ")", 0, 0},
        {"profile", 'p', VX_OPT_STRING, &s->profile, "NAME|FILE", "front end, as for scan", 0, 0},
        {"device", 0, VX_OPT_STRING, &s->device, "auto|cpu|cuda", "engine (default auto)", 0, 0},
        {"precision", 0, VX_OPT_STRING, &s->precision, VX_PRECISION_WORDS, "arithmetic (default auto)", 0, 0},
        {"threads", 't', VX_OPT_INT, &threads, "N", "engine threads (default: all processors; 3 on a GPU)", 1, 1024},
        {"format", 'f', VX_OPT_STRING, &format, "text|json", "of the report (default text)", 0, 0},
        {0},
    };
    int n, status = vx_command_parse(self, table, argc, argv, &n, d->world.rank != 0);

    if (status >= 0)
        return status;
    s->lanes = (int)threads;
    *json = strcmp(format, "json") == 0;
    if (n == 0 && (*json || strcmp(format, "text") == 0) && *d->out)
        return -1;
    if (d->world.rank == 0)
        fprintf(stderr, "usage: voxtrawl doctor %s\n", self->usage);
    return VX_EXIT_USAGE;
}

int vx_cmd_doctor(const struct vx_command *self, int argc, char **argv)
{
    struct vx_doctor *d = vx_calloc(1, sizeof *d);
    struct vx_err err;
    bool json;
    int status;

    if (!d) {
        (void)vx_fail_nomem(&err, "the findings");
        return vx_command_fail(self, &err);
    }
    d->scanner = (struct vx_scanner_options){.device = "auto", .precision = "auto", .threshold = -1, .any_labels = true};
    d->out = "voxtrawl.db";
    if (vx_world_open(&d->world, &argc, &argv, &err) != VX_OK) {
        status = vx_command_fail(self, &err);
    } else {
        if ((status = parse(d, &json, self, argc, argv)) < 0)
            status = doctor(self, d, json);
        vx_world_close(&d->world);
    }
    free(d);
    return status;
}
