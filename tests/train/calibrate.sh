#!/usr/bin/env bash
# calibrate.sh - calibrate finds the front end that a model was trained with, of which nothing in its folder tells
TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$TESTS/../scan/lib.sh"
RECIPE=$(realpath "$TESTS/../../model/train")
PYTHON=${VX_TRAIN_PYTHON:-python3}
need "$PYTHON" flite sqlite3
"$PYTHON" -c 'import numpy, safetensors, torch, transformers' 2>import.err ||
    skip "$PYTHON: $(tail -n 1 import.err); install model/train/requirements.txt, or name another in VX_TRAIN_PYTHON"

# two voices against two others: enough to train on in seconds
words=(please enter your number followed by the pound key agent morning weather train station seven green river music tomorrow
    because nobody knows where they went after dinner in the old house near the sea)
mkdir train known new
for set in train known new; do
    echo "path,label,voice" >$set.csv
done
RANDOM=1
for i in $(seq 45); do
    sentence=
    for _ in 1 2 3 4 5 6 7 8 9; do
        sentence+="${words[RANDOM % ${#words[@]}]} "
    done
    for voice in awb slt rms kal16; do
        case $voice in awb | slt) label=real ;; *) label=fake ;; esac
        case $((i % 3)) in 0) set=known ;; 1) set=train ;; *) set=new ;; esac
        flite -voice $voice -t "$sentence" -o $set/$voice-$i.wav
        echo "$set/$voice-$i.wav,$label,$voice" >>$set.csv
    done
done
PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 status 0 "$PYTHON" "$RECIPE/train.py" --threads 1 train.csv -o out --voxtrawl "$VOXTRAWL" \
    --profile mel-22k-magma --size 64 --depths 1,1,2,1 --hidden-sizes 16,24,32,48 --batch 16 --epochs 15 --no-augment --select last \
    --lr 0.004
model=out/model
rm $model/profile.json

status 0 "$VOXTRAWL" calibrate --model $model --labels known.csv known.csv -o $model/profile.json
says "mel-16k-plain is left out" # it makes pictures of another size
cat last.out
grep -q "^mel-22k-magma .* in 5 of 5 folds, taken" last.out || fail "the front end of the training is not found"
# from then on the model knows it, and recordings that nobody labelled get their verdicts
status 0 "$VOXTRAWL" scan --model $model -o new.db new.csv
right=$(sql new.db "SELECT count(*) FROM items JOIN metadata USING (item) WHERE key = 'label' AND value = verdict")
[ "$right" -ge 54 ] || fail "$right of 60 new recordings are on their side"
sed 's/,real,/,x,/; s/,fake,/,real,/; s/,x,/,fake,/' known.csv >swapped.csv
status 2 "$VOXTRAWL" calibrate --model $model --profile mel-22k-magma --labels swapped.csv known.csv
says "point the wrong way"
echo "ok"
