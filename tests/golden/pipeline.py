"""What the whole way from a recording to logits gives with librosa, Pillow and transformers -> pipeline.gold.

Two recordings, every built-in profile, a ConvNeXt-Atto with generated weights (weights.py) in float32. The profiles and
the front end are those of frontend.py; windows are cut as io/windows.h says: 2 s, one after the other, the last padded."""

import os
import warnings

import librosa
import numpy as np
import torch
import transformers
from PIL import Image

import frontend
import network
import vxgold

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDINGS = ["speech.flac", "speech-stereo.mp3"]
ATTO = (224, 4, [2, 2, 6, 2], [40, 80, 160, 320], 2, 1e-12)


def windows(y, length):
    for start in range(0, max(1, len(y)), length):
        yield np.pad(y[start:start + length], (0, max(0, start + length - len(y))))


def network_input(p, pcm, rate):
    """float32 [3][224][224]"""
    image = frontend.picture(p, frontend.levels(p, frontend.decibels(p, pcm, rate)))
    if p["use_processor"]:
        return frontend.pixel_values(frontend.CHECKPOINT, image)
    x = (np.asarray(image, np.float64) * p["rescale_factor"]).astype(np.float32)
    return ((x - np.float32(p["mean"])) / np.float32(p["std"])).transpose(2, 0, 1)


def main():
    warnings.simplefilter("ignore")
    model = network.build(*ATTO)
    out = {"seed": np.int64(network.SEED),
           "versions": f"librosa {librosa.__version__}, torch {torch.__version__}, transformers {transformers.__version__}"}
    for recording in RECORDINGS:
        for p in frontend.BUILTIN:
            y, rate = librosa.load(os.path.join(HERE, recording), sr=p["sample_rate"] or None, mono=True)
            x = np.stack([network_input(p, w, rate) for w in windows(y, round(p["window_seconds"] * rate))])
            with torch.no_grad():
                logits = model(torch.from_numpy(np.ascontiguousarray(x))).logits.numpy()
            print(recording, p["name"], rate, logits.round(4).tolist())
            out[f"{recording}.{p['name']}"] = logits
    vxgold.write(os.path.join(HERE, "pipeline.gold"), __file__, out)


if __name__ == "__main__":
    main()
