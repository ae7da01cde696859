"""What both classes go through, by the same code, so that a network cannot tell them apart by anything but the speech.

Sound here is float64 mono at 16 kHz, -1...1. A *channel* is drawn once for a pair of real and fake clips: band, codec, noise;
only the loudness is drawn for each clip apart.
"""
import io
import subprocess
from dataclasses import dataclass

import numpy as np
import soundfile
import soxr
from scipy.signal import butter, firwin, oaconvolve, sosfiltfilt

RATE = 16000
FRAME = RATE // 100      # 10 ms
MAX_PAUSE = 15           # frames: pauses are cut to 150 ms
HIGH_PASS = butter(2, 40, "highpass", fs=RATE, output="sos")


def read(path):
    """Any recording of the packages as mono float64 at RATE."""
    if path.endswith(".g722"):
        raw = subprocess.run(["ffmpeg", "-v", "error", "-f", "g722", "-i", path, "-f", "s16le", "-ac", "1", "-ar", str(RATE), "-"],
                             check=True, stdout=subprocess.PIPE).stdout
        return np.frombuffer(raw, "<i2") / 32768.0
    if path.endswith(".gsm"):
        raw = subprocess.run(["sox", path, "-t", "raw", "-e", "signed", "-b", "16", "-"], check=True, stdout=subprocess.PIPE).stdout
        return resample(np.frombuffer(raw, "<i2") / 32768.0, 8000)
    x, rate = soundfile.read(path, always_2d=True)
    return resample(x.mean(axis=1), rate)


def resample(x, rate, to=RATE):
    return x if rate == to else soxr.resample(x, rate, to, "HQ")


def levels(x):
    """Energy of each 10 ms frame, dB relative to full scale."""
    n = len(x) // FRAME
    return 10 * np.log10(np.mean(x[: n * FRAME].reshape(n, FRAME) ** 2, axis=1) + 1e-12) if n else np.zeros(0)


def clean(x):
    """DC off; pauses, by the same measure for every source (30 dB below the 95th percentile), cut to 150 ms."""
    if len(x) < RATE // 20:
        return np.zeros(0)
    x = sosfiltfilt(HIGH_PASS, x)
    db = levels(x)
    if not len(db) or np.percentile(db, 95) < -60:
        return np.zeros(0)
    quiet = db < np.percentile(db, 95) - 30
    keep, run = np.ones(len(db), bool), 0
    for i, q in enumerate(quiet):
        run = run + 1 if q else 0
        keep[i] = run <= MAX_PAUSE
    lead = np.argmax(~quiet)
    keep[: max(0, lead - MAX_PAUSE)] = False
    edges = np.flatnonzero(np.diff(keep.astype(int)) == 1) + 1
    x = x[: len(db) * FRAME].copy()
    for e in edges:                       # a cut must not click: 2 ms in and out
        s, n = e * FRAME, 32
        x[s : s + n] *= np.linspace(0, 1, n)
    for e in np.flatnonzero(np.diff(keep.astype(int)) == -1) + 1:
        x[e * FRAME - 32 : e * FRAME] *= np.linspace(1, 0, 32)
    return x[np.repeat(keep, FRAME)]


@dataclass
class Channel:
    low: float       # Hz
    high: float      # Hz
    codec: str       # vorbis, g722, gsm, pcm: the real recording's own
    extra: str       # a second codec, or ""
    snr: float       # dB, speech over all noise
    tilt: float      # of the noise: its power falls with f^tilt


def draw(rng, codec, narrow, clean_share=0.7):
    """narrow: a telephone band, for sources recorded at 8 kHz (always) and for a third of the others. clean_share: how many have
    no more noise than a good recording; in the noise of the others copies can hardly be told from what they copy."""
    tier = narrow or rng.random() < 0.35
    low, high = (rng.uniform(90, 250), rng.uniform(3300, 3700)) if tier else (rng.uniform(45, 90), rng.uniform(6300, 7500))
    extra = rng.choice(["", "", "", "vorbis", "opus", "mp3", "alaw" if tier else "opus"])
    snr = rng.uniform(22, 45) if rng.random() < clean_share else rng.uniform(12, 22)
    return Channel(float(low), float(high), codec, str(extra), float(snr), float(rng.uniform(-0.2, 1.5)))


