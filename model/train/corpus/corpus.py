#!/usr/bin/env python3
"""Makes the training and test corpus: real and synthetic speech in clips of 8 s (four windows), 16 kHz 16 bit WAV, and manifests.

  corpus.py OUT            fetches the packages named in packages.tsv, synthesises, writes OUT/clips/... and OUT/*.csv

Deterministic from --seed with the same versions of everything. A clip that exists is not made again, so an interrupted run goes on.
Needs (Debian 12): """
import argparse
import csv
import os
import sys
import time
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import soundfile

import channel
import plan
import sources
import synthesis

NEEDS = """espeak-ng flite festival festvox-italp16k festvox-itapc16k festvox-kallpc16k festvox-kdlpc16k festvox-czech-dita
festvox-czech-krb festvox-czech-machac festvox-czech-ph festvox-suopuhe-lj festvox-suopuhe-mv festvox-us-slt-hts festvox-ca-ona-hts
festvox-hi-nsk festvox-te-nsk festvox-ru sptk codec2 ffmpeg sox"""
__doc__ += NEEDS.replace("\n", "\n  ")

WINDOW = 2 * channel.RATE
CLIP = 4 * WINDOW
COLUMNS = ["path", "label", "speaker", "source", "synthesiser", "method", "language", "pair", "band", "codec", "snr", "split"]


def clips_of(utterances):
    """Utterances of one speaker and package in a row until a clip is full: [(first, end)] with the sound of each clip. The last
    one is shorter, whole windows."""
    sound, used = [], []
    for u in utterances:
        try:
            x = channel.clean(channel.read(u.path))
        except Exception as e:  # a damaged recording costs itself alone
            print("%s: left out: %s" % (u.path, e), file=sys.stderr)
            continue
        if not len(x):
            continue
        sound.append(x / (channel.speech_level(x) + 1e-9) * 0.1)
        used.append(u)
        if sum(map(len, sound)) >= CLIP:
            yield used, np.concatenate(sound)[:CLIP]
            sound, used = [], []
    n = sum(map(len, sound)) // WINDOW * WINDOW
    if n:
        yield used, np.concatenate(sound)[:n]


def synthesise(corpus, name, text_language, used, real, rng):
    if text_language is None:
        return synthesis.copy(name, real, rng)
    own = [u.text for u in used] if text_language == used[0].language else []
    made, need = np.zeros(0), int(len(real) / channel.RATE * 20)
    for _ in range(6):
        text = plan.sentences(corpus, text_language, own, need, rng)
        if not text:
            raise synthesis.SynthesisError("no text in %s" % text_language)
        made = np.concatenate([made, channel.clean(synthesis.speak(name, text, text_language, rng))])
        if len(made) >= len(real):
            return made[: len(real)]
        own, need = [], 60
    raise synthesis.SynthesisError("%s speaks too little" % name)


def partners(corpus, where, used, real, seed, key):
    """The fake for this clip; where synthesis fails the next draw is taken."""
    for attempt in range(8):
        rng = plan.rng_of(seed, "fake", where, key, attempt)
        name, text_language = plan.partner(used[0].language, where, rng)
        try:
            return name, synthesise(corpus, name, text_language, used, real, rng)
        except synthesis.SynthesisError:
            continue
    raise RuntimeError("no synthesiser works for %s" % key)


def render_group(job):
    """All clips of one speaker in one package: rows of the manifest."""
    out, root, seed, variants, index, part, parts = job
    corpus = sources.load(root)
    groups = grouped(corpus)
    (speaker, source, language), utterances = groups[index]
    split, rows = plan.side(utterances[0]), []
    for number, (used, real) in enumerate(clips_of(utterances[part::parts])):
        pair = "%s-%s-%s-%d-%04d" % (speaker, source, language, part, number)
        fakes = [(split, *partners(corpus, split, used, real, seed, pair))]
        if split == "test":
            fakes.append(("test-seen", *partners(corpus, "seen", used, real, seed, pair)))
        for v in range(variants if split == "train" else 1):
            rows += transmit_pair(out, seed, pair, v, split, used[0], real, fakes)
    return rows


