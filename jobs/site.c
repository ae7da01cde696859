#include "jobs/site.h"
#include "base/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SITE_MAX ((size_t)1 << 20) /* bytes of a site file */
#define CPUS_MAX 4096

enum vx_status vx_site_word(const char *text, const char *what, struct vx_err *err)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._,:/@+=-";

    if (!*text || text[0] == '-' || strspn(text, plain) != strlen(text))
        return vx_fail(err, VX_EINVAL, "%s \"%s\": expected one word of letters, digits and . _ , : / @ + = -", what, text);
    return VX_OK;
}

static enum vx_status keep(char **to, const char *key, const char *text, struct vx_err *err)
{
    if (*to)
        return vx_fail(err, VX_EINVAL, "%s is given twice", key);
    return (*to = strdup(text)) ? VX_OK : vx_fail_nomem(err, key);
}

static enum vx_status set_word(char **to, const char *key, const char *text, struct vx_err *err)
{
    const enum vx_status rc = vx_site_word(text, key, err);

    return rc == VX_OK ? keep(to, key, text, err) : rc;
}

static enum vx_status set_choice(char **to, const char *key, const char *text, const char *one, const char *other,
                                 struct vx_err *err)
{
    if (strcmp(text, one) != 0 && strcmp(text, other) != 0)
        return vx_fail(err, VX_EINVAL, "%s \"%s\": expected %s or %s", key, text, one, other);
    return keep(to, key, text, err);
}

/* Variables are filled in by the shell on the node, within double quotes: nothing that would end or leave them. */
static enum vx_status set_scratch(char **to, const char *text, struct vx_err *err)
{
    if ((text[0] != '/' && text[0] != '$') || strpbrk(text, "\"`\\") || strstr(text, "$("))
        return vx_fail(err, VX_EINVAL,
                       "scratch \"%s\": expected a path that begins with / or a $VARIABLE, without \" ` \\ or $(", text);
    return keep(to, "scratch", text, err);
}

static enum vx_status set_cpus(long *to, const char *text, struct vx_err *err)
{
    char *end;

    if (*to)
        return vx_fail(err, VX_EINVAL, "cpus_per_gpu is given twice");
    errno = 0;
    *to = strtol(text, &end, 10);
    return errno == 0 && *end == '\0' && *to >= 1 && *to <= CPUS_MAX
               ? VX_OK
               : vx_fail(err, VX_EINVAL, "cpus_per_gpu \"%s\": expected a whole number from 1 to %d", text, CPUS_MAX);
}

static enum vx_status add_line(struct vx_buf *to, const char *before, const char *text, struct vx_err *err)
{
    vx_buf_fmt(to, "%s%s%s", to->len > 0 ? "\n" : "", before, text);
    return to->failed ? vx_fail_nomem(err, "the site file") : VX_OK;
}

enum vx_status vx_site_add_option(struct vx_site *site, const char *text, struct vx_err *err)
{
    if (text[0] != '-' || strpbrk(text, "\n\r"))
        return vx_fail(err, VX_EINVAL, "sbatch \"%s\": expected an option of sbatch, such as --constraint=NAME", text);
    return add_line(&site->options, "#SBATCH ", text, err);
}

static enum vx_status add_module(struct vx_site *site, const char *text, struct vx_err *err)
{
    const enum vx_status rc = vx_site_word(text, "module", err);

    return rc == VX_OK ? add_line(&site->setup, "module load ", text, err) : rc;
}

static enum vx_status set(struct vx_site *s, const char *key, const char *text, struct vx_err *err)
{
    const struct {
        const char *key;
        char **to;
    } words[] = {
        {"partition", &s->partition}, {"gpu_partition", &s->gpu_partition}, {"account", &s->account}, {"qos", &s->qos},
        {"memory", &s->memory},       {"gpu_type", &s->gpu_type},
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(key, words[i].key) == 0)
            return set_word(words[i].to, key, text, err);
    if (strcmp(key, "gpu_request") == 0)
        return set_choice(&s->gpu_request, key, text, "gres", "gpus-per-task", err);
    if (strcmp(key, "launcher") == 0)
        return set_choice(&s->launcher, key, text, "mpirun", "srun", err);
    if (strcmp(key, "mpirun") == 0)
        return keep(&s->mpirun, key, text, err);
    if (strcmp(key, "srun") == 0)
        return keep(&s->srun, key, text, err);
    if (strcmp(key, "scratch") == 0)
        return set_scratch(&s->scratch, text, err);
    if (strcmp(key, "cpus_per_gpu") == 0)
        return set_cpus(&s->cpus_per_gpu, text, err);
    if (strcmp(key, "sbatch") == 0)
        return vx_site_add_option(s, text, err);
    if (strcmp(key, "module") == 0)
        return add_module(s, text, err);
    if (strcmp(key, "setup") == 0)
        return add_line(&s->setup, "", text, err);
    return vx_fail(err, VX_EINVAL,
                   "unknown key \"%s\"; there are partition, gpu_partition, account, qos, memory, gpu_type, cpus_per_gpu, "
                   "gpu_request, launcher, mpirun, srun, scratch, and, as often as needed, sbatch, module, setup", key);
}

static char *trim(char *text)
{
    size_t n;

    text += strspn(text, " \t");
    for (n = strlen(text); n > 0 && strchr(" \t\r", text[n - 1]); n--)
        ;
    text[n] = '\0';
    return text;
}

static enum vx_status take_line(struct vx_site *site, char *line, struct vx_err *err)
{
    char *text = trim(line), *equals = strchr(text, '='), *key, *value;

    if (!*text || *text == '#')
        return VX_OK;
    if (!equals)
        return vx_fail(err, VX_EINVAL, "expected KEY = VALUE, got \"%s\"", text);
    *equals = '\0';
    key = trim(text);
    value = trim(equals + 1);
    for (const char *c = value; *c; c++)
        if ((unsigned char)*c < ' ' && *c != '\t')
            return vx_fail(err, VX_EINVAL, "%s holds a control character", key);
    return *value ? set(site, key, value, err) : vx_fail(err, VX_EINVAL, "%s has no value; leave the line out", key);
}

enum vx_status vx_site_read(struct vx_site *site, const char *path, struct vx_err *err)
{
    enum vx_status rc;
    char *text, *rest;
    size_t len;
    long number = 0;

    if ((rc = vx_file_read(path, SITE_MAX, &text, &len, err)) != VX_OK)
        return rc;
    if (strlen(text) != len)
        rc = vx_fail(err, VX_EINVAL, "%s: not a text file, it holds NUL bytes", path);
    rest = text;
    while (rc == VX_OK && rest) {
        char *line = strsep(&rest, "\n");
        number++;
        if ((rc = take_line(site, line, err)) != VX_OK)
            vx_err_prefix(err, "%s:%ld", path, number);
    }
    free(text);
    return rc;
}

void vx_site_free(struct vx_site *s)
{
    char *const strings[] = {s->partition, s->gpu_partition, s->account, s->qos,    s->memory, s->gpu_type,
                             s->gpu_request, s->launcher,    s->scratch, s->mpirun, s->srun};

    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        free(strings[i]);
    vx_buf_free(&s->options);
    vx_buf_free(&s->setup);
    *s = (struct vx_site){0};
}
