#include "base/text.h"
#include "io/sndfile_formats.h"
#include "io/versions.h"
#include "jobs/doctor.h"
#include "jobs/engines.h"
#include "jobs/version.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void look_at_program(struct vx_doctor *d)
{
    const bool slow = strcmp(VX_BUILD_TYPE, "Debug") == 0;

    vx_found(&d->found, "program", slow ? VX_LEVEL_NOTE : VX_LEVEL_OK, "voxtrawl %s%s", vx_version_short(),
             slow ? ", built for finding mistakes: slow" : "");
    if (slow)
        vx_found_remedy(&d->found, "cmake --preset release");
}

static void look_at_decoders(struct vx_doctor *d)
{
    const struct vx_sndfile_formats f = vx_sndfile_formats();
    struct vx_io_version io[VX_IO_VERSIONS];
    const char *sndfile = "?", *ffmpeg = "none";

    vx_io_versions(io);
    for (int i = 0; i < VX_IO_VERSIONS; i++) {
        if (strcmp(io[i].name, "libsndfile") == 0)
            sndfile = io[i].version;
        else if (strcmp(io[i].name, "FFmpeg") == 0)
            ffmpeg = io[i].version;
    }
    vx_found(&d->found, "decoders", VX_LEVEL_OK, "libsndfile %s, %d formats: wav%s%s%s%s ...", sndfile, f.n, f.flac ? ", flac" : "",
             f.vorbis ? ", ogg vorbis" : "", f.opus ? ", opus" : "", f.mp3 ? ", mp3" : "");
    if (!f.flac || !f.vorbis || !f.opus || !f.mp3) {
        vx_found(&d->found, "decoders", VX_LEVEL_NOTE, "this libsndfile does not read:%s%s%s%s", f.flac ? "" : " flac",
                 f.vorbis ? "" : " vorbis", f.opus ? "" : " opus", f.mp3 ? "" : " mp3");
        vx_found_remedy(&d->found, "libsndfile 1.2 or newer, built with its external libraries and with mpeg");
    }
    if (strcmp(ffmpeg, "none") != 0) {
        vx_found(&d->found, "decoders", VX_LEVEL_OK, "FFmpeg %s, for what libsndfile declines: m4a, mp4, webm, wma, amr ...", ffmpeg);
        return;
    }
    vx_found(&d->found, "decoders", VX_LEVEL_NOTE, "built without FFmpeg: m4a, mp4, webm, wma and amr cannot be read");
    vx_found_remedy(&d->found, "install FFmpeg's libraries (Debian: libavformat-dev libavcodec-dev libswresample-dev) and build again");
}

/* The value of an NVIDIA driver's line "Model:", empty where there is none */
static void read_model(const char *path, char *out, size_t size)
{
    char line[256];
    FILE *f = fopen(path, "re");

    out[0] = '\0';
    while (f && !out[0] && fgets(line, sizeof line, f)) {
        const char *at = strncmp(line, "Model:", 6) == 0 ? line + 6 + strspn(line + 6, " \t") : NULL;
        if (at)
            snprintf(out, size, "%.*s", (int)strcspn(at, "\n"), at);
    }
    if (f)
        fclose(f);
}

/* NVIDIA's cards on the PCI bus: display and 3D controllers with its vendor number */
static int count_cards(void)
{
    glob_t found = {0};
    char text[16], kind[256];
    int n = 0;

    if (glob("/sys/bus/pci/devices/*/vendor", 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            FILE *f = fopen(found.gl_pathv[i], "re");
            const bool nvidia = f && fgets(text, sizeof text, f) && strncmp(text, "0x10de", 6) == 0;
            if (f)
                fclose(f);
            snprintf(kind, sizeof kind, "%.*sclass", (int)(strlen(found.gl_pathv[i]) - strlen("vendor")), found.gl_pathv[i]);
            if (!nvidia || !(f = fopen(kind, "re")))
                continue;
            n += fgets(text, sizeof text, f) && (strncmp(text, "0x0300", 6) == 0 || strncmp(text, "0x0302", 6) == 0);
            fclose(f);
        }
    }
    globfree(&found);
    return n;
}

static bool has_engine(const char *name)
{
    for (int i = 0; vx_engines[i]; i++)
        if (strcmp(vx_engines[i]->name, name) == 0)
            return true;
    return false;
}

