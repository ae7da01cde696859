/* fuzz_config.c - the JSON files of a model folder; the first byte says which one */
#include "model/config.h"
#include "model/processor.h"
#include "model/profile.h"
#include "model/safetensors.h"
#include "tests/fuzz/fuzz.h"

static void config(const uint8_t *data, size_t size)
{
    struct vx_config c = {0};
    struct vx_label_map map = {0};
    struct vx_err err;

    (void)fuzz_file("config.json", data, size);
    if (vx_config_load(&c, fuzz_folder(), &err) == VX_OK) {
        FUZZ_CHECK(vx_config_check(&c, "again", &err) == VX_OK);
        (void)!vx_label_map_create(&map, &c, NULL, NULL, &err);
    }
    vx_label_map_clear(&map);
    vx_config_clear(&c);
}

static void processor(const uint8_t *data, size_t size)
{
    struct vx_processor p;
    struct vx_err err;

    (void)!vx_processor_load_file(&p, fuzz_file("preprocessor_config.json", data, size), &err);
}

static void profile(const uint8_t *data, size_t size)
{
    struct vx_profile p;
    struct vx_err err;

    (void)!vx_profile_load(&p, fuzz_file("profile.json", data, size), &err);
}

static void weight_index(const uint8_t *data, size_t size)
{
    struct vx_st *st = NULL;
    struct vx_err err;

    (void)!vx_st_open(&st, fuzz_file("model.safetensors.index.json", data, size), &err);
    vx_st_close(&st);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const kinds[])(const uint8_t *, size_t) = {config, processor, profile, weight_index};

    if (size > 0)
        kinds[data[0] % 4](data + 1, size - 1);
    return 0;
}
