"""Detection metrics, bootstrap intervals and the affine calibration of score sets -> metrics.gold, in numpy.

DET, EER, minDCF, actDCF and Cllr follow the text of the ASVspoof 5 evaluation plan (Delgado et al. 2024), each written out
over all pairs or all thresholds; sklearn and scipy check AUC, EER and the calibration when the script runs. Higher
scores mean bona fide. A set that lacks a class has NaN for all."""

import os

import numpy as np
import scipy.optimize
import sklearn.linear_model
import sklearn.metrics

import vxgold

HERE = os.path.dirname(os.path.abspath(__file__))
PI, MISS, FA = 0.05, 1.0, 10.0
RIDGE = 1e-6
MASK = (1 << 64) - 1
ROUNDS, SEED, THRESHOLD = 200, 20260101, 0.25


def det(bona, spoof):
    scores = np.concatenate([bona, spoof])
    is_bona = np.concatenate([np.ones(len(bona), bool), np.zeros(len(spoof), bool)])
    order = np.argsort(scores, kind="mergesort")
    refused_bona = np.concatenate([[0], np.cumsum(is_bona[order])])
    refused_spoof = np.concatenate([[0], np.cumsum(~is_bona[order])])
    thresholds = np.concatenate([[scores[order[0]] - 0.001], scores[order]])
    return refused_bona / len(bona), (len(spoof) - refused_spoof) / len(spoof), thresholds


def metrics(bona, spoof):
    """eer, eer_threshold, auc, min_dcf, act_dcf, cllr"""
    if len(bona) == 0 or len(spoof) == 0:
        return np.full(6, np.nan)
    frr, far, thresholds = det(bona, spoof)
    at = np.argmin(np.abs(frr - far))
    cost = (MISS * (1 - PI) * frr + FA * PI * far) / min(MISS * (1 - PI), FA * PI)
    act = -np.log(MISS * (1 - PI) / (FA * PI))
    act_cost = MISS * (1 - PI) * np.mean(bona < act) + FA * PI * np.mean(spoof >= act)
    auc = np.mean([np.mean((b > spoof) + 0.5 * (b == spoof)) for b in bona])
    cllr = 0.5 * (np.mean(np.logaddexp(0, -bona)) + np.mean(np.logaddexp(0, spoof))) / np.log(2)
    return np.array([(frr[at] + far[at]) / 2, thresholds[at], auc, cost.min(), act_cost / min(MISS * (1 - PI), FA * PI), cllr])


def calibrate(bona, spoof):
    """scale, offset: minimum of the balanced logistic loss with a ridge on the scale of standardised scores"""
    mean = 0.5 * (bona.mean() + spoof.mean())
    deviation = np.sqrt(0.5 * (np.mean((bona - mean) ** 2) + np.mean((spoof - mean) ** 2)))
    zb, zs = (bona - mean) / deviation, (spoof - mean) / deviation

    def loss(x):
        return (0.5 * np.mean(np.logaddexp(0, -(x[0] * zb + x[1]))) + 0.5 * np.mean(np.logaddexp(0, x[0] * zs + x[1]))
                + 0.5 * RIDGE * x[0] ** 2)

    def gradient(x):
        qb, qs = 1 / (1 + np.exp(x[0] * zb + x[1])), 1 / (1 + np.exp(-(x[0] * zs + x[1])))
        return np.array([0.5 * np.mean(-qb * zb) + 0.5 * np.mean(qs * zs) + RIDGE * x[0], 0.5 * np.mean(qs) - 0.5 * np.mean(qb)])

    start = scipy.optimize.minimize(loss, [1.0, 0.0], jac=gradient, method="BFGS", options={"gtol": 1e-9}).x
    found = scipy.optimize.root(gradient, start, tol=1e-15)
    assert np.abs(gradient(found.x)).max() < 1e-13, (found.message, gradient(found.x))
    a, b = found.x
    return np.array([a / deviation, b - a * mean / deviation])


def random_numbers(seed):
    """splitmix64"""
    while True:
        seed = (seed + 0x9E3779B97F4A7C15) & MASK
        z = seed
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
        yield z ^ z >> 31


def bootstrap(bona, spoof, bona_cluster, spoof_cluster, rounds=ROUNDS, seed=SEED, threshold=THRESHOLD):
    """[6][2]: 2.5 and 97.5 percentiles of eer, auc, min_dcf, act_dcf, cllr, accuracy. Resamples as lists, then everything anew."""
    random = random_numbers(seed)
    groups = [[s[c == k] for k in np.unique(c)] for s, c in ((bona, bona_cluster), (spoof, spoof_cluster))]
    values = []
    for _ in range(rounds):
        b, s = (np.concatenate([g[(next(random) >> 32) * len(g) >> 32] for _ in g]) if g else np.zeros(0) for g in groups)
        m = metrics(b, s)
        accuracy = (np.sum(b >= threshold) + np.sum(s < threshold)) / (len(b) + len(s)) if len(b) + len(s) else np.nan
        values.append([m[0], m[2], m[3], m[4], m[5], accuracy])
    out = np.percentile(values, [2.5, 97.5], axis=0).T
    if min(len(g) for g in groups) < 2:
        out[:5] = np.nan
    if 1 in [len(g) for g in groups]:
        out[5] = np.nan
    return out