/* What the system knows of GPUs, with or without CUDA in the program */
static void look_at_gpus(struct vx_doctor *d)
{
    glob_t cards = {0};
    char model[128] = "";
    const bool driver = glob("/proc/driver/nvidia/gpus/*/information", 0, NULL, &cards) == 0;
    const int n = driver ? (int)cards.gl_pathc : count_cards();
    const char *const visible = getenv("CUDA_VISIBLE_DEVICES");

    if (driver)
        read_model(cards.gl_pathv[0], model, sizeof model);
    globfree(&cards);
    if (n == 0) {
        vx_found(&d->found, "GPU", VX_LEVEL_OK, "none of NVIDIA's in this machine");
    } else if (!driver) {
        vx_found(&d->found, "GPU", VX_LEVEL_NOTE, "%d of NVIDIA's in this machine, but no driver is loaded", n);
        vx_found_remedy(&d->found, "install NVIDIA's driver; in a container, pass the GPU in (docker --gpus all, apptainer --nv)");
    } else if (!has_engine("cuda")) {
        vx_found(&d->found, "GPU", VX_LEVEL_NOTE, "%d of NVIDIA's (%s), which this program cannot use: it was built without CUDA", n, model);
        vx_found_remedy(&d->found, "build with: cmake --preset cuda && cmake --build --preset cuda");
    } else {
        vx_found(&d->found, "GPU", VX_LEVEL_OK, "%d of NVIDIA's (%s)%s%s", n, model, visible ? ", CUDA_VISIBLE_DEVICES=" : "",
                 visible ? visible : "");
    }
}

static void describe(struct vx_doctor *d, const struct vx_scanner *s)
{
    const char *const shipped = s->shipped ? ", voxtrawl's own small one: not made for neural deepfakes" : "";

    vx_found(&d->found, "model", s->trained ? VX_LEVEL_OK : VX_LEVEL_NOTE, "%s, %.1f M parameters%s%s", s->model_path,
             (double)s->n_parameters / 1e6, shipped, s->trained ? "" : ", UNTRAINED: its scores mean nothing");
    if (!s->trained)
        vx_found_remedy(&d->found, "name a trained one with --model DIR or VOXTRAWL_MODEL; docs/checkpoint.md tells of the published one");
    if (s->profile.calibrated_on[0]) {
        vx_found(&d->found, "profile", VX_LEVEL_OK, "%s, calibrated on %s", s->profile.name, s->profile.calibrated_on);
    } else {
        vx_found(&d->found, "profile", VX_LEVEL_NOTE, "%s, not calibrated: scores are no probabilities", s->profile.name);
        vx_found_remedy(&d->found, "voxtrawl calibrate, on labelled recordings like those to be scanned");
    }
    vx_found(&d->found, "engine", VX_LEVEL_OK, "%s; %d thread%s, batches of %d", s->engine->description, s->engine->lanes,
             s->engine->lanes == 1 ? "" : "s", s->batch);
}

/* Each engine is asked by its name, as --device auto would, so that why one was passed over can be told. */
static void look_at_engines(struct vx_doctor *d)
{
    const bool any = strcmp(d->scanner.device, "auto") == 0;
    struct vx_log *log = NULL;
    struct vx_scanner s = {0};
    struct vx_err err = {0};
    enum vx_status rc = vx_log_open(&log, NULL, VX_LOG_WARNING, &err);

    for (int i = 0; rc == VX_OK && vx_engines[i]; i++) {
        struct vx_scanner_options o = d->scanner;
        if (any)
            o.device = vx_engines[i]->name;
        rc = vx_scanner_open(&s, &o, log, &err);
        if (rc != VX_EUNSUPPORTED || !any || !vx_engines[i + 1])
            break;
        vx_found(&d->found, "engine", VX_LEVEL_OK, "not %s: %s", vx_engines[i]->name, err.text);
        rc = VX_OK;
    }
    if (rc == VX_OK) {
        describe(d, &s);
    } else {
        vx_found(&d->found, "engine", VX_LEVEL_PROBLEM, "%s", err.text);
        if (err.status == VX_ESYS || err.status == VX_EFORMAT) /* a file of the model; others say themselves what to do */
            vx_found_remedy(&d->found, "voxtrawl model DIR shows what a model folder holds");
    }
    vx_scanner_close(&s);
    vx_log_close(&log);
}

void vx_doctor_engine(struct vx_doctor *d)
{
    look_at_program(d);
    look_at_decoders(d);
    look_at_gpus(d);
    look_at_engines(d);
}
