#!/usr/bin/env bash
# evaluate.sh CORPUS [OUT [MODEL]] - the figures of the model card: scans the corpus's test clips with the shipped model (or MODEL)
# and measures them; JSON, tables and charts go to OUT (default: CORPUS/evaluation). $VOXTRAWL is the program, $PYTHON the
# Python that model/train/requirements.txt is installed in, $PER_RANK the command a scan is begun with, mpirun say.
set -euo pipefail

recipe=$(cd "$(dirname "$0")" && pwd)
corpus=${1:?usage: evaluate.sh CORPUS [OUT [MODEL]]}
out=${2:-$corpus/evaluation}
model=${3:-$recipe/../default}
voxtrawl=${VOXTRAWL:-$recipe/../../build/release/voxtrawl}
mkdir -p "$out"

[ -s "$out/baseline.json" ] || "${PYTHON:-python3}" "$recipe/corpus/baseline.py" "$corpus" -o "$out/baseline.json" >&2
"$voxtrawl" scan --quiet --overwrite --model "$model" -o "$out/scores.db" "$corpus/test.csv" "$corpus/test-seen.csv" >&2

measure() { # NAME OPTIONS...
    local name=$1
    shift
    "$voxtrawl" eval "$out/scores.db" --labels "$corpus/all.csv" --cluster speaker "$@" >"$out/$name.txt"
    "$voxtrawl" eval "$out/scores.db" --labels "$corpus/all.csv" --cluster speaker "$@" --format json >"$out/$name.json"
}
# speakers and synthesisers that training never saw: the headline
measure test --where split=test --by synthesiser --by method --by speaker --by band --plot "$out/charts"
measure long --where split=test --min-seconds 6 --by method
# speakers that training never saw, synthesisers that it did
measure seen --where split=test-seen --where split=test --by synthesiser
cat "$out/test.txt"
"${PYTHON:-python3}" "$recipe/card.py" "$out"
