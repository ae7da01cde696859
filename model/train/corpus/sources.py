"""Recorded speech: the packages, and the utterances in them (file, speaker, language, text, codec).

An utterance's speaker is the unit that splits are made by. Where a package does not name its speakers, a language is taken
for one speaker, over all volunteer packages together, so that nobody can be on both sides of a split.
"""
import csv
import functools
import hashlib
import os
import re
import subprocess
from collections import defaultdict
from dataclasses import dataclass, field

HERE = os.path.dirname(os.path.abspath(__file__))


@dataclass
class Utterance:
    path: str
    source: str    # package
    speaker: str
    language: str  # as in the package: "cs", "pt_BR"
    codec: str     # what the recording went through: vorbis, g722, gsm, pcm
    narrow: bool   # recorded at 8 kHz
    text: str = ""


@dataclass
class Corpus:
    utterances: list = field(default_factory=list)
    texts: dict = field(default_factory=lambda: defaultdict(list))  # language -> sentences, in a fixed order


def packages():
    with open(os.path.join(HERE, "packages.tsv"), newline="") as f:
        return list(csv.DictReader(f, delimiter="\t"))


def sha256(path):
    h = hashlib.sha256()
    with open(path, "rb") as f:
        for block in iter(lambda: f.read(1 << 20), b""):
            h.update(block)
    return h.hexdigest()


def fetch(folder, log):
    """Downloads, checks and unpacks every package below folder; what is there already is only checked."""
    debs, unpacked = os.path.join(folder, "debs"), os.path.join(folder, "unpacked")
    os.makedirs(debs, exist_ok=True)
    for p in packages():
        name = "%s_%s_all.deb" % (p["package"], p["version"].replace(":", "%3a"))
        deb, target = os.path.join(debs, name), os.path.join(unpacked, p["package"])
        if not os.path.exists(deb):
            log("fetching %s %s" % (p["package"], p["version"]))
            done = subprocess.run(["apt-get", "download", "%s=%s" % (p["package"], p["version"])], cwd=debs,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            if done.returncode or not os.path.exists(deb):
                raise SystemExit("%s %s cannot be fetched (Debian 12 has it): %s\nPut %s into %s by hand and run this again."
                                 % (p["package"], p["version"], done.stderr.strip(), name, debs))
        found = sha256(deb)
        if found != p["sha256"]:
            raise SystemExit("%s: SHA-256 is %s, expected %s: remove it and run this again" % (deb, found, p["sha256"]))
        if not os.path.isdir(target):
            log("unpacking %s" % p["package"])
            subprocess.run(["dpkg-deb", "-x", deb, target + ".tmp"], check=True)
            os.rename(target + ".tmp", target)
    return unpacked


def walk(folder, *endings):
    found = []
    for base, dirs, names in os.walk(folder):
        dirs.sort()
        found += [os.path.join(base, n) for n in sorted(names) if n.endswith(endings)]
    return found


ASTERISK = {  # package: (speaker, language, codec, narrow). en and es are the same woman.
    "asterisk-core-sounds-en-g722": ("allison", "en", "g722", False),
    "asterisk-core-sounds-es-g722": ("allison", "es", "g722", False),
    "asterisk-core-sounds-fr-g722": ("june", "fr", "g722", False),
    "asterisk-core-sounds-it-g722": ("carlo", "it", "g722", False),
    "asterisk-core-sounds-ru-g722": ("ivrvoice-ru", "ru", "g722", False),
    "asterisk-prompt-it-menardi-wav": ("menardi", "it", "pcm", True),
    "asterisk-prompt-fr-armelle": ("armelle", "fr", "gsm", True),
    "asterisk-prompt-es-co": ("es-co", "es", "gsm", True),
}


def asterisk(root, corpus):
    for package, (speaker, language, codec, narrow) in ASTERISK.items():
        for path in walk(os.path.join(root, package), ".g722", ".gsm", ".wav"):
            if os.sep + "silence" + os.sep in path or os.path.basename(path).startswith(("beep", "fpm-", "ascending-", "descending-")):
                continue
            corpus.utterances.append(Utterance(path, package, speaker, language, codec, narrow))


def festvox_ru(root, corpus):
    voice = os.path.join(root, "festvox-ru/usr/share/festival/voices/russian/msu_ru_nsh_clunits")
    with open(os.path.join(voice, "etc/txt.done.data"), encoding="utf-8") as f:
        for line in f:
            m = re.match(r'\( (\S+) "(.*)" \)', line)
            path = m and os.path.join(voice, "wav", m[1] + ".wav")
            if m and os.path.exists(path):
                text = m[2].replace("+", "")
                corpus.utterances.append(Utterance(path, "festvox-ru", "nsh", "ru", "pcm", False, text))
                corpus.texts["ru"].append(text)


def stamps(root, corpus):
    folder = os.path.join(root, "tuxpaint-stamps-default/usr/share/tuxpaint/stamps")
    texts = {}
    for path in walk(folder, ".txt"):
        with open(path, encoding="utf-8", errors="replace") as f:
            lines = f.read().splitlines()
        by_language = {"en": lines[0].strip()} if lines else {}
        for line in lines[1:]:
            m = re.match(r"([A-Za-z_@]+)\.utf8=(.+)", line)
            if m:
                by_language[m[1]] = m[2].strip()
        texts[path[:-4]] = by_language
        for language, text in by_language.items():
            corpus.texts[language].append(text)
    for path in walk(folder, ".ogg"):
        m = re.match(r"(.*)_desc_([A-Za-z_]+)\.ogg$", path)
        if m:
            language = m[2]
            corpus.utterances.append(Utterance(path, "tuxpaint-stamps-default", "volunteer-" + language, language, "vorbis", False,
                                               texts.get(m[1], {}).get(language, "")))


def fillets(root, corpus):
    """The two leads; everybody else's lines are few, or played through effects."""
    scripts = os.path.join(root, "fillets-ng-data/usr/share/games/fillets-ng/script")
    for language in ("cs", "nl"):
        lines = {}
        for path in walk(scripts, "dialogs_%s.lua" % language):
            with open(path, encoding="utf-8") as f:
                for m in re.finditer(r'dialogId\("([^"]+)",\s*"([^"]+)".*?\)\s*dialogStr\("((?:[^"\\]|\\.)*)"', f.read(), re.S):
                    lines[m[1]] = (m[2], m[3])
        package = "fillets-ng-data-" + language
        for path in walk(os.path.join(root, package), ".ogg"):
            font, text = lines.get(os.path.basename(path)[:-4], ("", ""))
            if font in ("font_small", "font_big"):
                corpus.utterances.append(Utterance(path, package, "fillets-%s-%s" % (language, font[5:]), language, "vorbis", False, text))
                corpus.texts[language].append(text)


def kde(root, corpus):
    for package, pattern in (("klettres-data", r"/klettres/([^/]+)/(?:alpha|syllab)/"), ("ktuberling-data", r"/ktuberling/sounds/([^/]+)/")):
        for path in walk(os.path.join(root, package), ".ogg", ".wav"):
            m = re.search(pattern, path)
            if m:
                language = m[1].split("@")[0]
                corpus.utterances.append(Utterance(path, package, "volunteer-" + language, language, "vorbis", False))


@functools.cache                # the files are walked once a process
def load(root):
    corpus = Corpus()
    for reader in (asterisk, festvox_ru, stamps, fillets, kde):
        reader(root, corpus)
    for language, found in corpus.texts.items():
        seen = set()
        corpus.texts[language] = [t for t in found if len(t) >= 8 and not (t in seen or seen.add(t))]
    return corpus
