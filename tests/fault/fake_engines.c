/* fake_engines.c - voxtrawl with an engine that costs nothing, and that some windows kill
 * Decoder processes go wrong at files of certain names (misbehave()).
 * Scores are a hash of the window (tests/harness/fake_engine.h). A window that stands still above half of full scale ends the
 * process as the kernel does when memory is short, one below minus half stops it. VX_FAKE_WINDOW_MS: what a window takes.
 * VX_FAKE_BLIND: it looks at nothing, so that all else can be measured. */
#include "base/clock.h"
#include "base/item.h"
#include "base/mem.h"
#include "jobs/engines.h"
#include "tests/harness/fake_engine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

struct slow_engine {
    struct fake_engine fake; /* first: what the engine's callers hold points here */
    double window_s;
    bool blind;
};

static const struct vx_engine_ops slow_engine_ops;

static enum vx_status open_fake(struct vx_engine **out, const struct vx_engine_config *config, struct vx_err *err)
{
    const char *const ms = getenv("VX_FAKE_WINDOW_MS");
    struct slow_engine *slow = vx_calloc(1, sizeof *slow);

    *out = NULL;
    if (!slow)
        return vx_fail_nomem(err, "the fake engine");
    fake_engine_init(&slow->fake, config->lanes);
    slow->fake.engine.ops = &slow_engine_ops;
    slow->blind = getenv("VX_FAKE_BLIND") != NULL;
    slow->window_s = ms ? atof(ms) / 1000 : 0;
    *out = &slow->fake.engine;
    return VX_OK;
}

static void close_fake(struct vx_engine **engine)
{
    free(*engine);
    *engine = NULL;
}

static bool stands_still(const float *pcm, int samples, float *level)
{
    *level = pcm[samples / 2];
    for (int i = samples / 3; i < samples / 2; i++)
        if (fabsf(pcm[i] - *level) > 1e-3f)
            return false;
    return true;
}

static enum vx_status run_fake(struct vx_engine *engine, int lane, const struct vx_input *in, float *logits, struct vx_err *err)
{
    const struct slow_engine *slow = (const struct slow_engine *)engine;
    float level;

    if (slow->blind) {
        memset(logits, 0, 2 * (size_t)in->n * sizeof *logits);
        return VX_OK;
    }
    for (int i = 0; in->kind == VX_INPUT_PCM && i < in->n; i++)
        if (stands_still((const float *)in->data + (size_t)i * (size_t)in->samples, in->samples, &level) && fabsf(level) > 0.5f)
            raise(level > 0 ? SIGKILL : SIGSTOP);
    if (slow->window_s > 0)
        vx_clock_sleep(slow->window_s * in->n);
    return fake_engine_ops.run(engine, lane, in, logits, err);
}

static enum vx_status no_images(struct vx_engine *engine, int lane, const struct vx_input *in, uint8_t *images, struct vx_err *err)
{
    (void)engine;
    (void)lane;
    (void)in;
    (void)images;
    (void)err;
    return VX_OK;
}

static const struct vx_engine_ops slow_engine_ops = {
    .name = "fake", .default_batch = 8, .open = open_fake, .close = close_fake, .run = run_fake, .images = no_images};
/* What a decoder that has been taken over, or has a bug, might do with files of certain names. */
static void misbehave(const struct vx_item *item)
{
    const char *const slash = strrchr(item->path, '/'), *const name = slash ? slash + 1 : item->path;
    const struct sockaddr_in somewhere = {.sin_family = AF_INET, .sin_port = 80};
    const struct rlimit core = {0, 0};
    void *more;

    setrlimit(RLIMIT_CORE, &core);
    signal(SIGSEGV, SIG_DFL); /* not a sanitizer's report */
    signal(SIGABRT, SIG_DFL);
    if (strncmp(name, "crashes", 7) == 0)
        raise(SIGSEGV);
    if (strncmp(name, "aborts", 6) == 0)
        abort();
    if (strncmp(name, "exits", 5) == 0)
        _exit(3);
    if (strncmp(name, "killed", 6) == 0)
        raise(SIGKILL);
    while (strncmp(name, "hangs", 5) == 0)
        ;
    while (strncmp(name, "eats", 4) == 0) {
        if (!(more = malloc(1 << 20)))
            abort();
        memset(more, 1, 1 << 20);
    }
    if (strncmp(name, "connects", 8) == 0)
        (void)!connect(socket(AF_INET, SOCK_STREAM, 0), (const struct sockaddr *)(const void *)&somewhere, sizeof somewhere);
    if (strncmp(name, "writes", 6) == 0)
        (void)!open("written", O_WRONLY | O_CREAT, 0666);
    if (strncmp(name, "forks", 5) == 0) {
        const long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
        if (child <= 0)
            _exit(child < 0 && errno == EPERM ? 4 : 5);
    }
    if (strncmp(name, "reads", 5) == 0 && open("/etc/passwd", O_RDONLY) < 0)
        _exit(errno == EPERM ? 4 : 5);
    if (strncmp(name, "executes", 8) == 0)
        execl("/bin/sh", "sh", "-c", "echo >executed", NULL);
}

void (*const vx_decoder_before)(const struct vx_item *item) = misbehave;
const struct vx_engine_ops *const vx_engines[] = {&slow_engine_ops, NULL};
