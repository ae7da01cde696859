"""Expected values of the front end, from librosa, matplotlib, Pillow and transformers' ConvNextImageProcessorPil.

    frontend.gold  mel filter banks; for the built-in profiles and some odd ones: decibels, levels and network images
    image.gold     Pillow's resizing and the image processor over odd shapes

Signals and pictures are formulas in integers, which tests/harness/signal.c repeats; only the speech is stored. Of large
outputs that must be exact only a hash is kept, of spectrograms only some frames, of images every fourth row."""

import json
import os
import warnings

import librosa
import matplotlib
import numpy as np
import PIL
import soundfile
import transformers
from PIL import Image
from transformers.models.convnext.image_processing_pil_convnext import ConvNextImageProcessorPil

import vxgold

HERE = os.path.dirname(os.path.abspath(__file__))
SIZE = 224
FILTERS = {"nearest": 0, "bilinear": 2, "bicubic": 3}

# ---------------------------------------------------------------------------------------------------------- signals


def noise(n, seed=0):
    """n values of SplitMix64, uint64"""
    z = np.arange(seed + 1, seed + n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def hiss(n):
    return (noise(n) >> np.uint64(48)).astype(np.int64) - 32768


def signal(name, n):
    """int16 [n]"""
    i = np.arange(n, dtype=np.int64)
    if name == "chirp":  # a triangle wave, rising, over faint noise
        phase = (i * 40000000 + i * i * 9000) % 2**32 >> 16
        s = abs(phase - 32768) - 16384 + (hiss(n) >> 9)
    elif name == "noise":
        s = hiss(n)
    elif name == "quiet":  # -2...1: the last bits of a 16-bit recording
        s = hiss(n) >> 14
    elif name == "square":  # clipped
        s = np.where(i // 91 % 2 == 0, 32767, -32768)
    elif name == "silence":
        s = 0 * i
    elif name == "tone":  # one loud line over nothing: the widest range
        s = np.round(32767 * np.sin(2 * np.pi * 0.0625 * i))
    return s.astype(np.int16)


def pixels(h, w, channels, seed):
    """uint8 [h][w][channels]: noise, and flat areas with hard edges"""
    raw = (noise(h * w * channels, seed) >> np.uint64(56)).astype(np.int64)
    y, x, c = np.ogrid[0:h, 0:w, 0:channels]
    edges = np.where((x // 5 + y // 3 + c) % 3 == 0, 255, np.where((x // 4 + y // 7) % 2 == 0, 0, raw.reshape(h, w, channels)))
    return edges.astype(np.uint8)


def fnv(array):
    """64-bit FNV-1a of the bytes"""
    h = 0xCBF29CE484222325
    for byte in np.ascontiguousarray(array).tobytes():
        h = (h ^ byte) * 0x100000001B3 % 2**64
    return np.array(h, np.uint64).astype(np.int64)


# --------------------------------------------------------------------------------------------------------- profiles


def profile(name, description="", **changed):
    p = dict(name=name, description=description, sample_rate=0, window_seconds=2.0, peak_normalise=False, n_fft=2048,
             hop_length=512, n_mels=128, fmin=0.0, fmax=0.0, ref_max=True, ref_value=1.0, amin=1e-10, top_db=80.0,
             colour="grey", low_at_bottom=False, image_width=SIZE, image_height=SIZE, image_filter="bilinear",
             use_processor=True, rescale_factor=1 / 255, mean=[0.0, 0.0, 0.0], std=[1.0, 1.0, 1.0], real_below=0.5,
             fake_from=0.5)
    p.update(changed)
    return p


IMAGENET = dict(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])
BUILTIN = [
    profile("mel-16k-grey", sample_rate=16000, n_fft=512, hop_length=256, fmax=8000.0),
    profile("mel-native-224", n_mels=224, low_at_bottom=True, image_width=0, image_height=0),
    profile("mel-16k-plain", sample_rate=16000, fmax=8000.0, peak_normalise=True, use_processor=False),
    profile("mel-native-imagenet", fmax=8000.0, use_processor=False, **IMAGENET),
    profile("mel-22k-magma", sample_rate=22050, colour="magma", low_at_bottom=True, image_filter="nearest"),
]


def decibels(p, y, rate):
    if p["peak_normalise"]:
        y = librosa.util.normalize(y)
    mel = librosa.feature.melspectrogram(y=y, sr=rate, n_fft=p["n_fft"], hop_length=p["hop_length"], n_mels=p["n_mels"],
                                         fmin=p["fmin"], fmax=p["fmax"] or None)
    return librosa.power_to_db(mel, ref=np.max if p["ref_max"] else p["ref_value"], amin=p["amin"],
                               top_db=p["top_db"] or None)


def levels(p, db):
    """uint8 [n_mels][frames]: grey values, or entries of the colour map, and that colour map's own colours for them"""
    span = db.max() - db.min()
    if p["colour"] == "grey":
        level = (db - db.min()) / (span if span > 0 else 1) * 255
    else:
        x = matplotlib.colors.Normalize(db.min(), db.max())(db) if span > 0 else db * 0
        level = np.minimum(255, np.asarray(x, np.float32) * np.float32(256))
        drawn = matplotlib.colormaps[p["colour"]](x)[:, :, :3]
        assert np.array_equal(np.floor(drawn * 255 + 0.5).astype(np.uint8), colours(p)[level.astype(np.uint8)])
    level = level.astype(np.uint8)
    return level[::-1] if p["low_at_bottom"] else level


def colours(p):
    return np.floor(matplotlib.colormaps[p["colour"]](np.arange(256))[:, :3] * 255 + 0.5).astype(np.uint8)


def picture(p, level):
    """RGB, before the processor"""
    level = np.ascontiguousarray(level)
    image = Image.fromarray(level if p["colour"] == "grey" else colours(p)[level])
    if p["image_width"]:
        image = image.resize((p["image_width"], p["image_height"]), FILTERS[p["image_filter"]])
    return image.convert("RGB")


CHECKPOINT = dict(size={"shortest_edge": SIZE}, crop_pct=0.875, resample=3, do_rescale=True, rescale_factor=1 / 255,
                  do_normalize=True, image_mean=IMAGENET["mean"], image_std=IMAGENET["std"])


def pixel_values(config, image):
    """float32 [3][h][w]: the whole processor"""
    return np.asarray(ConvNextImageProcessorPil(**config)(image)["pixel_values"][0])


def fitted(config, image):
    """uint8 [h][w][3]: its geometry alone"""
    out = pixel_values(config | dict(do_rescale=False, do_normalize=False), image)
    return np.ascontiguousarray(out.transpose(1, 2, 0)).astype(np.uint8)


def network_image(p, image):
    return fitted(CHECKPOINT, image) if p["use_processor"] else np.array(image)


# ------------------------------------------------------------------------------------------------------ frontend.gold


def filter_banks(out):
    banks = [  # sample rate, n_fft, n_mels, fmin, fmax
        (16000, 512, 128, 0, 8000), (16000, 2048, 128, 0, 8000), (22050, 2048, 128, 0, 11025), (44100, 2048, 224, 0, 22050),
        (48000, 2048, 128, 0, 8000), (8000, 2048, 128, 0, 8000), (11025, 2048, 128, 0, 8000), (8000, 512, 64, 0, 4000),
        (16000, 1000, 40, 300, 3400), (16000, 256, 80, 20, 20000), (22050, 4096, 1, 0, 11025),
    ]
    out["banks"] = np.array(banks, np.float64)
    for i, (rate, n_fft, n_mels, fmin, fmax) in enumerate(banks):
        w = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax)
        out[f"bank.{i}.count"] = (w != 0).sum(1).astype(np.int32)
        out[f"bank.{i}.first"] = (w != 0).argmax(1).astype(np.int32)
        out[f"bank.{i}.weight"] = w[w != 0]


def some_frames(n):
    frames = np.arange(n)
    return frames if n <= 16 else frames[(frames < 3) | (frames >= n - 3) | (frames % 12 == 0)]


def case(out, i, p, rate, name, y, image):
    """y int16; image: keep the network's image too"""
    sound = y.astype(np.float32) / np.float32(32768)
    db = decibels(p, sound, rate)
    level = levels(p, db)
    frames = some_frames(db.shape[1])
    c = f"case.{i}."
    out[c + "profile"] = json.dumps(p)
    out[c + "signal"] = name
    out[c + "size"] = np.array([rate, len(y), db.shape[0], db.shape[1]], np.int32)
    out[c + "frames"] = frames.astype(np.int32)
    out[c + "db"] = db[:, frames]
    out[c + "level"] = level[:, frames]
    if image:
        rgb = network_image(p, picture(p, level))[::4]
        out[c + "image"] = rgb[:, :, 0] if p["colour"] == "grey" else rgb


def cases(out, speech):
    grey, native, plain, imagenet, magma = BUILTIN
    odd = profile("odd", n_fft=1000, hop_length=333, n_mels=41, fmin=300.0, fmax=3400.0, ref_max=False, ref_value=0.5,
                  amin=1e-5, top_db=0.0, colour="viridis", image_width=300, image_height=200, image_filter="bicubic")
    wide = profile("wide", n_fft=256, hop_length=700, n_mels=33, fmin=20.0, fmax=20000.0, top_db=45.5)
    rows = [
        (grey, 16000, "chirp", 32000, True), (grey, 16000, "square", 32000, True), (grey, 16000, "quiet", 32000, False),
        (grey, 16000, "speech", 32000, True), (native, 44100, "chirp", 88200, True), (native, 8000, "speech", 16000, False),
        (plain, 16000, "noise", 32000, True), (plain, 16000, "quiet", 32000, False), (plain, 16000, "speech", 32000, False),
        (imagenet, 22050, "chirp", 44100, True), (imagenet, 8000, "speech", 16000, True),
        (magma, 22050, "chirp", 44100, True), (magma, 22050, "tone", 44100, False), (magma, 22050, "square", 44100, False),
        (odd, 8000, "chirp", 12345, True), (odd, 8000, "silence", 4000, False), (wide, 16000, "noise", 16001, True),
    ]
    rows += [(imagenet, 16000, "noise", n, False) for n in (1, 20, 511, 512, 1023, 1024, 1025, 1700)]
    for i, (p, rate, name, n, image) in enumerate(rows):
        y = speech[rate][:n] if name == "speech" else signal(name, n)
        case(out, i, p, rate, name, y, image)
    out["cases"] = np.int32(len(rows))


def speech_at_rates():
    """Two seconds of the recording, int16 at each rate."""
    y, rate = soundfile.read(os.path.join(HERE, "speech.flac"), dtype="float32")
    start = 4000
    out = {}
    for to in (8000, 16000):
        z = librosa.resample(y[start:start + 2 * rate + 800], orig_sr=rate, target_sr=to)[:2 * to]
        out[to] = np.round(z * 32768).clip(-32768, 32767).astype(np.int16)
    return out


# --------------------------------------------------------------------------------------------------------- image.gold


def resizing(out):
    """Small shapes whole, large ones as a hash."""
    small = [  # in width, height, out width, height, channels
        (1, 1, 1, 1, 3), (1, 1, 5, 7, 3), (7, 5, 1, 1, 3), (7, 5, 7, 5, 1), (7, 5, 13, 5, 3), (7, 5, 7, 11, 3), (7, 5, 3, 11, 1),
        (16, 9, 31, 33, 1), (33, 31, 16, 17, 3), (40, 3, 9, 20, 3), (2, 50, 30, 10, 1), (19, 23, 20, 24, 3), (50, 40, 49, 13, 1),
    ]
    large = [(126, 128, 224, 224, 1), (63, 128, 224, 224, 1), (87, 128, 224, 224, 3), (224, 224, 256, 256, 3),
             (173, 224, 256, 331, 1), (640, 481, 341, 256, 3), (1999, 37, 224, 224, 3), (300, 1500, 64, 65, 1)]
    for group, shapes in ("small", small), ("large", large):
        out[f"resize.{group}"] = np.array(shapes, np.int32)
        for i, (w, h, to_w, to_h, channels) in enumerate(shapes):
            a = pixels(h, w, channels, 100 + i)
            for name, number in FILTERS.items():
                image = np.array(Image.fromarray(a[:, :, 0] if channels == 1 else a).resize((to_w, to_h), number))
                out[f"resize.{group}.{i}.{name}"] = image.reshape(to_h, to_w, channels) if group == "small" else fnv(image)


PROCESSORS = [
    CHECKPOINT,
    CHECKPOINT | dict(resample=2, crop_pct=0.95, rescale_factor=1 / 127.5, image_mean=[0.5, 0.5, 0.5], image_std=[0.5, 0.25, 0.125]),
    CHECKPOINT | dict(size={"shortest_edge": 384}, crop_pct=0.9),
    CHECKPOINT | dict(size={"shortest_edge": 39}, crop_pct=0.7, resample=0, do_normalize=False),
    CHECKPOINT | dict(size={"shortest_edge": 100}, crop_pct=1.0, resample=2, do_rescale=False),
    CHECKPOINT | dict(size={"shortest_edge": 65}, do_rescale=False, do_normalize=False),
]


def processors(out):
    shapes = [(224, 224), (256, 256), (126, 128), (87, 224), (173, 224), (1, 1), (3, 50), (641, 333), (224, 1000), (39, 40)]
    out["fit.shapes"] = np.array(shapes, np.int32)
    out["processors"] = np.int32(len(PROCESSORS))
    for i, config in enumerate(PROCESSORS):
        out[f"processor.{i}.json"] = json.dumps(config | {"image_processor_type": "ConvNextImageProcessor"})
        for j, (w, h) in enumerate(shapes):
            image = Image.fromarray(pixels(h, w, 3, 200 + j))
            out[f"processor.{i}.fit.{j}"] = fnv(fitted(config, image))
            out[f"processor.{i}.values.{j}"] = fnv(pixel_values(config, image).astype(np.float32))
        ramp = Image.fromarray(np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, 2))
        out[f"processor.{i}.table"] = pixel_values(config | dict(do_resize=False), ramp)[:, 0, :].astype(np.float32)


def main():
    warnings.simplefilter("ignore")  # librosa warns of empty mel filters and of short windows; both are meant here
    about = {"versions": f"librosa {librosa.__version__}, matplotlib {matplotlib.__version__}, Pillow {PIL.__version__}, "
                         f"transformers {transformers.__version__}, numpy {np.__version__}"}
    speech = speech_at_rates()
    out = dict(about)
    for rate, y in speech.items():
        out[f"speech.{rate}"] = y
    out["builtin"] = json.dumps([p["name"] for p in BUILTIN])
    filter_banks(out)
    cases(out, speech)
    vxgold.write(os.path.join(HERE, "frontend.gold"), __file__, out)
    out = dict(about)
    resizing(out)
    processors(out)
    vxgold.write(os.path.join(HERE, "image.gold"), __file__, out)


if __name__ == "__main__":
    main()