def transmit_pair(out, seed, pair, variant, split, u, real, fakes):
    rng = plan.rng_of(seed, "channel", pair, variant)
    narrow = u.narrow or any(name in synthesis.NARROW for _, name, _ in fakes[:1])
    ch = channel.draw(rng, u.codec, narrow)
    ch.snr = min([ch.snr, channel.own_snr(real)] + [channel.own_snr(f) for _, _, f in fakes[:1]])
    rows = []
    for where, name, sound in [(split, "", real)] + fakes:
        folder = os.path.join("clips", where, "spoof" if name else "bonafide")
        path = os.path.join(folder, "%s-%d%s.wav" % (pair, variant, "-" + name if name else ""))
        full = os.path.join(out, path)
        if not os.path.exists(full):
            os.makedirs(os.path.dirname(full), exist_ok=True)
            pcm = channel.transmit(sound, ch, plan.rng_of(seed, "clip", path))
            soundfile.write(full + ".tmp", pcm, channel.RATE, format="WAV", subtype="PCM_16")
            os.rename(full + ".tmp", full)
        rows.append([path, "spoof" if name else "bonafide", u.speaker, u.source, name or "-", plan.METHOD.get(name, "-"), u.language,
                     "%s-%d" % (pair, variant), "narrow" if ch.high < 4000 else "wide", ch.codec + ("+" + ch.extra if ch.extra else ""),
                     "%.1f" % ch.snr, where])
    return rows


def grouped(corpus):
    groups = defaultdict(list)
    for u in corpus.utterances:
        groups[u.speaker, u.source, u.language].append(u)
    return sorted(groups.items(), key=lambda g: g[0])


def write_manifests(out, rows):
    rows.sort(key=lambda r: r[0])
    sets = {"all": None, "train": {"train"}, "dev": {"dev"}, "test": {"test"}, "test-seen": {"test-seen"}}
    for name, splits in sets.items():
        with open(os.path.join(out, name + ".csv.tmp"), "w", newline="") as f:
            w = csv.writer(f, lineterminator="\n")
            w.writerow(COLUMNS)
            w.writerows(r for r in rows if splits is None or r[-1] in splits)
        os.rename(os.path.join(out, name + ".csv.tmp"), os.path.join(out, name + ".csv"))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("out")
    p.add_argument("--packages", help="folder of the packages, fetched and unpacked (default: OUT/packages)")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--variants", type=int, default=2, help="channels that each training pair is sent through")
    p.add_argument("--jobs", type=int, default=os.cpu_count())
    p.add_argument("--only", help="speakers or packages that contain this text (to try things)")
    args = p.parse_args()
    log = lambda text: print(text, file=sys.stderr, flush=True)

    root = sources.fetch(args.packages or os.path.join(args.out, "packages"), log)
    groups = grouped(sources.load(root))
    jobs = []
    for i, ((speaker, source, _), utterances) in enumerate(groups):
        if args.only and args.only not in speaker and args.only not in source:
            continue
        parts = max(1, round(len(utterances) / 120))
        jobs += [(args.out, root, args.seed, args.variants, i, part, parts) for part in range(parts)]
    rows, start = [], time.time()
    with ProcessPoolExecutor(args.jobs) as pool:
        for n, found in enumerate(pool.map(render_group, jobs), 1):
            rows += found
            took = time.time() - start
            log("%d of %d groups, %d clips, %.0f s, about %.0f s left" % (n, len(jobs), len(rows), took, took / n * (len(jobs) - n)))
    write_manifests(args.out, rows)
    windows = Counter()
    for r in rows:
        windows[r[-1], r[1]] += soundfile.info(os.path.join(args.out, r[0])).frames // WINDOW
    for (split, label), n in sorted(windows.items()):
        print("%-10s %-9s %6d windows" % (split, label, n))


if __name__ == "__main__":
    main()
