"""What `voxtrawl pictures` writes, as training reads it: pictures stay in their files (memory-mapped), facts in arrays.

A set's folder holds pictures.u8, windows.csv and pictures.json. Several sets act as one when they were made by the same
profile. A picture's number here counts through all sets in the order they were given.
"""
import csv
import hashlib
import json
import math
import os

import numpy as np

REAL, FAKE = 0, 1
LABELS = {"bonafide": REAL, "bona-fide": REAL, "bona fide": REAL, "real": REAL, "genuine": REAL, "human": REAL,
          "spoof": FAKE, "fake": FAKE, "synthetic": FAKE, "deepfake": FAKE}
SPLITS = ("train", "dev", "test", "test-seen")
FACTS = ("path", "member", "label", "speaker", "source", "synthesiser", "split")


class Refused(Exception):
    """Input that cannot be used; the text names the file and the remedy."""


def read_json(path):
    try:
        with open(path, encoding="utf-8") as f:
            return json.load(f)
    except (OSError, ValueError) as e:
        raise Refused(f"{path}: {e}") from e


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


class Set:
    """One folder, checked against its own pictures.json."""

    def __init__(self, folder):
        self.folder = folder
        facts = os.path.join(folder, "pictures.json")
        if not os.path.exists(facts):
            raise Refused(f"{facts} is missing: {folder} is no folder of finished pictures; make it with voxtrawl pictures")
        self.facts = read_json(facts)
        try:
            self.n, self.size, self.channels = (int(self.facts[k]) for k in ("n", "size", "channels"))
            self.profile = self.facts["profile"]
        except (KeyError, TypeError, ValueError) as e:
            raise Refused(f"{facts}: expected n, size, channels and profile ({e!r}); make the pictures again") from e
        if self.n < 1 or self.size < 32 or self.channels not in (1, 3):
            raise Refused(f"{facts}: {self.n} pictures of {self.size} pixels and {self.channels} channels cannot be trained on")
        self._map()
        self._read_table()

    def _map(self):
        path = os.path.join(self.folder, "pictures.u8")
        shape = (self.n, self.size, self.size) + ((3,) if self.channels == 3 else ())
        try:
            got = os.path.getsize(path)
        except OSError as e:
            raise Refused(f"{path}: {e}") from e
        if got != int(np.prod(shape)):
            raise Refused(f"{path}: {got} bytes, but pictures.json promises {int(np.prod(shape))}; make the pictures again")
        self.sha256 = sha256(path)
        if self.sha256 != self.facts.get("sha256", self.sha256):
            raise Refused(f"{path}: its SHA-256 is not the one in pictures.json; make the pictures again")
        self.pixels = np.memmap(path, np.uint8, "r", shape=shape)

    def _read_table(self):
        path = os.path.join(self.folder, "windows.csv")
        try:
            with open(path, newline="", encoding="utf-8") as f:
                rows = list(csv.DictReader(f))
        except (OSError, ValueError, csv.Error) as e:
            raise Refused(f"{path}: {e}") from e
        if len(rows) != self.n:
            raise Refused(f"{path}: {len(rows)} rows, but pictures.json promises {self.n}; make the pictures again")
        if "label" not in rows[0]:
            raise Refused(f"{path}: no column \"label\"; give voxtrawl pictures a manifest that has one (bonafide or spoof)")
        self.columns = {name: np.array([row.get(name) or "" for row in rows]) for name in {*FACTS, *rows[0]}}
        for line, row in enumerate(rows, 2):
            if row["label"].strip().lower() not in LABELS:
                raise Refused(f"{path}:{line}: label \"{row['label']}\", expected one of {', '.join(LABELS)}")
            if row.get("split") and row["split"] not in SPLITS:
                raise Refused(f"{path}:{line}: split \"{row['split']}\", expected one of {', '.join(SPLITS)}")


def same_front_end(a, b):
    """Whether two profiles make the same pictures: what they are called and where verdicts begin does not matter."""
    own = ("name", "description", "real_below", "fake_from")
    keys = [k for k in {*a, *b} if k not in own and not k.startswith(("calibrat", "high_", "measured"))]
    return all(a.get(k) == b.get(k) for k in keys)


