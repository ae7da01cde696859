#!/usr/bin/env bash
# run.sh [TABLE...] - prints the tables of docs/scaling.md: makespan rate memory ranks listing resume; all of them unless told
# Needs a built tree (VX_BUILD, build/release) and, for `listing`, room for a million empty files under TMPDIR, which it removes.
#   VX_ITEMS   files of `listing`, items of `resume` (1000000), which lists ten times as many too
#   VX_RANKS   numbers of ranks of `ranks` ("1 2 4 8 16 32 64")
#   VX_BEFORE  a command in front of each that is timed, nice say
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$(realpath "${VX_BUILD:-$here/../../build/release}")
items=${VX_ITEMS:-1000000}
scratch=$(mktemp -d)
trap 'cd /; rm -rf "$scratch"' EXIT

timed() { ${VX_BEFORE:-} "$@"; }

# Recordings of 2 s which are links to a few, so that they cost no disk; more ranks than processors share them.
ranks() {
    # shellcheck source=../scan/lib.sh
    (. "$here/../scan/lib.sh" "$build/tests/fault/voxtrawl_fake" "$scratch/ranks"
        make_model model
        mkdir some corpus
        make_noise one.wav 2000
        for i in $(seq 1 100); do cp one.wav "some/$i.wav"; done
        for i in $(seq 1 50); do cp -rl some "corpus/$i"; done
        echo "5,000 recordings of 2 s, an engine that costs nothing, $(nproc) processors; best of 3"
        printf '%8s%12s%12s\n' ranks items/s seconds
        for n in ${VX_RANKS:-1 2 4 8 16 32 64}; do
            best=999
            for _ in 1 2 3; do
                timed mpirun --bind-to none --oversubscribe -n "$n" "$VOXTRAWL" scan --model model -o "out$n.db" --overwrite --fresh \
                    --threads 1 corpus >out 2>err || { cat err >&2; exit 1; }
                seconds=$(sed -n 's/^[0-9,]* items in \([0-9.]*\) s:.*/\1/p' out err)
                best=$(echo "$seconds $best" | awk '{print $1 < $2 ? $1 : $2}')
            done
            awk -v n="$n" -v s="$best" 'BEGIN {printf "%8d%12.0f%12.1f\n", n, 5000 / s, s}'
        done)
}

listing() {
    local dir=$scratch/archive list="$build/tests/scale/listing"
    mkdir "$dir"
    "$list" make "$dir" "$items"
    mkdir "$scratch/tree"
    mv "$dir"/[0-9]* "$scratch/tree/"
    mv "$scratch/tree" "$dir/tree"
    sed -i "s|^$dir/|$dir/tree/|" "$dir/manifest.csv"
    { head -1 "$dir/manifest.csv"; tail -n +2 "$dir/manifest.csv" | shuf --random-source=<(yes); } >"$dir/shuffled.csv"
    for input in tree manifest.csv shuffled.csv; do
        echo "$input:"
        "$list" corpus "$dir/$input" >/dev/null # its names are in memory from here on
        timed "$list" corpus "$dir/$input"
        timed "$list" part 1/16 "$dir/$input"
        timed "$list" list "$scratch/items.db" "$dir/$input"
        timed "$list" list "$scratch/items.db" "$dir/$input"
        rm "$scratch/items.db"
    done
}

resume() {
    mkdir "$scratch/run"
    timed "$build/tests/scale/listing" resume "$scratch/run" "$items"
    rm "$scratch/run/"*
    "$build/tests/scale/listing" items "$scratch/run/items.db" $((10 * items))
    rm -r "$scratch/run"
}

[ $# -gt 0 ] || set -- makespan rate memory ranks listing resume
for table; do
    case $table in
    makespan | rate | memory) timed "$build/tests/scale/simulate" "$table" ;;
    ranks | listing | resume) "$table" ;;
    *) echo "run.sh: no table $table" >&2; exit 2 ;;
    esac
    echo
done
