#!/usr/bin/env bash
# demo.sh [PATH...] - installs what is missing, builds, scans PATH (or a small corpus of its own) on all cores, and says
# what came out and what to do next. VOXTRAWL_MODEL=DIR scans with your own Hugging Face ConvNeXt instead of the shipped one.
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
# shellcheck source=demo-corpus.sh
. jobs/demo-corpus.sh

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

own_corpus=
if [ ${#inputs[@]} -eq 0 ]; then
    make_demo_corpus "$demo/corpus"
    inputs=("$demo/corpus/corpus.csv")
    own_corpus=yes
fi

prefix= # for commands that can be pasted where the reader stands
[ "$PWD" = "$here" ] || printf -v prefix '%q/' "$PWD"

allow_mpi_as_root
ranks=$(nproc)
[ "$ranks" -le 4 ] || ranks=4 # each rank holds a copy of the weights; ranks share the cores among them
mpirun --bind-to none --oversubscribe -n "$ranks" "$voxtrawl" scan --overwrite -o "$demo/results.db" \
    ${model:+--model "$model"} "${inputs[@]}" || [ $? -eq 3 ] # some items failed: it has said so

query() { # SQL
    "$voxtrawl" query --format table "$demo/results.db" "$1"
}
sources="FROM items JOIN metadata AS source ON source.item = items.item AND source.key = 'source'
    JOIN metadata AS label ON label.item = items.item AND label.key = 'label'"
if [ -n "$own_corpus" ]; then
    echo
    echo "Verdicts by where the speech is from:"
    query "SELECT source.value AS source, label.value AS truth, count(*) AS files, sum(verdict = 'real') AS real,
        sum(verdict = 'uncertain') AS uncertain, sum(verdict = 'fake') AS fake, round(avg(mean_fake), 3) AS mean_fake
        $sources GROUP BY 1, 2 ORDER BY 2 DESC, 1"
    echo
    echo "Misjudged (real speech called fake, or fake called real), the worst first:"
    query "SELECT source.value AS source, replace(path, rtrim(path, replace(path, '/', '')), '') AS file, verdict,
        round(mean_fake, 3) AS mean_fake, n_scored AS windows $sources
        WHERE verdict IN ('real', 'fake') AND verdict <> label.value
        ORDER BY abs(mean_fake - (label.value = 'fake')) DESC"
    echo
    echo "Measured: $prefix$voxtrawl eval $prefix$demo/results.db --labels $prefix$demo/corpus/corpus.csv"
    echo
    "$voxtrawl" eval "$demo/results.db" --labels "$demo/corpus/corpus.csv"
fi

cat <<END

The database is $PWD/$demo/results.db; ask it anything, for example:

  $prefix$voxtrawl query $prefix$demo/results.db "SELECT verdict, count(*) AS files, round(avg(mean_fake), 3) AS mean_fake FROM files GROUP BY verdict"
END
