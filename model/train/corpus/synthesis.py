"""Synthetic speech: text to speech, and copy synthesis of recordings. Sound in and out is float64 mono at channel.RATE.

Each synthesiser belongs to a method and an identity; a split keeps both on one side (see plan.py). Everything runs headless
from Debian's packages but WORLD, which is pyworld from PyPI.
"""
import os
import subprocess
import tempfile

import librosa
import numpy as np
import pyworld
import soundfile
from scipy.ndimage import uniform_filter1d

from channel import RATE, fit, resample

# Festival voice -> encoding of its text
FESTIVAL = {
    "czech_ph": "iso-8859-2", "czech_dita": "iso-8859-2", "czech_krb": "iso-8859-2", "czech_machac": "iso-8859-2",
    "suo_fi_lj_diphone": "iso-8859-1", "hy_fi_mv_diphone": "iso-8859-1", "lp_diphone": "iso-8859-1", "pc_diphone": "iso-8859-1",
    "msu_ru_nsh_clunits": "utf-8", "hindi_NSK_diphone": "utf-8", "cmu_us_slt_arctic_hts": "ascii",
    "upc_ca_ona_hts": "iso-8859-15", "kal_diphone": "ascii", "ked_diphone": "ascii",
}
ESPEAK = {  # language of a package -> espeak-ng's voice
    "pt_BR": "pt-br", "pt": "pt", "nn": "nb", "en_GB": "en-gb", "en": "en-us", "gl": "pt", "wa": "fr-be", "nds": "de", "fr": "fr-fr",
}
ESPEAK_VARIANTS = ["", "+f1", "+f2", "+f3", "+f4", "+f5", "+m1", "+m2", "+m3", "+m4", "+m5", "+m6", "+m7", "+croak", "+klatt",
                   "+klatt2", "+klatt3", "+klatt4", "+linda", "+steph", "+anika", "+adam", "+boris", "+kaukovalta"]


class SynthesisError(Exception):
    pass


def run(command, **kw):
    try:
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, **kw).stdout
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as e:
        raise SynthesisError("%s: %s" % (command if isinstance(command, str) else " ".join(command), e)) from e


def speak(name, text, language, rng):
    """Text to speech by name: "espeak-ng", "flite-VOICE" or a festival voice."""
    with tempfile.TemporaryDirectory() as tmp:
        wav, txt = os.path.join(tmp, "out.wav"), os.path.join(tmp, "in.txt")
        if name == "espeak-ng":
            voice = ESPEAK.get(language, language) + str(rng.choice(ESPEAK_VARIANTS))
            with open(txt, "w", encoding="utf-8") as f:
                f.write(text)
            run(["espeak-ng", "-v", voice, "-s", str(rng.integers(130, 200)), "-p", str(rng.integers(20, 80)), "-f", txt, "-w", wav])
        elif name.startswith("flite-"):
            run(["flite", "-voice", name[6:], "-t", text, "-o", wav])
        else:
            with open(txt, "wb") as f:
                f.write(text.encode(FESTIVAL[name], "ignore"))
            run(["text2wave", "-eval", "(voice_%s)" % name, txt, "-o", wav])
        try:
            x, rate = soundfile.read(wav)
        except (soundfile.LibsndfileError, OSError) as e:
            raise SynthesisError("%s: %s" % (name, e)) from e
    return resample(x, rate)


def sptk(script, x):
    """A pipeline of sptk's tools over the recording as float32 in the file x; gives float32 back."""
    with tempfile.TemporaryDirectory() as tmp:
        (x * 32768).astype("<f4").tofile(os.path.join(tmp, "x"))
        y = np.frombuffer(run(["bash", "-c", "set -eo pipefail; " + script], cwd=tmp), "<f4")
    if not np.all(np.isfinite(y)) or not len(y):
        raise SynthesisError("sptk gave no sound")
    return fit(y.astype(np.float64) / 32768, len(x))


def frame_period(rng):
    """Samples at RATE between two sets of parameters: 5 ms mostly, up to 20 ms as codecs of few bits have it."""
    return int(rng.choice([80, 80, 160, 240, 320]))


def mlsa(x, rng):
    """Mel-cepstrum of order 20 to 30, pulses and noise through the MLSA filter (sptk)."""
    m, period = rng.integers(20, 31), frame_period(rng)
    return sptk("sptk pitch -a {a} -s 16 -p {p} -L 60 -H 400 x > pit; sptk frame -l 400 -p {p} x | sptk window -l 400 -L 512 | "
                "sptk mcep -a 0.42 -m {m} -l 512 -e 0.001 > mc; sptk excite -p {p} pit | sptk mlsadf -m {m} -a 0.42 -p {p} -P 5 mc"
                .format(a=rng.integers(0, 2), m=m, p=period), x)


