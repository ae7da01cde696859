/* The two sides of a model's labels, from their words or from the user. */
#include "base/buf.h"
#include "base/text.h"
#include "model/config.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum side { FAKE = -1, NEITHER = 0, REAL = 1 };

/* The words of the field's label files. A word may be several words of a label. */
static const struct {
    const char *word;
    enum side side;
} words[] = {
    {"bonafide", REAL}, {"bona fide", REAL}, {"real", REAL},     {"genuine", REAL}, {"human", REAL},
    {"spoof", FAKE},    {"fake", FAKE},      {"synthetic", FAKE}, {"deepfake", FAKE}, {"ai", FAKE},
    {"generated", FAKE},
};

/* With one of these a label's words mean something else ("not real"). */
static const char *const negation[] = {"not", "non", "no"};

/* " word word ": lower case, everything but letters and digits a single space. The caller's to free; NULL: no memory. */
static char *normalise(const char *label)
{
    char *out = malloc(strlen(label) + 3), *p = out;

    if (!out)
        return NULL;
    *p++ = ' ';
    for (; *label; label++) {
        const unsigned char c = (unsigned char)*label;
        if (c >= 0x80 || isalnum(c))
            *p++ = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
        else if (p[-1] != ' ')
            *p++ = ' ';
    }
    if (p[-1] != ' ')
        *p++ = ' ';
    *p = '\0';
    return out;
}

/* text as normalise() makes it. */
static bool has_word(const char *text, const char *word)
{
    const size_t len = strlen(word);

    for (const char *p = text; (p = strstr(p, word)); p++)
        if (p[-1] == ' ' && p[len] == ' ')
            return true;
    return false;
}

static enum side side_of(const char *text)
{
    bool real = false, fake = false;

    for (size_t i = 0; i < sizeof negation / sizeof *negation; i++)
        if (has_word(text, negation[i]))
            return NEITHER;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (has_word(text, words[i].word)) {
            real |= words[i].side == REAL;
            fake |= words[i].side == FAKE;
        }
    }
    if (real == fake)
        return NEITHER;
    return real ? REAL : FAKE;
}

/* The labels, for a message: 0 "real", 1 "fake". */
static const char *list_labels(struct vx_buf *b, const struct vx_config *config)
{
    const int most = 20;

    for (int i = 0; i < config->n_labels && i < most; i++) {
        char *name = vx_text_printable(config->labels[i]);
        vx_buf_fmt(b, "%s%d \"%.40s\"", i ? ", " : "", i, name ? name : "?");
        free(name);
    }
    if (config->n_labels > most)
        vx_buf_fmt(b, " and %d more", config->n_labels - most);
    return b->failed ? "(out of memory)" : b->data;
}

/* A label's name (labels of the same name all count), else its number. Marks chosen[n_labels]. */
static bool choose(bool *chosen, const struct vx_config *config, const char *label)
{
    bool found = false;
    char *end;
    long number;

    for (int i = 0; i < config->n_labels; i++)
        if (strcmp(config->labels[i], label) == 0)
            chosen[i] = found = true;
    for (int i = 0; !found && i < config->n_labels; i++)
        if (strcasecmp(config->labels[i], label) == 0)
            chosen[i] = found = true;
    if (found || !isdigit((unsigned char)label[0]))
        return found;
    number = strtol(label, &end, 10);
    if (*end != '\0' || number >= config->n_labels)
        return false;
    return chosen[number] = true;
}

static enum vx_status override_side(struct vx_label_map *map, const struct vx_config *config, enum side side,
                                    const char *label, bool *chosen, struct vx_err *err)
{
    struct vx_buf list = {0};
    enum vx_status rc = VX_OK;

    if (!choose(chosen, config, label)) {
        rc = vx_fail(err, VX_EINVAL, "--%s-label %s: the model has no such label; it has %s",
                     side == REAL ? "real" : "fake", label, list_labels(&list, config));
        vx_buf_free(&list);
        return rc;
    }
    for (int i = 0; i < map->n_labels; i++)
        if (chosen[i])
            map->side[i] = (signed char)side;
        else if (map->side[i] == side)
            map->side[i] = NEITHER;
    return VX_OK;
}

