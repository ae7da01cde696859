#!/usr/bin/env bash
# evaluate.sh CORPUS [OUT [MODEL]] - the figures of the model card: scans the corpus's test clips with the shipped model (or MODEL)
# and measures them; JSON, the report and charts go to OUT (default: CORPUS/evaluation). $VOXTRAWL is the program, $PYTHON the
# Python that model/train/corpus/requirements.txt is installed in.
set -euo pipefail

recipe=$(cd "$(dirname "$0")" && pwd)
corpus=${1:?usage: evaluate.sh CORPUS [OUT [MODEL]]}
out=${2:-$corpus/evaluation}
model=${3:-$recipe/../default}
voxtrawl=${VOXTRAWL:-$recipe/../../build/release/voxtrawl}
mkdir -p "$out"

[ -s "$out/baseline.json" ] || "${PYTHON:-python3}" "$recipe/corpus/baseline.py" "$corpus" -o "$out/baseline.json" >&2
"$voxtrawl" scan --quiet --overwrite --model "$model" -o "$out/scores.db" "$corpus/test.csv" "$corpus/test-seen.csv" >&2

measure() { # OPTIONS...
    "$voxtrawl" eval "$out/scores.db" --labels "$corpus/all.csv" --cluster speaker "$@"
}
# speakers and synthesisers that training never saw: the headline
test=(--where split=test --by synthesiser --by method --by speaker --by band --by noise)
measure "${test[@]}" --format json >"$out/test.json"
measure "${test[@]}" --plot "$out/charts" | tee "$out/test.txt"
measure --where split=test --min-seconds 6 --by method --format json >"$out/long.json"
# speakers that training never saw, synthesisers that it did
measure --where split=test-seen --where split=test --by synthesiser --format json >"$out/seen.json"
"${PYTHON:-python3}" "$recipe/card.py" "$out"
