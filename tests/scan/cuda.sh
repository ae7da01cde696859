#!/usr/bin/env bash
# cuda.sh - the program with the CUDA engine where there is no GPU: it says so, takes the CPU, and scores as the program without CUDA does
. "$(dirname "$0")/lib.sh"
need sqlite3

export CUDA_VISIBLE_DEVICES= # a GPU that is there is not asked
no_gpu() { # last.err tells why there is no CUDA engine
    grep -qE "$1(no NVIDIA driver on this machine|no GPU visible \(CUDA_VISIBLE_DEVICES=\))" last.err || {
        cat last.err >&2
        fail "stderr does not say why there is no GPU"
    }
}

status 0 "$VOXTRAWL" --version
grep -qE '^ +engines +cuda \(CUDA [0-9]+\.[0-9]+\) cpu$' last.out || fail "--version does not name both engines: $(cat last.out)"

make_model model
mkdir corpus
make_noise corpus/long.wav 5200
make_noise corpus/short.wav 900

status 0 "$VOXTRAWL" scan --model model -o auto.db corpus
no_gpu "no cuda engine: "
says "engine   cpu: "
cpu=$HERE/../../build/release/voxtrawl
[ -x "$cpu" ] || cpu=$VOXTRAWL
status 0 "$cpu" scan --model model --device cpu -o cpu.db --quiet corpus
scores auto.db >auto.scores
scores cpu.db >cpu.scores
[ "$(wc -l <auto.scores)" -ge 3 ] || fail "only $(wc -l <auto.scores) windows"
cmp auto.scores cpu.scores || fail "scores differ from those of $cpu"

status 1 "$VOXTRAWL" scan --model model --device cuda -o none.db corpus
no_gpu ""
[ ! -e none.db ] || fail "a result without an engine"
status 1 "$VOXTRAWL" scan --model model --device cpu --precision fp16 -o none.db corpus
says "fp16 is for GPUs"
status 1 "$VOXTRAWL" scan --model model --precision fp16 -o none.db corpus
no_gpu "no cuda engine: "
status 2 "$VOXTRAWL" scan --model model --precision int4 -o none.db corpus
says "expected auto, fp32, bf16 or fp16"

status 0 "$VOXTRAWL" bench --model model --seconds 0.01 --rounds 1 --batch 1
no_gpu "no cuda engine: "
