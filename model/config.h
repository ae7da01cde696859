/* config.h - config.json of a Hugging Face ConvNextForImageClassification
 * Everything about the network's shape is read from here; a vx_config that vx_config_load() yields is
 * within the limits below and consistent in itself. */
#ifndef VX_MODEL_CONFIG_H
#define VX_MODEL_CONFIG_H

#include "base/err.h"

#include <stdbool.h>

#define VX_MAX_STAGES 8
#define VX_MAX_LABELS 10000

struct vx_config {
    int image_size;   /* input height and width, pixels (224) */
    int num_channels; /* 3 */
    int patch_size;   /* of the patch embedding, also its stride (4) */
    int n_stages;     /* 4 */
    int depths[VX_MAX_STAGES];
    int hidden_sizes[VX_MAX_STAGES];
    float layer_norm_eps; /* of the last LayerNorm only (1e-12); all others use 1e-6 */
    bool no_layer_scale;  /* layer_scale_init_value <= 0: the blocks have no layer_scale_parameter */
    int n_labels;
    char **labels;  /* [n_labels] from id2label, UTF-8; "LABEL_0"… where the file has none */
    bool untrained; /* "voxtrawl_untrained": true, written by the weight generator: scores mean nothing */
};

/* Reads DIR/config.json. Rejects, naming file and key: other architectures or hidden_act than gelu, missing keys,
 * sizes out of range (image_size must be a multiple of patch_size * 2^(n_stages-1)), id2label with holes. */
enum vx_status vx_config_load(struct vx_config *out, const char *dir, struct vx_err *err) VX_CHECKED;
void vx_config_clear(struct vx_config *config); /* frees the labels; zeroed or cleared is fine */
/* Deep copy; 0 on success, -1 out of memory with *to zeroed. */
int vx_config_copy(struct vx_config *to, const struct vx_config *from);
/* The checks of vx_config_load on a config made by hand; origin is who made it, for the message. VX_EFORMAT. */
enum vx_status vx_config_check(const struct vx_config *config, const char *origin, struct vx_err *err) VX_CHECKED;

/* The standard shapes by name ("tiny", "atto", …; the list is in config.c), two labels "real", "fake" in that
 * order, image size 224. VX_EINVAL lists the names. */
enum vx_status vx_config_standard(struct vx_config *out, const char *name, struct vx_err *err) VX_CHECKED;

/* Which labels are speech by a person and which are synthetic, from the words of the field (bonafide,
 * bona-fide, bona fide, real, genuine, human | spoof, fake, synthetic, deepfake, ai, generated; any case; a label
 * counts when it is such a word or holds one as a whole word; words of both sides, or a "not", "non", "no", say neither). */
struct vx_label_map {
    int n_labels;
    signed char *side; /* [n_labels]: +1 real, -1 fake, 0 neither */
};
/* fake_label, real_label: NULL, or a label's name or its number, which overrides the words for that side.
 * VX_EINVAL when there is no such label, when both name the same one, and when a side stays empty: the message lists the labels and names the options to give. */
enum vx_status vx_label_map_create(struct vx_label_map *out, const struct vx_config *config, const char *fake_label,
                                   const char *real_label, struct vx_err *err) VX_CHECKED;
void vx_label_map_clear(struct vx_label_map *map);
/* logits[n_labels] → the two logits stored: logsumexp over each side's labels (with one label a side, that
 * label's logit unchanged). The score is real − fake: model/verdict.h. */
void vx_label_map_reduce(const struct vx_label_map *map, const float *logits, float *real, float *fake);

#endif
