#!/usr/bin/env python3
"""Makes the training and test corpus: real and synthetic speech in clips of 8 s (four windows), 16 kHz 16 bit WAV, and manifests.

  corpus.py OUT            fetches the packages named in packages.tsv, synthesises, writes OUT/clips/... and OUT/*.csv

Two stages: OUT/speech holds the clips before any channel, OUT/clips after it. Deterministic from --seed with the same versions of
everything. What exists is not made again, so an interrupted run goes on; remove OUT/clips to try another channel.
Needs (Debian 12): """
import argparse
import csv
import json
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
festvox-hi-nsk festvox-ru sptk codec2 ffmpeg sox"""
__doc__ += NEEDS.replace("\n", "\n  ")

WINDOW = 2 * channel.RATE
CLIP = 4 * WINDOW
COLUMNS = ["path", "label", "speaker", "source", "synthesiser", "method", "language", "pair", "band", "codec", "noise", "snr", "split"]


def clips_of(utterances):
    """Utterances of one speaker and package in a row until a clip is full: yields those of a clip, and its sound. The last clip is
    shorter, whole windows."""
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


def second_copy(real, seed, key, first):
    """One more fake of a training clip: copies are the hard half, and need the most examples."""
    for attempt in range(8):
        rng = plan.rng_of(seed, "copy", key, attempt)
        name = plan.copier("train", rng, but=first)
        try:
            return name, synthesis.copy(name, real, rng)
        except synthesis.SynthesisError:
            continue
    raise RuntimeError("no copy synthesis works for %s" % key)


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


def speech_group(job):
    """First stage, for part of one speaker's utterances: clips of speech and what synthesisers make of them, before any channel.
    They are kept in OUT/speech with a list; a part whose list exists is done."""
    out, root, seed, index, part, parts = job
    corpus = sources.load(root)
    (speaker, source, language), utterances = grouped(corpus)[index]
    split, key = plan.side(utterances[0]), "%s-%s-%s-%d" % (speaker, source, language, part)
    folder = os.path.join(out, "speech")
    listing = os.path.join(folder, key + ".json")
    if os.path.exists(listing):
        return listing
    found = []
    for number, (used, real) in enumerate(clips_of(utterances[part::parts])):
        pair = "%s-%04d" % (key, number)
        fakes = [(split, *partners(corpus, split, used, real, seed, pair))]
        if split == "train":
            fakes.append((split, *second_copy(real, seed, pair, fakes[0][1])))
        if split == "test":
            fakes.append(("test-seen", *partners(corpus, "seen", used, real, seed, pair)))
        for where, name, sound in [(split, "", real)] + fakes:
            write(os.path.join(folder, "%s-%s-%s.wav" % (pair, where, name)), sound / (np.max(np.abs(sound)) + 1e-9) * 0.9)
        u = used[0]
        found.append({"pair": pair, "split": split, "speaker": u.speaker, "source": u.source, "language": u.language, "codec": u.codec,
                      "narrow": u.narrow, "fakes": [[where, name] for where, name, _ in fakes]})
    with open(listing + ".tmp", "w") as f:
        json.dump(found, f)
    os.rename(listing + ".tmp", listing)
    return listing


def write(path, sound):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    soundfile.write(path + ".tmp", sound, channel.RATE, format="WAV", subtype="PCM_16")
    os.rename(path + ".tmp", path)


def channel_group(job):
    """Second stage: every pair of a list through its channels; rows of the manifest."""
    out, seed, variants, listing = job
    with open(listing) as f:
        clips = json.load(f)
    rows = []
    for clip in clips:
        sounds = []
        for where, name in [[clip["split"], ""]] + clip["fakes"]:
            sound, _ = soundfile.read(os.path.join(out, "speech", "%s-%s-%s.wav" % (clip["pair"], where, name)))
            sounds.append((where, name, sound))
        for v in range(variants if clip["split"] == "train" else 1):
            rows += transmit_pair(out, seed, clip, sounds, v)
    return rows


def transmit_pair(out, seed, clip, sounds, variant):
    """The recording and its fakes through one channel, none of them noisier than another; but for the extra fakes of the test, which
    must not change what the test is."""
    pair = "%s-%d" % (clip["pair"], variant)
    rng = plan.rng_of(seed, "channel", pair)
    compared = [(name, sound) for where, name, sound in sounds if where == clip["split"]]
    ch = channel.draw(rng, clip["codec"], clip["narrow"] or any(name in synthesis.NARROW for name, _ in compared))
    ch.snr = min([ch.snr] + [channel.own_snr(sound) for _, sound in compared])
    rows = []
    for where, name, sound in sounds:
        path = os.path.join("clips", where, "spoof" if name else "bonafide", pair + ("-" + name if name else "") + ".wav")
        full = os.path.join(out, path)
        if not os.path.exists(full):
            write(full, channel.transmit(sound, ch, plan.rng_of(seed, "clip", path)))
        rows.append([path, "spoof" if name else "bonafide", clip["speaker"], clip["source"], name or "-", plan.METHOD.get(name, "-"),
                     clip["language"], pair, "narrow" if ch.high < 4000 else "wide", ch.codec + ("+" + ch.extra if ch.extra else ""),
                     noise_class(ch.snr), "%.1f" % ch.snr, where])
    return rows


def noise_class(snr):
    return "under 20 dB" if snr < 20 else "20 to 30 dB" if snr < 30 else "over 30 dB"


def grouped(corpus):
    groups = defaultdict(list)
    for u in corpus.utterances:
        groups[u.speaker, u.source, u.language].append(u)
    return sorted(groups.items(), key=lambda g: g[0])


def write_manifests(out, rows):
    """all.csv, one a split, and calibration.csv: of dev, text to speech and the recordings it is paired with. Copies of recordings, which
    are for training, would teach a calibration how doubtful they are, and archives hold none."""
    rows.sort(key=lambda r: r[0])
    pair, name, split = (COLUMNS.index(c) for c in ("pair", "synthesiser", "split"))
    spoken = {r[pair] for r in rows if r[split] == "dev" and r[name] != "-" and r[name] not in synthesis.COPY}
    sets = {"all": lambda r: True, "calibration": lambda r: r[split] == "dev" and r[pair] in spoken}
    for one in ("train", "dev", "test", "test-seen"):
        sets[one] = lambda r, one=one: r[split] == one
    for of, wanted in sets.items():
        path = os.path.join(out, of + ".csv")
        with open(path + ".tmp", "w", newline="") as f:
            w = csv.writer(f, lineterminator="\n")
            w.writerow(COLUMNS)
            w.writerows(r for r in rows if wanted(r))
        os.rename(path + ".tmp", path)


def progress(stage, results, n, log):
    start = time.time()
    for i, result in enumerate(results, 1):
        took = time.time() - start
        log("%s: %d of %d groups, %.0f s, about %.0f s left" % (stage, i, n, took, took / i * (n - i)))
        yield result


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
        jobs += [(args.out, root, args.seed, i, part, parts) for part in range(parts)]
    with ProcessPoolExecutor(args.jobs) as pool:
        listings = list(progress("speech", pool.map(speech_group, jobs), len(jobs), log))
        jobs = [(args.out, args.seed, args.variants, listing) for listing in listings]
        rows = [row for rows in progress("channels", pool.map(channel_group, jobs), len(jobs), log) for row in rows]
    write_manifests(args.out, rows)
    windows = Counter()
    for r in rows:
        windows[r[-1], r[1]] += soundfile.info(os.path.join(args.out, r[0])).frames // WINDOW
    for (split, label), n in sorted(windows.items()):
        print("%-10s %-9s %6d windows" % (split, label, n))


if __name__ == "__main__":
    main()
