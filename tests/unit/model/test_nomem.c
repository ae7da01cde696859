/* test_nomem.c - the loaders of a model folder, and what is made of it, when an allocation fails */
#include "model/convnext.h"
#include "model/picture_plan.h"
#include "model/processor.h"
#include "model/profile.h"
#include "model/safetensors.h"
#include "model/spectrum.h"
#include "tests/harness/cmocka.h"
#include "tests/harness/each_alloc.h"
#include "tests/harness/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int make_model(void **state)
{
    struct vx_config config = {0};
    struct vx_err err;
    char *const dir = folder_create();

    config.n_stages = 2;
    config.image_size = 16;
    config.num_channels = 3;
    config.patch_size = 4;
    for (int i = 0; i < 2; i++) {
        config.depths[i] = 1;
        config.hidden_sizes[i] = 8 * (i + 1);
    }
    config.layer_norm_eps = 1e-12f;
    config.n_labels = 2;
    config.labels = calloc(2, sizeof *config.labels);
    config.labels[0] = strdup("real");
    config.labels[1] = strdup("fake");
    if (vx_convnext_generate_dir(dir, &config, 1, VX_ST_F32, &err) != VX_OK)
        fail_msg("%s", err.text);
    vx_config_clear(&config);
    *state = dir;
    return 0;
}

static int remove_model(void **state)
{
    folder_remove((char **)state);
    return 0;
}

static enum vx_status open_weights(void *dir, struct vx_err *err)
{
    struct vx_st *st = NULL;
    char hex[VX_SHA256_HEX];
    enum vx_status rc = vx_st_open_dir(&st, dir, err);

    if (rc == VX_OK)
        rc = vx_st_sha256(st, hex, err);
    vx_st_close(&st);
    return rc;
}

static enum vx_status write_weights(void *dir, struct vx_err *err)
{
    static const float values[2] = {1, 2};
    const struct vx_st_tensor tensor = {.name = "a", .n_dims = 1, .shape = {2}, .data = values};

    return vx_st_write(folder_path(dir, "other.safetensors"), &tensor, 1, VX_ST_BF16, err);
}

static enum vx_status load_config(void *dir, struct vx_err *err)
{
    struct vx_config config = {0}, copy = {0};
    struct vx_label_map map = {0};
    enum vx_status rc = vx_config_load(&config, dir, err);

    if (rc == VX_OK && vx_config_copy(&copy, &config) != 0)
        rc = vx_fail_nomem(err, "a copy");
    if (rc == VX_OK)
        rc = vx_label_map_create(&map, &copy, NULL, NULL, err);
    vx_label_map_clear(&map);
    vx_config_clear(&copy);
    vx_config_clear(&config);
    return rc;
}

static enum vx_status load_network(void *dir, struct vx_err *err)
{
    struct vx_convnext *net = NULL;
    const enum vx_status rc = vx_convnext_load(&net, dir, err);

    vx_convnext_destroy(&net);
    return rc;
}

static enum vx_status load_processor(void *dir, struct vx_err *err)
{
    struct vx_processor p;
    struct vx_resize *resize = NULL;
    struct vx_fit *fit = NULL;
    enum vx_status rc = vx_processor_load(&p, dir, err);

    if (rc == VX_OK && (rc = vx_fit_create(&fit, &p, 300, 200, 16, err)) == VX_OK)
        rc = vx_resize_create(&resize, 31, 17, 16, 16, 3, p.resample, err);
    vx_resize_destroy(&resize);
    vx_fit_destroy(&fit);
    return rc;
}

static enum vx_status load_profile(void *dir, struct vx_err *err)
{
    struct vx_profile profile;
    struct vx_spectrum spectrum = {0};
    enum vx_status rc = vx_profile_load(&profile, VX_PROFILE_DEFAULT, err);

    (void)dir;
    if (rc == VX_OK)
        rc = vx_spectrum_create(&spectrum, &profile, profile.sample_rate, 2 * profile.sample_rate, err);
    vx_spectrum_clear(&spectrum);
    return rc;
}

static enum vx_status parse_profile(void *dir, struct vx_err *err)
{
    struct vx_profile profile;
    char *json = NULL;
    enum vx_status rc = vx_profile_load(&profile, VX_PROFILE_DEFAULT, err);

    (void)dir;
    if (rc != VX_OK)
        return rc;
    if (!(json = vx_profile_json(&profile)))
        return vx_fail_nomem(err, "a profile");
    rc = vx_profile_parse(&profile, json, "itself", err);
    free(json);
    return rc;
}

static void every_allocation(void **state)
{
    static const struct each_alloc rows[] = {
        {"open weights", open_weights, 20, VX_OK},
        {"write weights", write_weights, 1, VX_OK},
        {"load a config", load_config, 20, VX_OK},
        {"load a network", load_network, 40, VX_OK},
        {"load a processor", load_processor, 10, VX_OK},
        {"load a profile", load_profile, 3, VX_OK},
        {"parse a profile", parse_profile, 20, VX_OK},
    };

    each_alloc(rows, sizeof rows / sizeof *rows, *state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(every_allocation, make_model, remove_model)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
