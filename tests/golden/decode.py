"""Tiny recordings in the formats people have, and what librosa.load makes of them -> decode.gold.

Needs numpy, soundfile, librosa, ffmpeg and ffprobe. The recordings lie in the golden file too, since encoders differ
from one version to the next: running this again makes other, equally good, ones."""

import os
import subprocess
import tempfile

import librosa
import numpy as np
import soundfile
import vxgold

HERE = os.path.dirname(os.path.abspath(__file__))
RATES = [16000, 22050]
PART = 100  # samples compared at the start, in the middle and at the end


def voice(seconds, rate, channels, seed):
    """Something like a voice: harmonics of a gliding pitch, a noise floor, an envelope; channels alike, not equal."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * rate)) / rate
    phase = 2 * np.pi * np.cumsum(140 + 60 * np.sin(2 * np.pi * 1.3 * t)) / rate
    out = np.empty((len(t), channels))
    for c in range(channels):
        x = sum(np.sin(k * phase + c) / k for k in range(1, 20) if k * 200 < rate / 2)
        out[:, c] = 0.3 * x * np.abs(np.sin(2 * np.pi * 1.7 * t + 0.2 + c / 3)) + 0.003 * rng.standard_normal(len(t))
    return np.clip(out, -0.98, 0.98)


# name, seconds, rate, channels, soundfile's subtype or ffmpeg's options
RECORDINGS = [
    ("pcm16.wav", 0.15, 44100, 2, "PCM_16"),
    ("pcm24.wav", 0.05, 96000, 1, "PCM_24"),
    ("float.wav", 0.10, 22050, 1, "FLOAT"),
    ("alaw.wav", 0.40, 8000, 1, "ALAW"),
    ("adpcm.wav", 0.30, 11025, 1, "MS_ADPCM"),
    ("six.flac", 0.05, 32000, 6, "PCM_16"),
    ("mono.flac", 0.20, 48000, 1, "PCM_16"),
    ("big.aiff", 0.10, 16000, 1, "PCM_16"),
    ("stereo.ogg", 0.50, 44100, 2, ["-c:a", "libvorbis", "-q:a", "0"]),
    ("mono.opus", 0.50, 48000, 1, ["-c:a", "libopus", "-b:a", "24k"]),
    ("info.mp3", 0.50, 44100, 2, ["-c:a", "libmp3lame", "-b:a", "48k", "-id3v2_version", "0"]),
    ("vbr.mp3", 0.80, 44100, 1, ["-c:a", "libmp3lame", "-q:a", "8", "-write_xing", "0"]),
]


def make(folder, index, name, seconds, rate, channels, how):
    path = os.path.join(folder, name)
    sound = voice(seconds, rate, channels, index)
    if name == "vbr.mp3":  # noise, then silence: the first frames are by far the largest
        sound[: rate // 10] = 0.5 * np.random.default_rng(7).standard_normal((rate // 10, 1))
        sound[rate // 10:] = 0
    if isinstance(how, str):
        soundfile.write(path, sound, rate, how)
        return path
    wav = os.path.join(folder, "source.wav")
    soundfile.write(wav, sound, rate, "PCM_16")
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", wav, "-map_metadata", "-1", *how, path], check=True)
    return path


def mpeg_samples(path):
    """All samples of all frames of a layer 3 file, by ffprobe's count of the frames."""
    count = subprocess.run(["ffprobe", "-v", "error", "-count_packets", "-show_entries", "stream=nb_read_packets", "-of",
                            "csv=p=0", path], check=True, capture_output=True, text=True)
    return int(count.stdout) * 1152


def main():
    out = {"versions": f"librosa {librosa.__version__}, soundfile {soundfile.__version__}, "
                       f"libsndfile {soundfile.__libsndfile_version__}",
           "names": " ".join(name for name, *_ in RECORDINGS)}
    with tempfile.TemporaryDirectory() as folder:
        for index, recording in enumerate(RECORDINGS):
            name = recording[0]
            path = make(folder, index, *recording)
            with open(path, "rb") as f:
                out[name + ".file"] = np.frombuffer(f.read(), np.uint8)
            if name == "vbr.mp3":
                out[name + ".frames"] = np.int64(mpeg_samples(path))
                continue  # librosa believes libmpg123's guess of its length
            for rate in RATES:
                y, _ = librosa.load(path, sr=rate, mono=True, res_type="soxr_hq")
                middle = (len(y) - PART) // 2
                p = f"{name}.{rate}."
                out[p + "length"] = np.int64(len(y))
                out[p + "start"] = y[:PART]
                out[p + "middle"] = y[middle:middle + PART]
                out[p + "end"] = y[-PART:]
                out[p + "sums"] = np.array([np.sum(y, dtype=np.float64), np.sum(y.astype(np.float64) ** 2)])
    vxgold.write(os.path.join(HERE, "decode.gold"), __file__, out)


if __name__ == "__main__":
    main()
