#!/usr/bin/env bash
# demo.sh [PATH...] - scans PATH (or a small corpus of its own) on all cores, and says what came out and what to do next.
# In the source folder it installs what is missing and builds first, and writes to build/demo; as PREFIX/share/voxtrawl/demo.sh it
# takes the installed program, and writes to voxtrawl-demo where it is started. VOXTRAWL_MODEL=DIR scans with your own Hugging
# Face ConvNeXt instead of the shipped one.
set -euo pipefail

inputs=()
here=$PWD
place=$(dirname "$(realpath -- "$0")")
for path in "$@"; do
    inputs+=("$(realpath -- "$path")")
done
model=${VOXTRAWL_MODEL:+$(realpath -- "$VOXTRAWL_MODEL")}
# shellcheck source=debian.sh
. "$place/debian.sh"
# shellcheck source=demo-corpus.sh
. "$place/demo-corpus.sh"

own_corpus="" packages=""
if [ ${#inputs[@]} -eq 0 ]; then
    own_corpus=yes packages=$VX_DEMO_PACKAGES
fi
if [ -e "$place/../CMakeLists.txt" ]; then
    cd "$place/.."
    demo=build/demo voxtrawl=build/release/voxtrawl
    # shellcheck disable=SC2086 # lists of words
    need_packages $VX_BUILD_PACKAGES $packages
    mkdir -p "$demo"
    echo "Building ..." >&2
    if ! { cmake --preset release && cmake --build --preset release --target voxtrawl; } >"$demo/build.log" 2>&1; then
        tail -n 30 "$demo/build.log" >&2
        exit 1
    fi
else
    demo=voxtrawl-demo voxtrawl=$(realpath -- "$place/../../bin/voxtrawl")
    # shellcheck disable=SC2086
    need_packages $packages
    mkdir -p "$demo"
    [ "$(command -v voxtrawl)" != "$voxtrawl" ] || voxtrawl=voxtrawl
fi
if [ -n "$own_corpus" ]; then
    make_demo_corpus "$demo/corpus"
    inputs=("$demo/corpus/corpus.csv")
fi

prefix= # for commands that can be pasted where the reader stands
[ "$PWD" = "$here" ] || printf -v prefix '%q/' "$PWD"
shown=$voxtrawl
[[ $voxtrawl != build/* ]] || shown=$prefix$voxtrawl

allow_mpi_as_root
ranks=$(nproc)
[ "$ranks" -le 4 ] || ranks=4 # each rank holds a copy of the weights; ranks share the cores among them
launch=(mpirun --bind-to none --oversubscribe -n "$ranks")
command -v mpirun >/dev/null || launch=() # one rank with threads then
"${launch[@]}" "$voxtrawl" scan --overwrite -o "$demo/results.db" \
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
    misjudged="verdict IN ('real', 'fake') AND verdict <> label.value"
    if [ "$("$voxtrawl" query --format tsv "$demo/results.db" "SELECT count(*) $sources WHERE $misjudged" | tail -n 1)" -gt 0 ]; then
        echo "Misjudged (real speech called fake, or fake called real), the worst first:"
        query "SELECT source.value AS source, replace(path, rtrim(path, replace(path, '/', '')), '') AS file, verdict,
            round(mean_fake, 3) AS mean_fake, n_scored AS windows $sources WHERE $misjudged
            ORDER BY abs(mean_fake - (label.value = 'fake')) DESC"
    else
        echo "None was misjudged (real speech called fake, or fake called real)."
    fi
    echo
    echo "Measured: $shown eval $prefix$demo/results.db --labels $prefix$demo/corpus/corpus.csv"
    echo
    "$voxtrawl" eval "$demo/results.db" --labels "$demo/corpus/corpus.csv"
fi

cat <<END

The database is $PWD/$demo/results.db; ask it anything, for example:

  $shown report $prefix$demo/results.db --listen 20 -o report.html
  $shown query $prefix$demo/results.db "SELECT verdict, count(*) AS files, round(avg(mean_fake), 3) AS mean_fake FROM files GROUP BY verdict"
END
