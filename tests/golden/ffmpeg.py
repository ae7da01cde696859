"""Tiny recordings in formats that libsndfile does not read, and what the program ffmpeg makes of them -> ffmpeg.gold.

Needs numpy, ffmpeg (with libx264, libvpx, libopus and libvorbis) and sox with AMR. The recordings lie in the golden file too, since
encoders differ from one version to the next: running this again makes other, equally good, ones."""

import os
import subprocess
import tempfile

import numpy as np
import vxgold
from decode import voice

HERE = os.path.dirname(os.path.abspath(__file__))
PART = 100  # frames compared at the start, in the middle and at the end

FILM = ["-f", "lavfi", "-i", "testsrc=size=32x32:rate=10", "-map", "0:a", "-map", "1:v", "-shortest"]

# name, seconds, rate, channels, ffmpeg's options: those of further inputs come first
RECORDINGS = [
    ("aac.m4a", 0.40, 44100, 2, ["-c:a", "aac", "-b:a", "48k"]),
    ("front.m4a", 1.00, 16000, 1, ["-c:a", "aac", "-b:a", "24k", "-movflags", "+faststart"]),
    ("aac.aac", 0.40, 22050, 1, ["-c:a", "aac", "-b:a", "32k", "-f", "adts"]),
    ("film.mp4", 0.40, 48000, 1, [*FILM, "-c:v", "libx264", "-c:a", "aac", "-b:a", "32k"]),
    ("fragments.mp4", 0.40, 16000, 1, ["-c:a", "aac", "-b:a", "32k", "-movflags", "frag_keyframe+empty_moov"]),
    ("alac.mov", 0.10, 44100, 2, ["-c:a", "alac", "-f", "mov"]),
    ("six.mp4", 0.20, 48000, 6, ["-c:a", "aac", "-b:a", "96k"]),
    ("vorbis.mkv", 0.40, 44100, 2, [*FILM, "-c:v", "mpeg4", "-c:a", "libvorbis", "-q:a", "0"]),
    ("opus.webm", 0.40, 48000, 1, [*FILM, "-c:v", "libvpx", "-c:a", "libopus", "-b:a", "24k"]),
    ("flac.mka", 0.10, 44100, 1, ["-c:a", "flac"]),
    ("two.wma", 0.40, 44100, 2, ["-c:a", "wmav2", "-b:a", "64k"]),
    ("nb.amr", 0.60, 8000, 1, "sox"),
    ("nb.3gp", 0.60, 8000, 1, "nb.amr"),
    ("wide.g722", 0.20, 16000, 1, ["-c:a", "g722"]),
    ("phone.gsm", 0.40, 8000, 1, ["-c:a", "libgsm"]),
    ("phone.ulaw", 0.20, 8000, 1, ["-f", "mulaw"]),
    ("phone.alaw", 0.20, 8000, 1, ["-f", "alaw"]),
    ("phone.sln", 0.20, 8000, 1, ["-f", "s16le"]),
    ("surround.ac3", 0.20, 48000, 2, ["-c:a", "ac3", "-b:a", "96k"]),
    ("lossless.wv", 0.10, 44100, 1, ["-c:a", "wavpack"]),
    ("lossless.tta", 0.10, 44100, 1, ["-c:a", "tta"]),
    ("film.avi", 0.40, 44100, 1, [*FILM, "-c:v", "mpeg4", "-c:a", "libmp3lame", "-b:a", "32k"]),
    ("film.mpg", 0.40, 44100, 1, [*FILM, "-r", "25", "-c:v", "mpeg1video", "-c:a", "mp2", "-b:a", "64k"]),
    ("film.mts", 0.40, 44100, 1, [*FILM, "-c:v", "mpeg2video", "-c:a", "mp2", "-b:a", "64k", "-f", "mpegts"]),
    ("film.flv", 0.40, 44100, 1, [*FILM, "-c:v", "flv", "-c:a", "aac", "-b:a", "32k"]),
]
TOLD = {"ulaw": ["-f", "mulaw", "-ar", "8000"], "alaw": ["-f", "alaw", "-ar", "8000"], "sln": ["-f", "s16le", "-ar", "8000"],
        "g722": ["-f", "g722"], "gsm": ["-f", "gsm"]}  # what the program must be told of files without header


def ffmpeg(*arguments):
    return subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments], check=True, capture_output=True).stdout


def make(folder, index, name, seconds, rate, channels, how):
    path, raw = os.path.join(folder, name), os.path.join(folder, "source.raw")
    sound = np.round(voice(seconds, rate, channels, index) * 32767).astype("<i2")
    with open(raw, "wb") as f:
        f.write(sound.tobytes())
    if how == "sox":
        subprocess.run(["sox", "-D", "-t", "raw", "-r", str(rate), "-c", str(channels), "-e", "signed", "-b", "16", raw, "-t", "amr-nb",
                        "-C", "7", path], check=True)
    elif isinstance(how, str):
        ffmpeg("-i", os.path.join(folder, how), "-c", "copy", path)
    else:
        ffmpeg("-f", "s16le", "-ar", str(rate), "-ac", str(channels), "-i", raw, *how, "-map_metadata", "-1", "-fflags", "+bitexact",
               "-flags:a", "+bitexact", path)
    return path


def main():
    out = {"versions": subprocess.run(["ffmpeg", "-version"], check=True, capture_output=True, text=True).stdout.splitlines()[0]}
    with tempfile.TemporaryDirectory() as folder:
        for index, recording in enumerate(RECORDINGS):
            name, _, rate, channels, _ = recording
            path = make(folder, index, *recording)
            told = TOLD.get(name.split(".")[-1], [])
            x = np.frombuffer(ffmpeg(*told, "-i", path, "-vn", "-f", "f32le", "-"), "<f4")
            assert len(x) > 0 and len(x) % channels == 0
            n = len(x) // channels
            x = x.reshape(n, channels)
            middle = (n - PART) // 2
            with open(path, "rb") as f:
                out[name + ".file"] = np.frombuffer(f.read(), np.uint8)
            out[name + ".shape"] = np.array([n, channels, rate], np.int64)
            out[name + ".start"] = x[:PART].copy()
            out[name + ".middle"] = x[middle:middle + PART].copy()
            out[name + ".end"] = x[-PART:].copy()
            out[name + ".sums"] = np.array([np.sum(x, dtype=np.float64), np.sum(x.astype(np.float64) ** 2)])
    vxgold.write(os.path.join(HERE, "ffmpeg.gold"), __file__, out)


if __name__ == "__main__":
    main()
