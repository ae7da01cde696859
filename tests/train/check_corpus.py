"""model/train/corpus without its packages: who is on which side, and that the channel treats both classes alike"""
import collections
import os
import sys

import numpy as np

import channel
import plan
import sources
from sources import ASTERISK, Utterance

# Voices of one person, whatever program speaks with them
IDENTITY = {"kal_diphone": "kal", "flite-kal16": "kal", "flite-slt": "slt", "cmu_us_slt_arctic_hts": "slt", "hindi_NSK_diphone": "NSK",
            "telugu_NSK_diphone": "NSK", "msu_ru_nsh_clunits": "nsh"}
LANGUAGES = ["be", "bg", "ca", "cs", "da", "de", "el", "en", "en_GB", "es", "fr", "it", "nl", "pt_BR", "ru", "uk"]


def speaker(source, who, language):
    return Utterance("x.ogg", source, who, language, "vorbis", False)


def sides():
    used = collections.defaultdict(set)
    for where in ("train", "dev", "test", "seen"):
        for i in range(3000):
            rng = plan.rng_of(1, where, i)
            used[where].add(plan.partner(LANGUAGES[i % len(LANGUAGES)], where, rng)[0])
    assert set().union(*used.values()) <= set(plan.METHOD), set().union(*used.values()) - set(plan.METHOD)
    assert not used["train"] & used["test"] and not used["dev"] & used["test"]
    identity = {where: {IDENTITY.get(name, name) for name in names} for where, names in used.items()}
    assert not identity["train"] & identity["test"], identity["train"] & identity["test"]
    methods = {where: {plan.METHOD[name] for name in names} for where, names in used.items()}
    assert {"statistical", "codec2"} <= methods["test"] - methods["train"]
    # nsh's own recordings are where nsh's voice is; a volunteer of a language is on one side in all packages
    assert plan.side(speaker("festvox-ru", "nsh", "ru")) == "train" and "msu_ru_nsh_clunits" in used["train"]
    for language in LANGUAGES:
        volunteers = {plan.side(speaker(p, "volunteer", v)) for p in ("klettres-data", "ktuberling-data", "tuxpaint-stamps-default")
                      for v in (language, language.split("_")[0])}
        assert len(volunteers) == 1, language
    assert all(plan.side(speaker(p, who, language)) == "test" for p, (who, language, _, _) in ASTERISK.items())


def packages():
    rows = sources.packages()
    assert len(rows) == len({r["package"] for r in rows}) >= 15 and set(ASTERISK) <= {r["package"] for r in rows}
    assert all(len(r["sha256"]) == 64 and r["version"] and r["licence"] and r["credit"] for r in rows)


def speech(seed, seconds, noise):
    """Bursts of harmonics with pauses, over noise of this amplitude."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * channel.RATE)) / channel.RATE
    voice = sum(np.sin(2 * np.pi * 120 * k * t) / k for k in range(1, 25)) * (np.sin(2 * np.pi * 1.5 * t) > -0.3)
    return 0.1 * voice + noise * rng.standard_normal(len(t))


def channels():
    x = speech(1, 8, 1e-4)
    quiet = np.concatenate([x[: channel.RATE], np.zeros(channel.RATE), x[: channel.RATE]])
    assert len(channel.clean(quiet)) < len(channel.clean(np.concatenate([x[: channel.RATE]] * 2))) + 0.2 * channel.RATE
    assert not len(channel.clean(np.zeros(channel.RATE))) and not len(channel.clean(np.zeros(10)))
    for i in range(8):
        ch = channel.draw(plan.rng_of(3, i), "pcm", i % 2 == 1)
        ch.extra, ch.snr = "", 15.0 + i
        snr = []
        for noise in (1e-4, 1e-3):       # one all but silent, the other with some noise of its own
            y = channel.transmit(speech(i, 8, noise), ch, plan.rng_of(4, i, noise))
            assert y.dtype == np.int16 and len(y) == 8 * channel.RATE
            assert np.array_equal(y, channel.transmit(speech(i, 8, noise), ch, plan.rng_of(4, i, noise)))
            level = 20 * np.log10(np.sqrt(np.mean((y / 32768.0) ** 2)))
            assert -37 < level < -17, level
            snr.append(channel.own_snr(y / 32768.0))
            power = np.abs(np.fft.rfft(y)) ** 2
            beyond = power[np.fft.rfftfreq(len(y), 1 / channel.RATE) > ch.high + 300].sum() / power.sum()
            assert beyond < 1e-3, beyond
        assert abs(snr[0] - snr[1]) < 1.5, snr    # nothing is left by which noise would tell them apart
    for name in ("vorbis", "opus", "mp3", "alaw", "gsm"):
        y = channel.codec(x, name, 0.5)
        assert len(y) == len(x) and 0.3 < np.std(y) / np.std(x) < 1.2, (name, np.std(y) / np.std(x))


if __name__ == "__main__":
    for part in (sides, packages, channels):
        part()
    print("ok", os.path.basename(sys.argv[0]))
