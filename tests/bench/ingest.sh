#!/usr/bin/env bash
# ingest.sh [FOLDER] - the figures of docs/ingest.md, measured again; the corpora are made in FOLDER (default build/bench/ingest, 150 MB) unless
# they are there. $BUILD: the build to measure (default build/release), with its tests.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(realpath "${BUILD:-$root/build/release}")
work=${1:-$root/build/bench/ingest}
export VOXTRAWL_FFMPEG=off
for program in ffmpeg python3; do
    command -v "$program" >/dev/null || { echo "$program is not installed" >&2 && exit 2; }
done
mkdir -p "$work"
cd "$work"

make_hour() { # the recorded prompts, one after the other and again until there is an hour of them, with a little noise
    find /usr/share/asterisk/sounds/ -path '*en*' -name '*.wav' -size +8k | sort | sed "s/.*/file '&'/" >prompts.txt
    [ -s prompts.txt ] || { echo "the recorded prompts of asterisk-core-sounds-en-wav are not installed" >&2 && exit 2; }
    ffmpeg -v error -stream_loop -1 -f concat -safe 0 -i prompts.txt -f lavfi -i anoisesrc=r=16000:a=0.003:seed=1 \
        -filter_complex '[0]aresample=16000[v];[v][1]amix=inputs=2:normalize=0' -t 3600 -ac 1 -c:a flac -sample_fmt s16 -y hour.part.flac
    mv hour.part.flac hour.flac
}
make_short() { # 4,000 pieces of 1 to 7 s
    rm -rf pieces && mkdir pieces
    local ends
    ends=$(python3 -c '
import random
random.seed(1)
at = 0.0
for _ in range(4001):
    at += random.uniform(1, 7)
    print(f"{at:.3f}", end=" ")')
    # shellcheck disable=SC2086 # a list of words
    set -- $ends
    ffmpeg -v error -stream_loop -1 -i hour.flac -t "${!#}" -c:a flac -f segment -segment_times "$(tr ' ' , <<<"${*:1:$#-1}")" pieces/%04d.flac
    rm pieces/4000.flac # the last one's header has the length of them all
    mv pieces short
}
[ -e hour.flac ] || make_hour
for n in 4 24; do
    mkdir -p "l$n"
    for ((i = 0; i < n; i++)); do
        ln -f hour.flac "l$n/$i.flac"
    done
done
[ -e short ] || make_short
cat hour.flac short/* >/dev/null # into the page cache
echo "hour.flac: $(du -m hour.flac | cut -f1) MB; short: $(find short -type f | wc -l) files"

echo "== one core (bench_decode)"
for _ in 1 2 3; do
    "$build/tests/unit/io/bench_decode" 16000 hour.flac
done
echo "== two at a time"
"$build/tests/unit/io/bench_decode" 16000 hour.flac &
"$build/tests/unit/io/bench_decode" 16000 hour.flac
wait

"$build/voxtrawl" model atto --generate atto >/dev/null 2>&1 || true
length() { # of the recordings in o.db, seconds
    python3 -c 'import sqlite3; print(sqlite3.connect("o.db").execute("SELECT sum(duration_s) FROM items").fetchone()[0])'
}
seconds() { # command...: its wall time; the best of three
    python3 - "$@" <<'PY'
import subprocess, sys, time
best = 1e9
for _ in range(3):
    start = time.monotonic()
    subprocess.run(sys.argv[1:], check=True, stderr=open("last.err", "w"))
    best = min(best, time.monotonic() - start)
print(f"{best:.3f}")
PY
}
echo "== a whole scan, with an engine that costs nothing, two decoders"
for in in processes threads; do
    scan=(env VX_FAKE_BLIND=1 "$build/tests/fault/voxtrawl_fake" scan --model atto --overwrite -o o.db --decoders 2 --decode-in "$in")
    four=$(seconds "${scan[@]}" l4) all=$(seconds "${scan[@]}" l24) short=$(seconds "${scan[@]}" short)
    python3 -c "print('$in: 20 of 24 hours', round(72000 / ($all - $four)), 'times real time; short', round($(length) / $short))"
done
echo "== with engines"
for model in "" tiny; do
    [ -z "$model" ] || [ -e tiny ] || "$build/voxtrawl" model tiny --generate tiny >/dev/null 2>&1
    corpora=(short l4)
    [ -z "$model" ] || { mkdir -p some && cp -lf short/0[0-3]*.flac some/ && corpora=(some); }
    for corpus in "${corpora[@]}"; do
        for _ in 1 2 3; do
            "$build/voxtrawl" scan ${model:+--model "$model"} --overwrite -o o.db "$corpus" 2>last.err
            echo "${model:-shipped} $corpus: $(grep -E 'windows/s|a second' last.err | tail -n 1 | tr -s ' '); $(grep waiting last.err | tr -s ' ')"
        done
    done
done
