#!/usr/bin/env bash
# train.sh - model/train: from labelled audio to a model that voxtrawl scores as transformers does, stopped and resumed between
TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$TESTS/../scan/lib.sh"
RECIPE=$(realpath "$TESTS/../../model/train")
PYTHON=${VX_TRAIN_PYTHON:-python3}
need "$PYTHON" sqlite3
"$PYTHON" -c 'import numpy, safetensors, torch, transformers' 2>import.err ||
    skip "$PYTHON: $(tail -n 1 import.err); install model/train/requirements.txt, or name another in VX_TRAIN_PYTHON"
export PYTHONPATH=$RECIPE PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1

train() { # STATUS OPTIONS...
    local expected=$1
    shift
    status "$expected" "$PYTHON" "$RECIPE/train.py" --threads 1 "$@"
}
check() { # WHAT ARGUMENTS...
    "$PYTHON" "$TESTS/check.py" "$@" || fail "check.py $*"
}
shape=(--size 32 --hop 1 --depths 1,1,2,1 --hidden-sizes 8,16,24,32 --batch 16 --epochs 2 --warmup 0.2)

check parts sound # makes 40 recordings of two windows, sound/real/ and sound/fake/

# labelled audio; a run that was stopped twice and resumed is the run that was not
train 0 sound -o whole --voxtrawl "$VOXTRAWL" "${shape[@]}"
equal "pictures" 80 "$(sed -n 's/^ *"n": \([0-9]*\),/\1/p' whole/pictures/0/pictures.json)"
equal "epochs" 3 "$(wc -l <whole/log.csv)"
train 0 whole/pictures/0 -o parts "${shape[@]}" --time-limit 1e-6
says "--resume goes on"
train 0 -o parts --resume --time-limit 1e-6
train 0 -o parts --resume
for f in model.safetensors config.json preprocessor_config.json profile.json; do
    cmp "whole/model/$f" "parts/model/$f" || fail "the resumed run made another $f"
done
mv parts/model parts/first
train 0 -o parts --export-only
cmp parts/first/model.safetensors parts/model/model.safetensors || fail "the same checkpoint exports otherwise"

# SIGTERM: a checkpoint, and the status of a program that it ended
"$PYTHON" "$RECIPE/train.py" --threads 1 whole/pictures/0 -o stopped "${shape[@]}" --epochs 100000 2>stopped.err &
for _ in $(seq 300); do
    [ -e stopped/checkpoint.pt ] && break
    sleep 0.1
done
kill -TERM $!
got=0
wait $! || got=$?
equal "status of a stopped run" 143 "$got"
grep -q "stopped at step [0-9]*; --resume goes on" stopped.err || fail "a stopped run does not say so"

# the model folder, as voxtrawl reads it: its own profile and processor, transformers' scores
status 0 "$VOXTRAWL" model whole/model
grep -q "the model's own" last.out || fail "the profile is not taken from the model's folder"
status 0 "$VOXTRAWL" scan --quiet --precision fp32 --model whole/model --hop 1 -o scan.db whole/pictures/0.csv
check scores whole/model whole/pictures/0 scan.db

# fine-tuning: a head of two known labels stays as it is, another becomes real and fake
check relabel whole/model other-head
train 0 whole/pictures/0 -o tuned --init whole/model --epochs 1 --batch 16 --freeze 1
check frozen whole/model tuned/model
train 0 whole/pictures/0 -o replaced --init other-head --epochs 0.2 --batch 16
status 0 "$VOXTRAWL" model replaced/model
grep -q 'label 1 *fake' last.out || fail "the new head has other labels"

# what is refused, and how
cp -r whole/pictures/0 broken && truncate -s -1 broken/pictures.u8
cp -r whole/pictures/0 unlabelled && sed -i 's/label/lable/' unlabelled/windows.csv
cp -r whole/pictures/0 mislabelled && sed -i '3s/,fake,/,perhaps,/' mislabelled/windows.csv
cp -r whole/pictures/0 otherwise && sed -i 's/"n_mels": *128/"n_mels": 64/' otherwise/pictures.json
check refusals
