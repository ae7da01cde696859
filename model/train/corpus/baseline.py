#!/usr/bin/env python3
"""The trivial baseline: can real and synthetic clips be told apart without listening?

  baseline.py CORPUS [-o figures.json]

Nine scalars of each window, none of which knows anything of speech, and two standard classifiers over them, fitted on the training
windows and measured on the test windows, a row a synthesiser. A network has to beat this clearly; what this finds is a shortcut
that the corpus left open.
"""
import argparse
import csv
import json
import os
import sys
from collections import defaultdict

import numpy as np
import soundfile
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import measure  # noqa: E402

RATE, WINDOW = 16000, 32000


def scalars(x):
    """[9] of one window, float −1…1: level, peak, floor, digital zeros, DC, high band, active share, crest, zero crossings."""
    energy = np.mean(x.reshape(-1, 160) ** 2, axis=1)
    db = 10 * np.log10(energy + 1e-12)
    power = np.abs(np.fft.rfft(x)) ** 2
    f = np.fft.rfftfreq(len(x), 1 / RATE)
    level, peak = 10 * np.log10(np.mean(x**2) + 1e-12), 20 * np.log10(np.max(np.abs(x)) + 1e-9)
    return [level, peak, np.percentile(db, 5), np.mean(x == 0), 1e4 * np.mean(x), 10 * np.log10(power[f > 4000].sum() / power.sum() + 1e-12),
            np.mean(db > db.max() - 30), peak - level, np.mean(np.diff(np.signbit(x)))]


def load(corpus, split):
    """→ scalars [n][9], spoof [n] 0 or 1, synthesiser [n], file [n]"""
    x, y, who, files = [], [], [], []
    with open(os.path.join(corpus, split + ".csv"), newline="") as f:
        for row in csv.DictReader(f):
            sound, _ = soundfile.read(os.path.join(corpus, row["path"]))
            for i in range(len(sound) // WINDOW):
                x.append(scalars(sound[i * WINDOW : (i + 1) * WINDOW]))
                y.append(int(row["label"] == "spoof"))
                who.append(row["synthesiser"])
                files.append(row["path"])
    return np.array(x), np.array(y), np.array(who), np.array(files)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("corpus")
    p.add_argument("-o", "--out", help="the figures as JSON")
    args = p.parse_args()
    x, y, _, _ = load(args.corpus, "train")
    models = {"logistic": make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
              "boosted trees": HistGradientBoostingClassifier(random_state=1)}
    tests = {split: load(args.corpus, split) for split in ("test", "test-seen")}
    found = defaultdict(dict)
    for name, model in models.items():
        model.fit(x, y)
        scores = {split: -model.decision_function(t[0]) for split, t in tests.items()}
        _, spoof, who, files = tests["test"]
        real = scores["test"][spoof == 0]
        found["test", "all"][name] = measure.eer(real, scores["test"][spoof == 1])
        found["test", "file"][name] = measure.by_file(scores["test"], spoof, files)
        for split, (_, spoof, who, _) in tests.items():
            for s in sorted(set(who[spoof == 1])):
                found[split, s][name] = measure.eer(real, scores[split][who == s])
    for (split, s), figures in found.items():
        print("%-10s %-24s %s" % (split, s, "  ".join("%s %5.1f %%" % (k, 100 * v) for k, v in figures.items())))
    if args.out:
        with open(args.out, "w") as f:
            json.dump({split: {s: v for (of, s), v in found.items() if of == split} for split in tests}, f, indent=1)


if __name__ == "__main__":
    main()