def through_file(x, rate, **form):
    """Encoded and decoded by libsndfile."""
    f = io.BytesIO()
    with soundfile.SoundFile(f, "w", rate, 1, **form) as out:
        for i in range(0, len(x), rate):          # libvorbis overflows its stack on long blocks
            out.write(x[i : i + rate])
    f.seek(0)
    y, _ = soundfile.read(f)
    return y


def fit(y, n):
    return y[:n] if len(y) >= n else np.pad(y, (0, n - len(y)))


def codec(x, name, strength):
    """strength 0...1: of the lossy ones, how hard they press."""
    n = len(x)
    x = np.clip(x, -0.999, 0.999)
    if name == "vorbis":
        return fit(through_file(x, RATE, format="OGG", subtype="VORBIS", compression_level=0.4 + 0.5 * strength), n)
    if name == "opus":
        return fit(through_file(x, RATE, format="OGG", subtype="OPUS", compression_level=0.6 + 0.35 * strength), n)
    if name == "mp3":
        return fit(through_file(x, RATE, format="MP3", subtype="MPEG_LAYER_III", compression_level=0.3 + 0.6 * strength), n)
    if name == "alaw":
        return fit(resample(through_file(resample(x, RATE, 8000), 8000, format="WAV", subtype="ALAW"), 8000), n)
    if name == "gsm":
        return fit(resample(through_file(resample(x, RATE, 8000), 8000, format="WAV", subtype="GSM610"), 8000), n)
    if name == "g722":
        pcm = (x * 32767).astype("<i2").tobytes()
        form = ["-f", "s16le", "-ac", "1", "-ar", str(RATE)]
        bits = subprocess.run(["ffmpeg", "-v", "error", *form, "-i", "-", "-c:a", "g722", "-f", "g722", "-"], input=pcm, check=True,
                              stdout=subprocess.PIPE).stdout
        back = subprocess.run(["ffmpeg", "-v", "error", "-f", "g722", "-i", "-", *form, "-"], input=bits, check=True,
                              stdout=subprocess.PIPE).stdout
        return fit(np.frombuffer(back, "<i2") / 32768.0, n)
    return x


def noise_floor(x):
    """Own noise of a recording, as an amplitude: the level of its quietest tenth, at most 10 dB below its speech."""
    db = levels(x)
    return 10 ** (min(np.percentile(db, 10), np.percentile(db, 80) - 10) / 20)


def speech_level(x):
    db = levels(x)
    return np.sqrt(np.mean(10 ** (db[db >= np.percentile(db, 60)] / 10)))


def own_snr(x):
    return 20 * np.log10(speech_level(x) / max(noise_floor(x), 1e-9))


def coloured(rng, n, tilt):
    spectrum = np.fft.rfft(rng.standard_normal(n))
    f = np.maximum(np.fft.rfftfreq(n, 1 / RATE), 50)
    y = np.fft.irfft(spectrum * f ** (-tilt / 2), n)
    return y / np.sqrt(np.mean(y**2))


def transmit(x, ch, rng):
    """The chain for one clip; the result is int16. rng: of this clip, for the noise's samples, loudness and dither."""
    x = x / (speech_level(x) + 1e-9) * 0.1
    strength = rng.random()
    x = codec(x, ch.codec, strength)
    if ch.extra:
        x = codec(x, ch.extra, rng.random())
    taps = firwin(513, [ch.low, ch.high], pass_zero=False, fs=RATE)
    x = oaconvolve(x, taps, mode="same")
    # noise to the common SNR, counting what is there; band-limited like the speech
    target, there = speech_level(x) * 10 ** (-ch.snr / 20), noise_floor(x)
    if there < target:
        noise = oaconvolve(coloured(rng, len(x), ch.tilt), taps, mode="same")
        noise /= np.sqrt(np.mean(noise**2))
        x = x + noise * np.sqrt(target**2 - there**2)
    x = x / (np.sqrt(np.mean(x**2)) + 1e-9) * 10 ** (rng.uniform(-36, -18) / 20)
    dither = (rng.random(len(x)) - rng.random(len(x))) / 32768
    return np.clip(np.round((x + dither) * 32768), -32768, 32767).astype(np.int16)