def lpc(rate, low, high):
    def copy(x, rng):
        k, frame, fft = rate // 1000, rate // 40, rate * 4 // 125
        m, period = rng.integers(low, high + 1), frame_period(rng) * rate // RATE
        y = sptk("sptk pitch -a %d -s %d -p %d -L 60 -H 400 x > pit; sptk frame -l %d -p %d x | sptk window -l %d -L %d | "
                 "sptk lpc -l %d -m %d -f 0.0001 > lpc; sptk excite -p %d pit | sptk poledf -m %d -p %d lpc"
                 % (rng.integers(0, 2), k, period, frame, period, frame, fft, fft, m, period, m, period), resample(x, RATE, rate))
        return fit(resample(y, rate), len(x))
    copy.__doc__ = "Linear prediction of order %d to %d at %d Hz, pulses and noise through its filter (sptk)." % (low, high, rate)
    return copy


def world(x, rng):
    """WORLD analysis and synthesis, as it is."""
    f0, t = pyworld.dio(x, RATE)
    f0 = pyworld.stonemask(x, f0, t, RATE)
    return fit(pyworld.synthesize(f0, pyworld.cheaptrick(x, f0, t, RATE), pyworld.d4c(x, f0, t, RATE), RATE), len(x))


def world_smooth(x, rng):
    """WORLD with what statistical synthesis does to speech: few coefficients, trajectories smoothed, pitch shifted."""
    f0, t = pyworld.dio(x, RATE)
    f0 = pyworld.stonemask(x, f0, t, RATE)
    envelope = pyworld.cheaptrick(x, f0, t, RATE)
    coded = pyworld.code_spectral_envelope(envelope, RATE, int(rng.integers(20, 40)))
    coded = uniform_filter1d(coded, int(rng.integers(3, 9)), axis=0, mode="nearest")
    fft = pyworld.get_cheaptrick_fft_size(RATE)
    envelope = pyworld.decode_spectral_envelope(np.ascontiguousarray(coded), RATE, fft)
    aperiodicity = pyworld.d4c(x, f0, t, RATE)
    if rng.random() < 0.5:                                     # voiced frames wholly periodic
        aperiodicity = np.where(f0[:, None] > 0, 1e-3, 1 - 1e-3) * np.ones_like(aperiodicity)
    voiced = f0 > 0
    smooth = uniform_filter1d(np.where(voiced, f0, np.median(f0[voiced]) if voiced.any() else 0), int(rng.integers(3, 13)))
    f0 = np.where(voiced, smooth * 2 ** rng.uniform(-0.3, 0.3), 0.0)
    return fit(pyworld.synthesize(f0, envelope, aperiodicity, RATE), len(x))


def griffin_lim(x, rng):
    """Phase by Griffin and Lim from a mel spectrogram of 64 to 100 bands."""
    n_fft, hop = 1024, int(rng.choice([160, 200, 256]))
    mel = librosa.filters.mel(sr=RATE, n_fft=n_fft, n_mels=int(rng.integers(64, 101)))
    power = np.abs(librosa.stft(x, n_fft=n_fft, hop_length=hop)) ** 2
    magnitude = np.sqrt(np.maximum(np.linalg.pinv(mel) @ (mel @ power), 0))
    return fit(librosa.griffinlim(magnitude, n_iter=int(rng.choice([16, 32])), hop_length=hop, n_fft=n_fft,
                                  random_state=int(rng.integers(1 << 31))), len(x))


def codec2(mode):
    def copy(x, rng):
        with tempfile.TemporaryDirectory() as tmp:
            raw, bits, out = (os.path.join(tmp, n) for n in ("in.raw", "bits", "out.raw"))
            (np.clip(resample(x, RATE, 8000), -0.999, 0.999) * 32767).astype("<i2").tofile(raw)
            run(["c2enc", mode, raw, bits])
            run(["c2dec", mode, bits, out])
            y = np.fromfile(out, "<i2") / 32768.0
        return fit(resample(y, 8000), len(x))
    copy.__doc__ = "Codec 2, sinusoids from a few parameters, at %s bit/s; 8 kHz." % mode
    return copy


COPY = {"mlsa": mlsa, "lpc": lpc(RATE, 14, 22), "lpc-narrow": lpc(8000, 10, 14), "world": world,
        "world-smooth": world_smooth, "griffin-lim": griffin_lim,
        "codec2-2400": codec2("2400"), "codec2-1300": codec2("1300"), "codec2-700C": codec2("700C")}
NARROW = ("lpc-narrow", "codec2-2400", "codec2-1300", "codec2-700C")   # no more than the telephone's band


def copy(name, x, rng):
    peak = np.max(np.abs(x)) + 1e-9
    y = COPY[name](x / peak * 0.5, rng)
    if not np.all(np.isfinite(y)) or np.sqrt(np.mean(y**2)) < 1e-5:
        raise SynthesisError("%s gave no sound" % name)
    return y
