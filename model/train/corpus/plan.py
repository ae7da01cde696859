"""Who is on which side, and what each clip of recorded speech is paired with.

Test holds speakers, packages and synthesis methods that training never saw; dev holds speakers that training never saw.
An identity is on one side only: kal, slt and NSK have voices in several synthesisers, nsh is both the recordings and the clunits
voice of festvox-ru, the Asterisk prompts of one speaker come in two languages.
"""
import numpy as np

from sources import ASTERISK

TEST_LANGUAGES = {"be", "uk", "hu", "sl"}          # of the volunteer packages; and every Asterisk package
DEV_LANGUAGES = {"el", "da", "de", "pt", "lt"}

# Synthesisers: method, and where they may be used
METHOD = {
    "espeak-ng": "formant", "msu_ru_nsh_clunits": "unit-selection",
    "czech_ph": "diphone", "czech_dita": "diphone", "czech_krb": "diphone", "czech_machac": "diphone", "suo_fi_lj_diphone": "diphone",
    "hy_fi_mv_diphone": "diphone", "ked_diphone": "diphone", "hindi_NSK_diphone": "diphone",
    "kal_diphone": "diphone", "flite-kal16": "diphone", "lp_diphone": "diphone", "pc_diphone": "diphone",
    "flite-awb": "statistical", "flite-rms": "statistical", "flite-slt": "statistical", "cmu_us_slt_arctic_hts": "statistical",
    "upc_ca_ona_hts": "statistical",
    "mlsa": "mel-cepstrum", "lpc": "linear-prediction", "lpc-narrow": "linear-prediction", "world": "world",
    "world-smooth": "world", "griffin-lim": "griffin-lim",
    "codec2-2400": "codec2", "codec2-1300": "codec2", "codec2-700C": "codec2",
}
TRAIN_COPY = ["mlsa", "lpc", "world", "world-smooth", "griffin-lim"]
TEST_COPY = ["codec2-2400", "codec2-1300", "codec2-700C"]
CZECH = ["czech_ph", "czech_dita", "czech_krb", "czech_machac"]
FINNISH = ["suo_fi_lj_diphone", "hy_fi_mv_diphone"]
ENGLISH_TEST = ["flite-awb", "flite-rms", "flite-slt", "cmu_us_slt_arctic_hts", "kal_diphone", "flite-kal16"]
TEXT_LANGUAGE = {"pt_BR": "pt_BR", "wa": "fr", "nds": "de", "en_GB": "en_GB"}   # otherwise the language itself


def side(u):
    if u.source in ASTERISK or u.language.split("_")[0] in TEST_LANGUAGES:
        return "test"
    return "dev" if u.language.split("_")[0] in DEV_LANGUAGES else "train"


def tts(u_language, where, rng):
    """(synthesiser, language of its text) for a clip of this language."""
    r = rng.random()
    if where == "train" or where == "seen":
        if u_language == "cs" and r < 0.5:
            return str(rng.choice(CZECH)), "cs"
        if u_language == "ru" and r < 0.35 and where == "train":
            return "msu_ru_nsh_clunits", "ru"
        if r < 0.12:
            return "ked_diphone", "en"
        if r < 0.27:
            return str(rng.choice(FINNISH)), "fi"
        if r < 0.35:
            return str(rng.choice(CZECH)), "cs"
        return "espeak-ng", u_language
    if where == "dev":
        return ("hindi_NSK_diphone", "hi") if r < 0.25 else ("espeak-ng", u_language)
    if u_language.startswith("en"):
        return str(rng.choice(ENGLISH_TEST)), "en"
    if u_language == "it":
        return str(rng.choice(["lp_diphone", "pc_diphone"])), "it"
    if u_language == "es":
        return ("upc_ca_ona_hts", "ca") if r < 0.7 else (str(rng.choice(ENGLISH_TEST)), "en")
    return str(rng.choice(ENGLISH_TEST)), "en"


TTS_SHARE = 0.5
TEST_TTS_SHARE = {"en": 0.85, "it": 0.7, "es": 0.6}    # else 0.25: no unseen voice speaks the language


def partner(language, where, rng):
    """(synthesiser, language of text or None for a copy) for a clip of this language in train, dev, test or seen."""
    share = TEST_TTS_SHARE.get(language.split("_")[0], 0.25) if where == "test" else TTS_SHARE
    if rng.random() < share:
        return tts(language, where, rng)
    return copier(where, rng), None


def copier(where, rng, but=""):
    """A copy synthesiser for train, dev, test or seen; another than `but`. Narrow ones ask for a narrow channel of all that are
    compared with them, so the extra fakes of the test are not."""
    if where == "test":
        return str(rng.choice(TEST_COPY))
    name = str(rng.choice([n for n in TRAIN_COPY if n != but.removesuffix("-narrow")]))
    return name + "-narrow" if name == "lpc" and where != "seen" and rng.random() < 0.5 else name


def sentences(corpus, language, own, need, rng):
    """At least `need` characters to speak: the clip's own texts first, then others of the language; "" when there are none."""
    text = [t for t in own if t]
    pool = corpus.texts.get(TEXT_LANGUAGE.get(language, language), []) or corpus.texts.get(language.split("_")[0], [])
    while sum(map(len, text)) < need:
        if not pool:
            return ""
        text.append(pool[int(rng.integers(len(pool)))])
    return " ".join(t if t[-1:] in ".!?…" else t + "." for t in text)


def rng_of(seed, *key):
    """A generator of its own for each thing that is drawn, so that nothing depends on order or on the number of processes."""
    return np.random.default_rng([seed] + [b for k in key for b in str(k).encode()])