static enum vx_status check_sides(const struct vx_label_map *map, const struct vx_config *config, struct vx_err *err)
{
    bool real = false, fake = false;
    struct vx_buf list = {0};
    enum vx_status rc = VX_OK;

    for (int i = 0; i < map->n_labels; i++) {
        real |= map->side[i] == REAL;
        fake |= map->side[i] == FAKE;
    }
    if (!real || !fake)
        rc = vx_fail(err, VX_EINVAL, "no label of the model is known to mean %s; give %s with a name or number of: %s",
                     real ? "synthetic speech" : fake ? "speech by a person" : "speech by a person or synthetic speech",
                     real ? "--fake-label" : fake ? "--real-label" : "--real-label and --fake-label",
                     list_labels(&list, config));
    vx_buf_free(&list);
    return rc;
}

enum vx_status vx_label_map_create(struct vx_label_map *out, const struct vx_config *config, const char *fake_label,
                                   const char *real_label, struct vx_err *err)
{
    const size_t n = (size_t)config->n_labels;
    struct vx_label_map map = {config->n_labels, calloc(n + 1, sizeof *map.side)};
    bool *fakes = calloc(n + 1, sizeof *fakes), *reals = calloc(n + 1, sizeof *reals);
    enum vx_status rc = VX_OK;

    *out = (struct vx_label_map){0};
    if (!map.side || !fakes || !reals) {
        rc = vx_fail_nomem(err, "labels");
        goto done;
    }
    if (n == 1) {
        rc = vx_fail(err, VX_EINVAL, "the model has a single label; a verdict takes one for each side");
        goto done;
    }
    for (int i = 0; i < map.n_labels; i++) {
        char *text = normalise(config->labels[i]);
        if (!text) {
            rc = vx_fail_nomem(err, "labels");
            goto done;
        }
        map.side[i] = (signed char)side_of(text);
        free(text);
    }
    if ((fake_label && (rc = override_side(&map, config, FAKE, fake_label, fakes, err)) != VX_OK) ||
        (real_label && (rc = override_side(&map, config, REAL, real_label, reals, err)) != VX_OK))
        goto done;
    for (size_t i = 0; i < n; i++) {
        if (fakes[i] && reals[i]) {
            rc = vx_fail(err, VX_EINVAL, "--fake-label %s and --real-label %s are the same label", fake_label, real_label);
            goto done;
        }
    }
    if ((rc = check_sides(&map, config, err)) != VX_OK)
        goto done;
    *out = map;
    map = (struct vx_label_map){0}; /* now the caller's */
done:
    free(fakes);
    free(reals);
    vx_label_map_clear(&map);
    return rc;
}

void vx_label_map_clear(struct vx_label_map *map)
{
    free(map->side);
    *map = (struct vx_label_map){0};
}

static float reduce_side(const struct vx_label_map *map, const float *logits, enum side side)
{
    float only = 0, largest = -INFINITY;
    double sum = 0;
    int n = 0;

    for (int i = 0; i < map->n_labels; i++) {
        if (map->side[i] == side) {
            only = logits[i];
            largest = fmaxf(largest, only);
            n++;
        }
    }
    if (n == 1)
        return only;
    for (int i = 0; i < map->n_labels; i++)
        if (map->side[i] == side)
            sum += exp((double)logits[i] - (double)largest);
    return (float)((double)largest + log(sum));
}

void vx_label_map_reduce(const struct vx_label_map *map, const float *logits, float *real, float *fake)
{
    *real = reduce_side(map, logits, REAL);
    *fake = reduce_side(map, logits, FAKE);
}