def score_sets():
    r = np.random.default_rng(5)
    normal = r.normal
    yield "ordinary", normal(1.5, 1, 300), normal(-1, 1.2, 200)
    yield "ties", np.round(normal(1, 1.5, 150)), np.round(normal(-0.5, 1.5, 120))
    yield "all-equal", np.full(7, 0.5), np.full(5, 0.5)
    yield "separated", normal(8, 0.5, 40), normal(-3, 0.5, 60)
    yield "inverted", normal(-2, 1, 80), normal(2, 1, 90)
    yield "one-each", np.array([1.0]), np.array([-1.0])
    yield "one-each-equal", np.array([0.0]), np.array([0.0])
    yield "one-each-inverted", np.array([-1.0]), np.array([1.0])
    yield "two-and-one", np.array([-0.5, 2.0]), np.array([0.25])
    yield "unbalanced", normal(2, 2, 5), normal(0, 1, 2000)
    yield "far-from-zero", normal(1010, 3, 100), normal(1005, 3, 100)
    yield "tiny-scores", 1e-7 * normal(1, 1, 60), 1e-7 * normal(0, 1, 60)
    yield "at-the-threshold", np.array([-np.log(1.9), 0.0, 1.0, -1.0]), np.array([-np.log(1.9), -2.0, 0.5])
    yield "large-scores", normal(900, 400, 50), normal(-900, 400, 50)  # exp() of them overflows
    yield "float32", normal(1, 2, 500).astype(np.float32), normal(-1, 2, 500).astype(np.float32)
    yield "large", normal(1, 1, 6000), np.concatenate([normal(-2, 1, 4000), normal(0.5, 0.5, 2000)])
    yield "only-bona", normal(1, 1, 20), np.zeros(0)
    yield "only-spoof", np.zeros(0), normal(-1, 1, 20)
    yield "empty", np.zeros(0), np.zeros(0)


def cross_check(name, bona, spoof, m):
    labels = np.concatenate([np.ones(len(bona)), np.zeros(len(spoof))])
    scores = np.concatenate([bona, spoof])
    assert abs(sklearn.metrics.roc_auc_score(labels, scores) - m[2]) < 1e-12, name
    fpr, tpr, _ = sklearn.metrics.roc_curve(labels, scores, drop_intermediate=False)
    if len(np.unique(scores)) == len(scores):  # with ties the DET has points inside a group, the ROC has not
        at = np.argmin(np.abs(1 - tpr - fpr))
        assert abs((1 - tpr[at] + fpr[at]) / 2 - m[0]) <= 0.5 / min(len(bona), len(spoof)) + 1e-12, name
    if name in ("ordinary", "ties", "large"):  # C takes the ridge's place: weights of n/2 a class, loss summed over n
        z = (scores - scores.mean()) / scores.std()
        lr = sklearn.linear_model.LogisticRegression(C=1e9, class_weight="balanced", tol=1e-12, max_iter=10000).fit(z[:, None], labels)
        scale, offset = calibrate(bona, spoof)
        assert abs(lr.coef_[0, 0] / scores.std() - scale) < 1e-3 * scale, name
        assert abs(lr.intercept_[0] - lr.coef_[0, 0] * scores.mean() / scores.std() - offset) < 1e-3 * (1 + abs(offset)), name


def main():
    r = np.random.default_rng(6)
    arrays, names = {}, []
    for name, bona, spoof in score_sets():
        bona, spoof = bona.astype(np.float64), spoof.astype(np.float64)
        m = metrics(bona, spoof)
        both = len(bona) > 0 and len(spoof) > 0
        if both:
            cross_check(name, bona, spoof, m)
        names.append(name)
        arrays[f"{name}.bona"], arrays[f"{name}.spoof"], arrays[f"{name}.metrics"] = bona, spoof, m
        if both and name not in ("all-equal", "inverted", "one-each-equal", "one-each-inverted"):
            arrays[f"{name}.calibration"] = calibrate(bona, spoof)
        if both and len(bona) + len(spoof) <= 1000:
            frr, far, thresholds = det(bona, spoof)
            arrays[f"{name}.det"] = np.stack([frr, far, thresholds])
        if len(bona) + len(spoof) <= 1000:
            clusters = [np.sort(r.integers(0, 1 + n // 4, n)).astype(np.int32) for n in (len(bona), len(spoof))]
            arrays[f"{name}.bona-cluster"], arrays[f"{name}.spoof-cluster"] = clusters
            arrays[f"{name}.bootstrap"] = bootstrap(bona, spoof, *clusters)
    arrays = {"names": "\n".join(names), "bootstrap": np.array([ROUNDS, SEED], np.int64), "threshold": np.float64(THRESHOLD), **arrays}
    vxgold.write(os.path.join(HERE, "metrics.gold"), __file__, arrays)


if __name__ == "__main__":
    main()
