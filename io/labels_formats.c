/* The label files of the field: which one a file is, and where its cells are. */
#include "io/labels.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/labels_layout.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_FIXED 13 /* cells */

/* Blanks between the cells, no header. NULL: the name, the label, or what says nothing. */
static const struct fixed {
    const char *format;
    size_t n_cells, name, label;
    const char *cells[MAX_FIXED];
} fixed[] = {
    {"asvspoof2019", 5, 1, 4, {"speaker", NULL, "environment", "attack", NULL}},
    {"asvspoof2021-la", 8, 1, 5, {"speaker", NULL, "codec", "transmission", "attack", NULL, "trim", "subset"}},
    {"asvspoof2021-df", 13, 1, 5,
     {"speaker", NULL, "codec", "source", "attack", NULL, "trim", "subset", "vocoder", "task", "team", "gender_pair",
      "language"}},
    {"asvspoof5", 10, 1, 8,
     {"speaker", NULL, "gender", "codec", "codec_quality", "codec_seed", "attack_tag", "attack", NULL, NULL}},
};
enum { N_FIXED = sizeof fixed / sizeof *fixed };

/* With a header. need: a cell that tells the format where no cell holds a label word; exact: the header in full. */
static const struct headed {
    const char *format;
    enum vx_labels_rule rule;
    char delimiter; /* that it must have, 0: any */
    const char *need, *also;
    const char *exact[4];
} headed[] = {
    {"asvspoof5-key", VX_LABELS_WORD, 0, NULL, NULL, {"filename", "cm_label"}},
    {"in-the-wild", VX_LABELS_WORD, 0, NULL, NULL, {"file", "speaker", "label"}},
    {"mlaad", VX_LABELS_ALL_SPOOF, '|', NULL, NULL, {NULL}},
    {"fakeavceleb", VX_LABELS_AUDIO, 0, "type", "method", {NULL}},
    {"spoofceleb", VX_LABELS_ATTACK, 0, "attack", NULL, {NULL}},
    {"table", VX_LABELS_WORD, 0, NULL, NULL, {NULL}},
};
enum { N_HEADED = sizeof headed / sizeof *headed };

/* By priority, as normalise() makes them. */
static const char *const name_cells[] = {"path", "file", "filename", "file_name", "filepath", "file_path", "audio_path",
                                         "audio_file", "audio", "wav", "clip", "utterance_id", "utterance", "utt_id",
                                         "utt", "id", NULL};
static const char *const label_cells[] = {"label", "labels", "class", "cm_label", "key", "target", NULL};

#define NAME_CELLS "path, file, filename, audio, wav, clip, utterance or id"
#define LABEL_CELLS "label, class, cm-label, key or target"
#define WORDS "bonafide, bona-fide, real, genuine or human, or spoof, fake, synthetic or deepfake"

const char *const *vx_labels_formats(void)
{
    static const char *const names[] = {"asvspoof2019", "asvspoof2021-la", "asvspoof2021-df", "asvspoof5",
                                        "asvspoof5-key", "in-the-wild", "mlaad", "fakeavceleb", "spoofceleb",
                                        "table", NULL};

    return names;
}

/* Into out: lower case, no blanks around, '_' for a hyphen or blank within. */
static void normalise(const char *cell, char *out, size_t size)
{
    size_t n = 0;

    cell += strspn(cell, " \t");
    for (; *cell && n + 1 < size; cell++)
        out[n++] = *cell == '-' || *cell == ' ' ? '_' : (char)tolower((unsigned char)*cell);
    while (n > 0 && out[n - 1] == '_')
        n--;
    out[n] = '\0';
}

bool vx_labels_word(const char *word, bool *bona)
{
    static const char *const words[2][5] = {{"spoof", "fake", "synthetic", "deepfake", NULL},
                                            {"bonafide", "real", "genuine", "human", NULL}};
    char plain[16];
    size_t n = 0;

    for (; *word; word++) {
        if (strchr("-_ \t", *word))
            continue;
        if (n + 1 == sizeof plain)
            return false;
        plain[n++] = (char)tolower((unsigned char)*word);
    }
    plain[n] = '\0';
    for (int side = 0; side < 2; side++)
        for (const char *const *w = words[side]; *w; w++)
            if (strcmp(*w, plain) == 0) {
                *bona = side == 1;
                return true;
            }
    return false;
}

