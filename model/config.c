/* config.json: the shape of the network and its labels, each value checked before anything is sized by it. */
#include "model/config.h"
#include "base/file.h"
#include "base/text.h"
#include "model/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CONFIG_BYTES (16u << 20)

/* ConvNeXt: T, S, B, L of Liu et al. 2022, table 9; A, F, P, N of Woo et al. 2023 (ConvNeXt V2), appendix A. */
static const struct standard {
    const char *name;
    int depths[4], hidden_sizes[4];
} standard[] = {
    {"atto", {2, 2, 6, 2}, {40, 80, 160, 320}},      {"femto", {2, 2, 6, 2}, {48, 96, 192, 384}},
    {"pico", {2, 2, 6, 2}, {64, 128, 256, 512}},     {"nano", {2, 2, 8, 2}, {80, 160, 320, 640}},
    {"tiny", {3, 3, 9, 3}, {96, 192, 384, 768}},     {"small", {3, 3, 27, 3}, {96, 192, 384, 768}},
    {"base", {3, 3, 27, 3}, {128, 256, 512, 1024}},  {"large", {3, 3, 27, 3}, {192, 384, 768, 1536}},
};

/* Integers of the file and the range each must be in. */
enum { IMAGE_SIZE, NUM_CHANNELS, PATCH_SIZE, DEPTH, HIDDEN_SIZE };
static const struct limit {
    const char *key;
    int min, max;
} limits[] = {
    [IMAGE_SIZE] = {"image_size", 1, 4096}, [NUM_CHANNELS] = {"num_channels", 3, 3},
    [PATCH_SIZE] = {"patch_size", 1, 64},   [DEPTH] = {"depths", 1, 256},
    [HIDDEN_SIZE] = {"hidden_sizes", 1, 8192},
};

void vx_config_clear(struct vx_config *config)
{
    for (int i = 0; config->labels && i < config->n_labels; i++)
        free(config->labels[i]);
    free(config->labels);
    *config = (struct vx_config){0};
}

int vx_config_copy(struct vx_config *to, const struct vx_config *from)
{
    *to = *from;
    to->labels = calloc((size_t)from->n_labels + 1, sizeof *to->labels);
    for (int i = 0; to->labels && i < from->n_labels; i++) {
        to->labels[i] = strdup(from->labels[i]);
        if (!to->labels[i])
            vx_config_clear(to);
    }
    if (to->labels)
        return 0;
    *to = (struct vx_config){0};
    return -1;
}

static enum vx_status check_limit(int value, int which, const char *origin, struct vx_err *err)
{
    const struct limit *l = &limits[which];

    if (value >= l->min && value <= l->max)
        return VX_OK;
    if (l->min == l->max)
        return vx_fail(err, VX_EFORMAT, "%s: %s: %d, expected %d", origin, l->key, value, l->min);
    return vx_fail(err, VX_EFORMAT, "%s: %s: %d, expected %d to %d", origin, l->key, value, l->min, l->max);
}

enum vx_status vx_config_check(const struct vx_config *c, const char *origin, struct vx_err *err)
{
    enum vx_status rc;

    if ((rc = check_limit(c->image_size, IMAGE_SIZE, origin, err)) != VX_OK ||
        (rc = check_limit(c->num_channels, NUM_CHANNELS, origin, err)) != VX_OK ||
        (rc = check_limit(c->patch_size, PATCH_SIZE, origin, err)) != VX_OK)
        return rc;
    if (c->n_stages < 1 || c->n_stages > VX_MAX_STAGES)
        return vx_fail(err, VX_EFORMAT, "%s: depths: %d stages, expected 1 to %d", origin, c->n_stages, VX_MAX_STAGES);
    for (int s = 0; s < c->n_stages; s++)
        if ((rc = check_limit(c->depths[s], DEPTH, origin, err)) != VX_OK ||
            (rc = check_limit(c->hidden_sizes[s], HIDDEN_SIZE, origin, err)) != VX_OK)
            return rc;
    const int multiple = c->patch_size << (c->n_stages - 1);
    if (c->image_size % multiple != 0)
        return vx_fail(err, VX_EFORMAT, "%s: image_size: %d, expected a multiple of %d (patch_size * 2^%d)", origin,
                       c->image_size, multiple, c->n_stages - 1);
    if (!(c->layer_norm_eps > 0 && c->layer_norm_eps <= 1))
        return vx_fail(err, VX_EFORMAT, "%s: layer_norm_eps: %g, expected more than 0 and at most 1", origin,
                       (double)c->layer_norm_eps);
    if (c->n_labels < 1 || c->n_labels > VX_MAX_LABELS)
        return vx_fail(err, VX_EFORMAT, "%s: id2label: %d labels, expected 1 to %d", origin, c->n_labels, VX_MAX_LABELS);
    for (int i = 0; i < c->n_labels; i++)
        if (!c->labels[i] || c->labels[i][0] == '\0' || !vx_text_utf8(c->labels[i]))
            return vx_fail(err, VX_EFORMAT, "%s: id2label: \"%d\": expected a name in UTF-8", origin, i);
    return VX_OK;
}

