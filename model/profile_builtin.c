/* How people who use mel-spectrogram ConvNeXt checkpoints make the images they feed them: nobody published how the
 * training images of those checkpoints were made, and their users disagree. `calibrate` tells which one fits. */
#include "model/profile_builtin.h"

#include <stddef.h>

/* librosa's defaults in power_to_db, and 0.5 as both operating points: to be moved by calibration */
#define DECIBEL "\"ref_max\": true, \"ref_value\": 1.0, \"amin\": 1e-10, \"top_db\": 80.0,"
#define THRESHOLDS "\"real_below\": 0.5, \"fake_from\": 0.5"

static const struct vx_profile_builtin builtin[] = {
    {"mel-16k-grey", "{"
        "\"name\": \"mel-16k-grey\","
        "\"description\": \"16 kHz, 32 ms frames, min-max grey, low frequencies in the first row, image processor\","
        "\"sample_rate\": 16000, \"window_seconds\": 2.0, \"peak_normalise\": false,"
        "\"n_fft\": 512, \"hop_length\": 256, \"n_mels\": 128, \"fmin\": 0.0, \"fmax\": 8000.0,"
        DECIBEL
        "\"colour\": \"grey\", \"low_at_bottom\": false,"
        "\"image_width\": 224, \"image_height\": 224, \"image_filter\": \"bilinear\","
        "\"use_processor\": true,"
        THRESHOLDS "}"},
    {"mel-native-224", "{"
        "\"name\": \"mel-native-224\","
        "\"description\": \"the file's own rate, 224 mel bands, min-max grey, low frequencies at the bottom, image processor\","
        "\"sample_rate\": 0, \"window_seconds\": 2.0, \"peak_normalise\": false,"
        "\"n_fft\": 2048, \"hop_length\": 512, \"n_mels\": 224, \"fmin\": 0.0, \"fmax\": 0.0,"
        DECIBEL
        "\"colour\": \"grey\", \"low_at_bottom\": true,"
        "\"image_width\": 0, \"image_height\": 0, \"image_filter\": \"bilinear\","
        "\"use_processor\": true,"
        THRESHOLDS "}"},
    {"mel-16k-plain", "{"
        "\"name\": \"mel-16k-plain\","
        "\"description\": \"16 kHz, peak-normalised, min-max grey, 224x224, scaled to 0...1 and nothing more\","
        "\"sample_rate\": 16000, \"window_seconds\": 2.0, \"peak_normalise\": true,"
        "\"n_fft\": 2048, \"hop_length\": 512, \"n_mels\": 128, \"fmin\": 0.0, \"fmax\": 8000.0,"
        DECIBEL
        "\"colour\": \"grey\", \"low_at_bottom\": false,"
        "\"image_width\": 224, \"image_height\": 224, \"image_filter\": \"bilinear\","
        "\"use_processor\": false, \"rescale_factor\": 0.00392156862745098,"
        "\"mean\": [0.0, 0.0, 0.0], \"std\": [1.0, 1.0, 1.0],"
        THRESHOLDS "}"},
    {"mel-native-imagenet", "{"
        "\"name\": \"mel-native-imagenet\","
        "\"description\": \"the file's own rate up to 8 kHz, min-max grey, 224x224, ImageNet mean and deviation\","
        "\"sample_rate\": 0, \"window_seconds\": 2.0, \"peak_normalise\": false,"
        "\"n_fft\": 2048, \"hop_length\": 512, \"n_mels\": 128, \"fmin\": 0.0, \"fmax\": 8000.0,"
        DECIBEL
        "\"colour\": \"grey\", \"low_at_bottom\": false,"
        "\"image_width\": 224, \"image_height\": 224, \"image_filter\": \"bilinear\","
        "\"use_processor\": false, \"rescale_factor\": 0.00392156862745098,"
        "\"mean\": [0.485, 0.456, 0.406], \"std\": [0.229, 0.224, 0.225],"
        THRESHOLDS "}"},
    {"mel-22k-magma", "{"
        "\"name\": \"mel-22k-magma\","
        "\"description\": \"librosa's 22.05 kHz, specshow in magma without axes, 224x224, image processor\","
        "\"sample_rate\": 22050, \"window_seconds\": 2.0, \"peak_normalise\": false,"
        "\"n_fft\": 2048, \"hop_length\": 512, \"n_mels\": 128, \"fmin\": 0.0, \"fmax\": 0.0,"
        DECIBEL
        "\"colour\": \"magma\", \"low_at_bottom\": true,"
        "\"image_width\": 224, \"image_height\": 224, \"image_filter\": \"nearest\","
        "\"use_processor\": true,"
        THRESHOLDS "}"},
};

const struct vx_profile_builtin *vx_profile_builtin(int i)
{
    return i >= 0 && (size_t)i < sizeof builtin / sizeof *builtin ? &builtin[i] : NULL;
}
