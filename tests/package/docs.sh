#!/usr/bin/env bash
# docs.sh - the documentation's commands run, as they stand, with the program as it is installed; what they are said to print they
# print; messages that are explained exist; links lead somewhere
. "$(dirname "$0")/../scan/lib.sh"
build=$3 cmake=$4
need python3 espeak-ng flite
source=$(realpath "$HERE/../..")
[ -d "$build/manual/man" ] || skip "the manual has not been built: build the target all"

python3 "$HERE/../package/troubleshooting.py" "$source" || fail "docs/troubleshooting.md"
python3 - "$source" <<'END' || fail "links"
import pathlib, re, sys
source = pathlib.Path(sys.argv[1])
bad = 0
for page in [source / "README.md", *source.glob("docs/*.md"), *source.glob("packaging/*.md")]:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text):
        if not (page.parent / target).exists():
            print(f"{page.relative_to(source)}: a link to {target}, which is not there")
            bad = 1
    for anchor in re.findall(r"\]\(#([^)]+)\)", text):
        if anchor not in [re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^#+ (.*)", text, re.M)]:
            print(f"{page.relative_to(source)}: no heading #{anchor}")
            bad = 1
sys.exit(bad)
END

status 0 "$cmake" --install "$build" --prefix "$PWD/prefix" --strip
export PATH=$PWD/prefix/bin:$PATH
unset VOXTRAWL_SITE
mkdir -p page/recordings page/more
espeak-ng -w page/recordings/hello-world.wav "Hello world, says a machine, and goes on for a while."
flite -voice slt -t "Another machine says something else altogether." -o page/recordings/other.wav
head -c 2000 page/recordings/other.wav >page/recordings/broken.wav
espeak-ng -w page/more/later.wav "This one came later."

# run PAGE: every box marked sh; the box behind it without a mark, if there is nothing between, is what it prints
run() {
    python3 - "$source/docs/$1" <<'END' >"$1.boxes" || fail "$1"
import re, sys
text = open(sys.argv[1], encoding="utf-8").read()
n = 0
for box in re.finditer(r"^( *)```sh\n(.*?)^ *```\n(?:\n *```\n(.*?)^ *```\n)?", text, re.M | re.S):
    n += 1
    name = f"{n:02d}"
    strip = lambda t: "".join(line[len(box[1]):] for line in t.splitlines(True))
    open(name + ".sh", "w").write("set -euo pipefail\n" + strip(box[2]))
    open(name + ".out", "w").write(strip(box[3]) if box[3] is not None else "")
    print(name)
sys.exit(n == 0)
END
    while read -r box; do
        (cd page && bash "../$box.sh") >printed 2>complaints || {
            cat "$box.sh" printed complaints >&2
            fail "docs/$1: a command fails"
        }
        [ ! -s "$box.out" ] || diff "$box.out" printed || fail "docs/$1: something else is printed"
    done <"$1.boxes"
}
for name in slurm.md first-scan.md reading-scores.md; do # the last asks the result of the one before it
    run $name
done