/* "key" must be there and be the text `expected`, or a list that holds it. */
static enum vx_status expect_text(const cJSON *root, const char *key, const char *expected, const char *path,
                                  struct vx_err *err)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(root, key);
    const cJSON *item = cJSON_IsArray(v) ? v->child : v;

    if (!item)
        return vx_fail(err, VX_EFORMAT, "%s: %s is missing, expected \"%s\"", path, key, expected);
    for (; item; item = cJSON_IsArray(v) ? item->next : NULL)
        if (cJSON_IsString(item) && strcmp(item->valuestring, expected) == 0)
            return VX_OK;
    item = cJSON_IsArray(v) ? v->child : v;
    return vx_fail(err, VX_EFORMAT, "%s: %s is \"%s\", expected \"%s\"", path, key,
                   cJSON_IsString(item) ? item->valuestring : "(no text)", expected);
}

static enum vx_status read_int(int *out, const cJSON *root, int which, const char *path, struct vx_err *err)
{
    const struct limit *l = &limits[which];
    int64_t v;

    if (!vx_json_whole(cJSON_GetObjectItemCaseSensitive(root, l->key), l->min, l->max, &v))
        return vx_fail(err, VX_EFORMAT, "%s: %s: expected a whole number, %d to %d", path, l->key, l->min, l->max);
    *out = (int)v;
    return VX_OK;
}

/* A list of 1 to VX_MAX_STAGES numbers; *n goes from 0 to its length, or must be it. */
static enum vx_status read_stages(int *out, int *n, const cJSON *root, int which, const char *path, struct vx_err *err)
{
    const struct limit *l = &limits[which];
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, l->key), *item;
    const int length = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
    int64_t v;
    int i = 0;

    if (length < 1 || length > VX_MAX_STAGES)
        return vx_fail(err, VX_EFORMAT, "%s: %s: expected a list of 1 to %d numbers", path, l->key, VX_MAX_STAGES);
    if (*n != 0 && length != *n)
        return vx_fail(err, VX_EFORMAT, "%s: %s: %d numbers, expected %d, one a stage", path, l->key, length, *n);
    cJSON_ArrayForEach(item, list) {
        if (!vx_json_whole(item, l->min, l->max, &v))
            return vx_fail(err, VX_EFORMAT, "%s: %s[%d]: expected a whole number, %d to %d", path, l->key, i, l->min,
                           l->max);
        out[i++] = (int)v;
    }
    *n = length;
    return VX_OK;
}

/* "0", "17": a label's number as its key, without sign or leading zeros; -1: no such thing. */
static int label_number(const char *key, int n_labels)
{
    int v = 0;

    if (key[0] == '\0' || (key[0] == '0' && key[1] != '\0'))
        return -1;
    for (; *key; key++) {
        if (*key < '0' || *key > '9')
            return -1;
        v = 10 * v + (*key - '0');
        if (v >= n_labels)
            return -1;
    }
    return v;
}

/* Keys are unique, so n keys that are all numbers below n leave no hole. */
static enum vx_status read_id2label(struct vx_config *c, const cJSON *map, const char *path, struct vx_err *err)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, map) {
        const int i = label_number(item->string, c->n_labels);
        if (i < 0)
            return vx_fail(err, VX_EFORMAT, "%s: id2label: key \"%s\" among %d, expected \"0\" to \"%d\"", path,
                           item->string, c->n_labels, c->n_labels - 1);
        if (!cJSON_IsString(item))
            return vx_fail(err, VX_EFORMAT, "%s: id2label: \"%d\": expected a name", path, i);
        c->labels[i] = strdup(item->valuestring);
        if (!c->labels[i])
            return vx_fail_nomem(err, "labels");
    }
    return VX_OK;
}

/* transformers leaves id2label out when it holds what it would make up: "LABEL_0", "LABEL_1"… */
static enum vx_status read_labels(struct vx_config *c, const cJSON *root, const char *path, struct vx_err *err)
{
    const cJSON *map = cJSON_GetObjectItemCaseSensitive(root, "id2label");
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(root, "num_labels");
    int64_t n = 2;
    char name[32];

    if (map ? !cJSON_IsObject(map) : number && !vx_json_whole(number, 1, VX_MAX_LABELS, &n))
        return vx_fail(err, VX_EFORMAT, "%s: %s", path, map ? "id2label: expected an object of names"
                                                            : "num_labels: expected a whole number");
    if (map)
        n = cJSON_GetArraySize(map);
    if (n < 1 || n > VX_MAX_LABELS)
        return vx_fail(err, VX_EFORMAT, "%s: id2label: %lld labels, expected 1 to %d", path, (long long)n, VX_MAX_LABELS);
    c->labels = calloc((size_t)n, sizeof *c->labels);
    if (!c->labels)
        return vx_fail_nomem(err, "labels");
    c->n_labels = (int)n;
    if (map)
        return read_id2label(c, map, path, err);
    for (int i = 0; i < c->n_labels; i++) {
        snprintf(name, sizeof name, "LABEL_%d", i);
        c->labels[i] = strdup(name);
        if (!c->labels[i])
            return vx_fail_nomem(err, "labels");
    }
    return VX_OK;
}