static bool ends_with(const char *text, const char *ending)
{
    const size_t len = strlen(text), n = strlen(ending);

    return len >= n && strcasecmp(text + len - n, ending) == 0;
}

bool vx_labels_side(enum vx_labels_rule rule, const char *cell, bool *bona, const char **expected)
{
    switch (rule) {
    case VX_LABELS_WORD:
        *expected = WORDS;
        return vx_labels_word(cell, bona);
    case VX_LABELS_ALL_SPOOF:
        *bona = false;
        return true;
    case VX_LABELS_ATTACK:
        *expected = "a00 (bona fide) or another attack of this form, a01 say";
        *bona = strcasecmp(cell, "a00") == 0;
        return (*cell == 'a' || *cell == 'A') && cell[1] && strspn(cell + 1, "0123456789") == strlen(cell + 1);
    case VX_LABELS_AUDIO:
        *expected = "a type that ends in RealAudio or FakeAudio";
        *bona = ends_with(cell, "RealAudio");
        return *bona || ends_with(cell, "FakeAudio");
    }
    return false;
}

size_t vx_labels_split(char *text, char **cells, size_t max)
{
    size_t n = 0;

    for (;;) {
        text += strspn(text, " \t");
        if (!*text)
            return n;
        if (n < max)
            cells[n] = text;
        n++;
        text += strcspn(text, " \t");
        if (*text)
            *text++ = '\0';
    }
}

void vx_labels_layout_clear(struct vx_labels_layout *layout)
{
    for (size_t i = 0; layout->cells && i < layout->n_cells; i++)
        free(layout->cells[i]);
    free(layout->cells);
    *layout = (struct vx_labels_layout){0};
}

static enum vx_status take_fixed(struct vx_labels_layout *out, const struct fixed *f, struct vx_err *err)
{
    *out = (struct vx_labels_layout){.format = f->format, .dash_is_empty = true, .rule = VX_LABELS_WORD,
                                     .n_cells = f->n_cells, .name = f->name, .label = f->label,
                                     .folder = VX_LABELS_NONE};
    if (!(out->cells = vx_calloc(f->n_cells, sizeof *out->cells)))
        return vx_fail_nomem(err, "a label file's columns");
    for (size_t i = 0; i < f->n_cells; i++)
        if (!(out->cells[i] = strdup(f->cells[i] ? f->cells[i] : "")))
            return vx_fail_nomem(err, "a label file's columns");
    return VX_OK;
}

enum vx_status vx_labels_layout_begin(struct vx_labels_layout *out, const char *line, const char *format,
                                      struct vx_err *err)
{
    char *copy = strdup(line), *cells[MAX_FIXED];
    size_t n;

    *out = (struct vx_labels_layout){0};
    if (!copy)
        return vx_fail_nomem(err, "a label file's first line");
    n = vx_labels_split(copy, cells, MAX_FIXED);
    for (int i = 0; i < N_FIXED; i++) {
        bool bona;
        const bool fits = n == fixed[i].n_cells && vx_labels_word(cells[fixed[i].label], &bona);
        if (format ? strcmp(format, fixed[i].format) == 0 : fits) {
            free(copy);
            return take_fixed(out, &fixed[i], err);
        }
    }
    free(copy);
    out->header = true;
    out->delimiter = strchr(line, '|') ? '|' : strchr(line, '\t') ? '\t' : strchr(line, ',') ? ',' : '\0';
    return VX_OK;
}

/* names[n] against the words in their order. */
static size_t find_cell(char (*names)[32], size_t n, const char *const *words)
{
    for (; *words; words++)
        for (size_t i = 0; i < n; i++)
            if (strcmp(names[i], *words) == 0)
                return i;
    return VX_LABELS_NONE;
}

static bool has_cell(char (*names)[32], size_t n, const char *word)
{
    const char *const words[] = {word, NULL};

    return find_cell(names, n, words) != VX_LABELS_NONE;
}

