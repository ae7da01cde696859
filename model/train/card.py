#!/usr/bin/env python3
"""Prints the tables of the model card from what evaluate.sh measured: card.py FOLDER"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus"))
from plan import METHOD  # noqa: E402


def read(folder, name):
    with open(os.path.join(folder, name + ".json"), encoding="utf-8") as f:
        return json.load(f)


def percent(x):
    return "–" if x is None else "%.1f" % (100 * x)


def interval(metric, scale=100, digits=1):
    if metric["value"] is None:
        return "–"
    text = "%.*f" % (digits, scale * metric["value"])
    if metric["low"] is not None:
        text += " (%.*f–%.*f)" % (digits, scale * metric["low"], digits, scale * metric["high"])
    return text


def rows(report, column):
    for by in report["by"]:
        if by["column"] == column:
            return by["rows"]
    return []


def table(head, lines):
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for line in lines:
        print("| " + " | ".join(line) + " |")
    print()


def headline(test, long_files, baseline):
    lines = []
    for name, v, base in (("windows of 2 s", test["windows"], baseline["test"]["all"]), ("files of 6 to 8 s", long_files["files"], baseline["test"]["file"])):
        lines.append([name, "%d + %d" % (v["bona_fide"], v["spoof"]), interval(v["eer"]), interval(v["auc"], 1, 3), interval(v["min_dcf"], 1, 3),
                      interval(v["act_dcf"], 1, 3), interval(v["cllr"], 1, 3), interval(v["accuracy"]),
                      " / ".join(percent(base[k]) for k in ("logistic", "boosted trees"))])
    table(["", "bona fide + spoof", "EER %", "AUC", "minDCF", "actDCF", "Cllr", "accuracy %", "baseline EER %"], lines)


def synthesisers(report, baseline, split):
    lines = []
    for row in rows(report, "synthesiser"):
        name, w, f = row["value"], row["windows"], row["files"]
        base = baseline[split].get(name)
        if base:
            lines.append([name, METHOD[name], str(w["spoof"]), interval(w["eer"]), interval(w["cllr"], 1, 3), interval(f["eer"]),
                          " / ".join(percent(base[k]) for k in ("logistic", "boosted trees"))])
    lines.sort(key=lambda r: (r[1], r[0]))
    table(["synthesiser", "method", "windows", "EER %", "Cllr", "EER % of files", "baseline EER %"], lines)


def speakers(report):
    table(["speaker", "windows", "EER %", "EER % of files"],
          [[r["value"], str(r["windows"]["bona_fide"]), interval(r["windows"]["eer"]), interval(r["files"]["eer"])] for r in rows(report, "speaker")])


def noises(report):
    table(["signal to noise", "windows", "EER %", "Cllr", "EER % of files"],
          [[r["value"], "%d + %d" % (r["windows"]["bona_fide"], r["windows"]["spoof"]), interval(r["windows"]["eer"]),
            interval(r["windows"]["cllr"], 1, 3), interval(r["files"]["eer"])] for r in rows(report, "noise")])


def main():
    folder = sys.argv[1]
    test, long_files, seen, baseline = (read(folder, n) for n in ("test", "long", "seen", "baseline"))
    headline(test, long_files, baseline)
    print("Synthesisers that training never saw:\n")
    synthesisers(test, baseline, "test")
    print("Synthesisers that training did see, copying or speaking for speakers that it did not:\n")
    synthesisers(seen, baseline, "test-seen")
    print("By how much noise the clip has:\n")
    noises(test)
    print("Speakers:\n")
    speakers(test)


if __name__ == "__main__":
    main()
