"""Equal error rates, for choosing among epochs; the figures to quote are those of voxtrawl eval."""
import numpy as np

from pictures import FAKE, REAL


def eer(real, fake):
    """real, fake: scores, higher means real. Mean of both error rates at the threshold where they differ least, as in
    ASVspoof 5; NaN where one class is missing."""
    if len(real) == 0 or len(fake) == 0:
        return float("nan")
    scores = np.concatenate([real, fake])
    is_real = np.concatenate([np.ones(len(real)), np.zeros(len(fake))])[np.argsort(scores, kind="mergesort")]
    missed = np.concatenate([[0], np.cumsum(is_real)]) / len(real)
    accepted = 1 - np.concatenate([[0], np.cumsum(1 - is_real)]) / len(fake)
    at = np.argmin(np.abs(missed - accepted))
    return float((missed[at] + accepted[at]) / 2)


def by_group(scores, labels, groups):
    """{group of fakes: EER of it against all real ones}"""
    return {str(g): eer(scores[labels == REAL], scores[(labels == FAKE) & (groups == g)]) for g in sorted(set(groups[labels == FAKE]))}


def by_file(scores, labels, files):
    """EER of recordings, each with the mean score of its windows."""
    which, at = np.unique(files, return_inverse=True)
    mean = np.bincount(at, scores) / np.bincount(at)
    label = np.zeros(len(which), labels.dtype)
    label[at] = labels
    return eer(mean[label == REAL], mean[label == FAKE])