/* The first of the formats that the header fits, or the one asked for; NULL: none. */
static const struct headed *choose(char (*names)[32], size_t n, char delimiter, bool labelled, const char *format)
{
    for (const struct headed *h = headed; h < headed + N_HEADED; h++) {
        size_t n_exact = 0;
        bool fits = labelled == (h->rule == VX_LABELS_WORD) && (!h->delimiter || h->delimiter == delimiter) &&
                    (!h->need || has_cell(names, n, h->need)) && (!h->also || has_cell(names, n, h->also));
        for (; h->exact[n_exact]; n_exact++)
            fits = fits && n_exact < n && strcmp(names[n_exact], h->exact[n_exact]) == 0;
        if (format ? strcmp(format, h->format) == 0 : fits && (n_exact == 0 || n_exact == n))
            return h;
    }
    return NULL;
}

/* The name of cell i, valid UTF-8, told apart from the earlier ones; the caller's. NULL: no memory. */
static char *cell_name(char *const *earlier, size_t i, const char *cell)
{
    const char *end = cell + strlen(cell);
    char *trimmed, *name, *numbered;

    cell += strspn(cell, " \t");
    while (end > cell && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    trimmed = strndup(cell, (size_t)(end - cell));
    name = trimmed ? vx_text_printable(trimmed) : NULL;
    free(trimmed);
    for (size_t k = 0; name && *name && k < i; k++) {
        if (strcasecmp(earlier[k], name) != 0)
            continue;
        if (asprintf(&numbered, "%s_%zu", name, i + 1) < 0)
            numbered = NULL;
        free(name);
        return numbered;
    }
    return name;
}

static enum vx_status take_header(struct vx_labels_layout *out, char (*names)[32], char *const *cells, size_t n,
                                  const char *format, struct vx_err *err)
{
    static const char *const attack[] = {"attack", NULL}, *const type[] = {"type", NULL};
    const size_t word = find_cell(names, n, label_cells);
    const struct headed *h = choose(names, n, out->delimiter, word != VX_LABELS_NONE, format);

    if ((out->name = find_cell(names, n, name_cells)) == VX_LABELS_NONE)
        return vx_fail(err, VX_EFORMAT, "no column names the recording; expected a header with a column " NAME_CELLS
                       ", or the columns of an ASVspoof protocol");
    if (!h)
        return vx_fail(err, VX_EFORMAT, "no column holds a label; expected one of the name " LABEL_CELLS);
    out->format = h->format;
    out->rule = h->rule;
    out->label = h->rule == VX_LABELS_WORD     ? word
                 : h->rule == VX_LABELS_ATTACK ? find_cell(names, n, attack)
                 : h->rule == VX_LABELS_AUDIO  ? find_cell(names, n, type)
                                               : VX_LABELS_NONE;
    if (out->label == VX_LABELS_NONE && h->rule != VX_LABELS_ALL_SPOOF)
        return vx_fail(err, VX_EFORMAT, "no column %s, which %s has", h->rule == VX_LABELS_WORD ? LABEL_CELLS
                       : h->rule == VX_LABELS_ATTACK ? "attack" : "type", h->format);
    /* FakeAVCeleb: the last column has no name and holds the folder of what "path" names */
    out->folder = h->rule == VX_LABELS_AUDIO && names[n - 1][0] == '\0' ? n - 1 : VX_LABELS_NONE;
    if (!(out->cells = vx_calloc(n, sizeof *out->cells)))
        return vx_fail_nomem(err, "a label file's columns");
    for (out->n_cells = 0; out->n_cells < n; out->n_cells++)
        if (!(out->cells[out->n_cells] = cell_name(out->cells, out->n_cells, cells[out->n_cells])))
            return vx_fail_nomem(err, "a label file's columns");
    return VX_OK;
}

enum vx_status vx_labels_layout_header(struct vx_labels_layout *out, char *const *cells, size_t n, const char *format,
                                       struct vx_err *err)
{
    char (*names)[32] = vx_calloc(n + 1, sizeof *names);
    enum vx_status rc;

    if (!names)
        return vx_fail_nomem(err, "a label file's columns");
    for (size_t i = 0; i < n; i++)
        normalise(cells[i], names[i], sizeof *names);
    rc = take_header(out, names, cells, n, format, err);
    free(names);
    return rc;
}
