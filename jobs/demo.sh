#!/usr/bin/env bash
# demo.sh [PATH...] - installs what is missing, builds, scans PATH (or a small corpus of its own) on all cores, and says
# what to do next. VOXTRAWL_MODEL=DIR scans with your own Hugging Face ConvNeXt instead of untrained weights.
set -euo pipefail

inputs=()
here=$PWD
for path in "$@"; do
    inputs+=("$(realpath -- "$path")")
done
model=${VOXTRAWL_MODEL:+$(realpath -- "$VOXTRAWL_MODEL")}
cd "$(dirname "$0")/.."
# shellcheck source=debian.sh
. jobs/debian.sh

corpus_packages=$VX_DEMO_PACKAGES
[ ${#inputs[@]} -eq 0 ] || corpus_packages=
# shellcheck disable=SC2086 # lists of words
need_packages $VX_BUILD_PACKAGES $corpus_packages

demo=build/demo
mkdir -p "$demo"
echo "Building ..." >&2
if ! { cmake --preset release && cmake --build --preset release --target voxtrawl; } >"$demo/build.log" 2>&1; then
    tail -n 30 "$demo/build.log" >&2
    exit 1
fi
voxtrawl=build/release/voxtrawl

# The same sentences three times: recorded prompts, and two synthesisers.
make_corpus() {
    local prompts=/usr/share/asterisk/sounds/en_US_f_Allison name text
    mkdir -p "$1/recorded" "$1/espeak-ng" "$1/flite"
    while IFS=$'\t' read -r name text; do
        cp "$prompts/$name.wav" "$1/recorded/$name.wav"
        [ -s "$1/espeak-ng/$name.wav" ] || espeak-ng -v en-us -w "$1/espeak-ng/$name.wav" "$text"
        [ -s "$1/flite/$name.wav" ] || flite -voice slt -t "$text" -o "$1/flite/$name.wav"
    done <jobs/demo-sentences.tsv
}

if [ ${#inputs[@]} -eq 0 ]; then
    make_corpus "$demo/corpus"
    inputs=("$demo/corpus")
fi
if [ -z "$model" ]; then
    model=$demo/untrained-tiny
    [ -s "$model/model.safetensors" ] || "$voxtrawl" model "$model" --generate tiny >/dev/null
fi

allow_mpi_as_root
ranks=$(nproc)
[ "$ranks" -le 4 ] || ranks=4 # each rank holds a copy of the weights; ranks share the cores among them
mpirun --bind-to none --oversubscribe -n "$ranks" "$voxtrawl" scan --overwrite -o "$demo/results.db" --model "$model" \
    "${inputs[@]}"

prefix= # for commands that can be pasted where the reader stands
[ "$PWD" = "$here" ] || printf -v prefix '%q/' "$PWD"
cat <<END

The database is $PWD/$demo/results.db; ask it anything, for example:

  $prefix$voxtrawl query $prefix$demo/results.db "SELECT verdict, count(*) AS files, round(avg(mean_fake), 3) AS mean_fake, model FROM files GROUP BY verdict, model"
END
if [ -z "${VOXTRAWL_MODEL:-}" ]; then
    echo
    echo "These scores come from an UNTRAINED model and mean nothing; docs/checkpoint.md tells how to use a trained one."
fi