class Pictures:
    """Several sets as one. labels uint8 [n], REAL or FAKE; column(name) str [n]; rows(split) int64 [...], ascending."""

    def __init__(self, folders, dev_share=0.1):
        self.sets = [Set(folder) for folder in folders]
        first = self.sets[0]
        for s in self.sets[1:]:
            if (s.size, s.channels) != (first.size, first.channels) or not same_front_end(s.profile, first.profile):
                raise Refused(f"{s.folder}: its pictures were made by another profile, or of another size, than those of "
                              f"{first.folder}; make both with the same --profile")
        self.size, self.channels, self.profile = first.size, first.channels, first.profile
        self.starts = np.cumsum([0] + [s.n for s in self.sets])
        self.labels = np.array([LABELS[x.strip().lower()] for x in self.column("label")], np.uint8)
        self.split = self._splits(dev_share)

    def __len__(self):
        return int(self.starts[-1])

    def column(self, name):
        return np.concatenate([s.columns.get(name, np.full(s.n, "")) for s in self.sets])

    def files(self):
        """Which recording a picture comes from, as a number [n]."""
        names = np.char.add(np.char.add(self.column("path"), "\n"), self.column("member"))
        return np.unique(names, return_inverse=True)[1]

    def rows(self, split):
        return np.flatnonzero(self.split == split)

    def _splits(self, dev_share):
        """The manifest's splits. Where it has none: dev is dev_share of each class's speakers, or of its files where there are
        few speakers, chosen by a hash of their names."""
        split = self.column("split")
        if (split == "").all():
            unit = self.column("speaker")
            if "" in unit or min(len(set(unit[self.labels == label])) for label in (REAL, FAKE)) < 10:
                unit = self.column("path")
            dev = set()
            for label in (REAL, FAKE):
                units = sorted(set(unit[self.labels == label]), key=lambda u: hashlib.sha256(u.encode()).digest())
                dev.update(units[:math.ceil(dev_share * len(units))])
            split = np.where(np.isin(unit, list(dev)), "dev", "train")
        for name in ("train", "dev"):
            if len(set(self.labels[split == name])) < 2:
                raise Refused(f"{', '.join(s.folder for s in self.sets)}: the split \"{name}\" needs pictures of both classes; see the "
                              "columns label and split of windows.csv")
        return split

    def get(self, rows):
        """uint8 [len(rows)][channels][size][size]"""
        rows = np.asarray(rows)
        out = np.empty((len(rows), *self.sets[0].pixels.shape[1:]), np.uint8)
        for s, start in zip(self.sets, self.starts):
            here = np.flatnonzero((rows >= start) & (rows < start + s.n))
            out[here] = s.pixels[rows[here] - start]
        return out[:, None] if self.channels == 1 else np.ascontiguousarray(out.transpose(0, 3, 1, 2))


def balanced_weights(pictures, rows, columns):
    """How often each row is to be drawn, mean 1. A group (speaker, synthesiser, …) of n windows counts as its square root, so
    that large ones do not drown small ones; with the column label both classes count the same."""
    weights = np.ones(len(rows))
    labels = pictures.labels[rows]
    for column in columns:
        if column == "label":
            continue
        group = np.unique(np.char.add(pictures.column(column)[rows], np.where(labels == REAL, "\nr", "\nf")), return_inverse=True)[1]
        weights /= np.sqrt(np.bincount(group)[group])
    if "label" in columns:
        for label in (REAL, FAKE):
            weights[labels == label] /= weights[labels == label].sum()
    return weights / weights.mean()


def partners(pictures, rows, column):
    """{row of a fake: row of the recording it was paired with}: the real window of the same number in the pair that `column` names."""
    pair = np.char.add(np.char.add(pictures.column(column)[rows], "\n"), pictures.column("window")[rows])
    real = {p: r for p, r, label in zip(pair, rows, pictures.labels[rows]) if label == REAL}
    found = {r: real[p] for p, r, label in zip(pair, rows, pictures.labels[rows]) if label == FAKE and p in real}
    if not found:
        raise Refused(f"--pairs {column}: no fake and real window share its value")
    return found


def draw(rows, weights, count, rng):
    """count of rows in random order; each at least floor and at most ceil of its expected number of times."""
    edges = np.cumsum(weights) / weights.sum() * count
    marks = np.arange(count) + rng.random()
    order = rng.permutation(len(rows))          # which of equal rows come twice differs from epoch to epoch
    edges = np.cumsum(weights[order]) / weights.sum() * count
    edges[-1] = count
    return rng.permutation(rows[order][np.searchsorted(edges, marks, side="right").clip(max=len(rows) - 1)])