static enum vx_status read_rest(struct vx_config *c, const cJSON *root, const char *path, struct vx_err *err)
{
    const cJSON *stages = cJSON_GetObjectItemCaseSensitive(root, "num_stages");
    const cJSON *eps = cJSON_GetObjectItemCaseSensitive(root, "layer_norm_eps");
    const cJSON *scale = cJSON_GetObjectItemCaseSensitive(root, "layer_scale_init_value");
    const cJSON *untrained = cJSON_GetObjectItemCaseSensitive(root, "voxtrawl_untrained");
    int64_t n;

    if (stages && !vx_json_whole(stages, c->n_stages, c->n_stages, &n))
        return vx_fail(err, VX_EFORMAT, "%s: num_stages: expected %d, the length of depths", path, c->n_stages);
    if (!cJSON_IsNumber(eps))
        return vx_fail(err, VX_EFORMAT, "%s: layer_norm_eps: expected a number", path);
    if (!cJSON_IsNumber(scale))
        return vx_fail(err, VX_EFORMAT, "%s: layer_scale_init_value: expected a number", path);
    if (untrained && !cJSON_IsBool(untrained))
        return vx_fail(err, VX_EFORMAT, "%s: voxtrawl_untrained: expected true or false", path);
    c->layer_norm_eps = (float)eps->valuedouble;
    c->no_layer_scale = !(scale->valuedouble > 0);
    c->untrained = cJSON_IsTrue(untrained);
    return VX_OK;
}

enum vx_status vx_config_load(struct vx_config *out, const char *dir, struct vx_err *err)
{
    char *path = vx_file_join(dir, "config.json");
    struct vx_config c = {0};
    cJSON *root = NULL;
    enum vx_status rc;

    *out = (struct vx_config){0};
    if (!path)
        return vx_fail_nomem(err, "a path");
    if ((rc = vx_json_load(&root, path, MAX_CONFIG_BYTES, err)) != VX_OK ||
        (rc = expect_text(root, "model_type", "convnext", path, err)) != VX_OK ||
        (rc = expect_text(root, "architectures", "ConvNextForImageClassification", path, err)) != VX_OK ||
        (rc = expect_text(root, "hidden_act", "gelu", path, err)) != VX_OK ||
        (rc = read_int(&c.image_size, root, IMAGE_SIZE, path, err)) != VX_OK ||
        (rc = read_int(&c.num_channels, root, NUM_CHANNELS, path, err)) != VX_OK ||
        (rc = read_int(&c.patch_size, root, PATCH_SIZE, path, err)) != VX_OK ||
        (rc = read_stages(c.depths, &c.n_stages, root, DEPTH, path, err)) != VX_OK ||
        (rc = read_stages(c.hidden_sizes, &c.n_stages, root, HIDDEN_SIZE, path, err)) != VX_OK ||
        (rc = read_rest(&c, root, path, err)) != VX_OK || (rc = read_labels(&c, root, path, err)) != VX_OK ||
        (rc = vx_config_check(&c, path, err)) != VX_OK)
        goto done;
    *out = c;
    c = (struct vx_config){0}; /* now the caller's */
done:
    cJSON_Delete(root);
    vx_config_clear(&c);
    free(path);
    return rc;
}

enum vx_status vx_config_standard(struct vx_config *out, const char *name, struct vx_err *err)
{
    static const char *const label[] = {"real", "fake"};
    const struct standard *shape = NULL;
    char names[128] = "";

    *out = (struct vx_config){0};
    for (size_t i = 0; i < sizeof standard / sizeof *standard; i++) {
        if (strcmp(standard[i].name, name) == 0)
            shape = &standard[i];
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? ", " : "", standard[i].name);
    }
    if (!shape)
        return vx_fail(err, VX_EINVAL, "no standard shape \"%s\", expected one of: %s", name, names);
    *out = (struct vx_config){
        .image_size = 224, .num_channels = 3, .patch_size = 4, .n_stages = 4, .layer_norm_eps = 1e-12F, .n_labels = 2};
    memcpy(out->depths, shape->depths, sizeof shape->depths);
    memcpy(out->hidden_sizes, shape->hidden_sizes, sizeof shape->hidden_sizes);
    out->labels = calloc(2, sizeof *out->labels);
    for (int i = 0; out->labels && i < 2; i++)
        out->labels[i] = strdup(label[i]);
    if (!out->labels || !out->labels[0] || !out->labels[1]) {
        vx_config_clear(out);
        return vx_fail_nomem(err, "labels");
    }
    return VX_OK;
}
