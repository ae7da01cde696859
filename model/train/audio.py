"""Labelled audio becomes a folder of pictures, by voxtrawl itself.

Audio is a manifest (CSV or TSV as voxtrawl reads it, with columns path and label, better also speaker, synthesiser, split), or
a folder whose subfolders name the classes, real/ and fake/ say, perhaps below train/, dev/ and test/. The folders below a
class are taken for speakers.
"""
import csv
import os
import subprocess

from pictures import LABELS, SPLITS, Refused


def is_set(path):
    return os.path.exists(os.path.join(path, "pictures.json"))


def list_folder(root):
    """[(path, label, speaker, split)] of all files below folders named like a label"""
    rows = []
    for folder, subfolders, names in os.walk(root, followlinks=True):
        subfolders.sort()
        parts = os.path.relpath(folder, root).split(os.sep)
        split = parts.pop(0) if parts[0] in SPLITS else ""
        if not parts or parts[0].lower() not in LABELS:
            continue
        rows += [(os.path.abspath(os.path.join(folder, name)), parts[0].lower(), parts[1] if len(parts) > 1 else "", split)
                 for name in sorted(names) if not name.startswith(".")]
    if not rows:
        raise Refused(f"{root}: no pictures.json, and no subfolder named after a class; expected a folder of voxtrawl pictures, a "
                      f"manifest, or audio in subfolders such as real and fake (known names: {', '.join(LABELS)})")
    return rows


def manifest_of(root, path):
    with open(path, "w", newline="", encoding="utf-8", errors="surrogateescape") as f:
        w = csv.writer(f, lineterminator="\n")
        w.writerow(["path", "label", "speaker", "split"])
        w.writerows(list_folder(root))


def make(source, out, o):
    """Runs voxtrawl pictures over source; its progress goes where ours goes."""
    if os.path.isdir(source):
        manifest_of(source, out + ".csv")
        source = out + ".csv"
    command = [o.voxtrawl, "pictures", "-o", out, "--overwrite"]
    command += ["--model", o.init] if o.init and not o.size else ["--size", str(o.size or 128)]
    command += ["--profile", o.profile] if o.profile else []
    command += ["--hop", str(o.hop)] if o.hop else []
    try:
        done = subprocess.run([*command, source], stdin=subprocess.DEVNULL, check=False)
    except OSError as e:
        raise Refused(f"{o.voxtrawl}: {e.strerror}; give its path with --voxtrawl") from e
    if not is_set(out):
        raise Refused(f"{source}: voxtrawl pictures made nothing of it (exit status {done.returncode})")


def resolve(o, going_on):
    """The folders of pictures among what was given, and those made of the audio among it in OUT/pictures."""
    folders = []
    for i, given in enumerate(o.pictures):
        if not os.path.exists(given):
            raise Refused(f"{given}: there is no such file or folder")
        out = os.path.join(o.out, "pictures", str(i))
        if is_set(given):
            folders.append(given)
            continue
        if not (going_on and is_set(out)):
            os.makedirs(os.path.dirname(out), exist_ok=True)
            make(given, out, o)
        folders.append(out)
    return folders
