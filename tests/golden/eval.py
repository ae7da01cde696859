"""What voxtrawl eval must say of a made-up result -> eval.gold: recordings with window logits, labels, metadata and a
calibration, and for several ways of asking every number of its JSON report, computed from metrics.py's formulas."""

import os

import numpy as np

import metrics
import vxgold

HERE = os.path.dirname(os.path.abspath(__file__))
SCALE, OFFSET = 1.7, -0.35
ROUNDS, SEED = 50, 9
SPEAKERS, ATTACKS = ["ann", "bob", "cyd", "dee"], ["A01", "A02", "A03"]
# name, cluster, file score, shortest seconds, split
WAYS = [  # the same in test_golden_eval.c
    ("plain", None, "mean", 0, None), ("test-by-speaker", "speaker", "worst", 6, "test"), ("max", None, "max", 0, None),
    ("train", "speaker", "mean", 0, "train"),
]


def make_items():
    r = np.random.default_rng(11)
    items = []
    for i in range(60):
        bona = bool(i % 2)
        n = 0 if i in (7, 20) else int(r.integers(1, 14))
        real = np.round(r.normal(0.6 if bona else -0.5, 1.0) + r.normal(0, 0.7, n), 1)  # rounded: ties
        items.append({"bona": bona, "real": real.astype(np.float32), "fake": np.round(r.normal(0, 0.3, n), 1).astype(np.float32),
                      "speaker": SPEAKERS[int(r.integers(4))] if bona else "", "attack": "-" if bona else ATTACKS[int(r.integers(3))],
                      "split": "test" if i % 3 else "train", "seconds": 2.0 * n})
    return items


def file_score(scores, how):
    if how == "mean":
        return scores.mean()
    scores = np.sort(scores)
    return scores[0] if how == "max" else scores[: -(-len(scores) // 10)].mean()


def trials(items, level, how):
    """score, cluster"""
    out = []
    for it in items:
        if len(it["score"]):
            for s in it["score"] if level == 0 else [file_score(it["score"], how)]:
                out.append((s, it["cluster"]))
    return np.array([s for s, _ in out], np.float64), np.array([c for _, c in out], np.int64)


def measure(part, everything, level, how):
    """counts [4], then accuracy, eer, auc, min_dcf, act_dcf, cllr each as value, low, high, then the threshold of EER"""
    own = [trials([it for it in part if it["bona"] == side], level, how) for side in (True, False)]
    (b, bc), (s, sc) = own
    accuracy = (np.sum(b >= 0) + np.sum(s < 0)) / (len(b) + len(s)) if len(b) + len(s) else np.nan
    with np.errstate(invalid="ignore"):
        accuracy_interval = metrics.bootstrap(b, s, bc, sc, ROUNDS, SEED, 0)[5]
    counts = [np.sum(b >= 0), np.sum(b < 0), np.sum(s < 0), np.sum(s >= 0)]
    if part is not everything and (len(b) == 0) != (len(s) == 0):
        side = len(b) == 0
        other = trials([it for it in everything if it["bona"] == side], level, how)
        (b, bc), (s, sc) = (other, own[1]) if side else (own[0], other)
    m, i = metrics.metrics(b, s), metrics.bootstrap(b, s, bc, sc, ROUNDS, SEED, 0)
    values = [[accuracy, *accuracy_interval]] + [[m[k], *i[j]] for j, k in enumerate([0, 2, 3, 4, 5])]
    return np.concatenate([np.array(counts, np.float64), np.ravel(values), [m[1]]])


def main():
    items = make_items()
    for it in items:
        it["score"] = SCALE * (it["real"].astype(np.float64) - it["fake"].astype(np.float64)) + OFFSET
    arrays = {
        "calibration": np.array([SCALE, OFFSET]), "bootstrap": np.array([ROUNDS, SEED], np.int64),
        "bona": np.array([it["bona"] for it in items], np.uint8), "n_windows": np.array([len(it["real"]) for it in items], np.int32),
        "real": np.concatenate([it["real"] for it in items]), "fake": np.concatenate([it["fake"] for it in items]),
        "labels": "path,label,speaker,attack\n" + "".join(
            f"{i + 1:06d}.wav,{'bonafide' if it['bona'] else 'spoof'},{it['speaker']},{it['attack']}\n" for i, it in enumerate(items)),
        "split": "".join(it["split"][1] for it in items),  # e or r: metadata of the items, not in the label file
    }
    for name, cluster, how, seconds, split in WAYS:
        some = [it for it in items if it["seconds"] >= seconds and split in (None, it["split"])]
        numbers = {}
        scored = [it for it in some if len(it["real"])]
        for it in scored:  # named clusters in the order they come, then files without a name
            if cluster and it["speaker"]:
                it["cluster"] = numbers.setdefault(it["speaker"], len(numbers))
        lone = [it for it in scored if not (cluster and it["speaker"])]
        for k, it in enumerate(lone):
            it["cluster"] = len(numbers) + k
        for level in (0, 1):
            arrays[f"{name}.{level}"] = measure(some, some, level, how)
            for column, values in (("attack", ATTACKS), ("speaker", SPEAKERS)):
                arrays[f"{name}.{level}.{column}"] = np.stack(
                    [measure([it for it in some if it[column] == v], some, level, how) for v in values])
    vxgold.write(os.path.join(HERE, "eval.gold"), __file__, arrays)


if __name__ == "__main__":
    main()
