"""The front end as people write it, one thread, for peers.py: librosa's mel spectrogram in decibels, min-max grey, Pillow's resizing.
The profile mel-16k-grey: what `voxtrawl bench --profile mel-16k-grey` makes of a window. The protocol is that of engines.py."""

import json
import os
import sys
import time
import warnings

RATE, SAMPLES, N_FFT, HOP, MELS, SIZE, SHORT = 16000, 32000, 512, 256, 128, 224, 256


def load():
    import librosa
    import numpy as np
    from PIL import Image

    filters = librosa.filters.mel(sr=RATE, n_fft=N_FFT, n_mels=MELS, fmin=0.0, fmax=8000.0)

    def picture(mel):
        db = librosa.power_to_db(mel, ref=np.max, amin=1e-10, top_db=80.0)
        grey = ((db - db.min()) / (db.max() - db.min()) * 255).astype(np.uint8)
        image = Image.fromarray(grey).resize((SIZE, SIZE), Image.Resampling.BILINEAR).convert("RGB")
        image = image.resize((SHORT, SHORT), Image.Resampling.BICUBIC)
        edge = (SHORT - SIZE) // 2
        return np.asarray(image.crop((edge, edge, edge + SIZE, edge + SIZE)))

    def as_written(y):
        return picture(librosa.feature.melspectrogram(y=y, sr=RATE, n_fft=N_FFT, hop_length=HOP, n_mels=MELS, fmin=0.0, fmax=8000.0))

    def filters_kept(y):
        power = np.abs(librosa.stft(y, n_fft=N_FFT, hop_length=HOP)) ** 2
        return picture(filters @ power)

    y = (np.sin(np.arange(SAMPLES) ** 1.3 * 0.01) * 0.5 + np.random.default_rng(1).standard_normal(SAMPLES) * 0.01).astype(np.float32)
    assert np.abs(as_written(y).astype(int) - filters_kept(y)).max() <= 1
    return {"as written": lambda: as_written(y), "mel filters kept": lambda: filters_kept(y)}


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    kinds, run = load(), None
    for line in sys.stdin:
        request = json.loads(line)
        if "prepare" in request:
            run = kinds[request["prepare"]]
            run()
            print(json.dumps({"logits": []}), file=answers, flush=True)
            continue
        windows, start = 0, time.perf_counter()
        while time.perf_counter() - start < request["measure"]:
            run()
            windows += 1
        print(json.dumps({"rate": windows / (time.perf_counter() - start)}), file=answers, flush=True)


if __name__ == "__main__":
    main()
