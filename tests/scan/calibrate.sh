#!/usr/bin/env bash
# calibrate.sh - labelled speech gives a profile that scan takes; the same work gives the same profile; what makes no sense is refused
. "$(dirname "$0")/lib.sh"
need espeak-ng flite sqlite3

make_model model
mkdir -p speech/espeak speech/flite
echo "path,label,speaker" >labels.csv
for i in 0 1 2 3 4 5 6 7 8 9; do
    espeak-ng -w speech/espeak/e$i.wav "Number $i, please."
    flite -voice slt -t "Number $i, please." -o speech/flite/f$i.wav
    echo "espeak/e$i.wav,Bona-Fide,s$((i / 2))" >>labels.csv
    echo "f$i,FAKE,s$((i / 2))" >>labels.csv
done
espeak-ng -w speech/other.wav "Nobody knows what I am."
# the network is random: which side it puts higher is chance, and the labels are taken as it has them
sides=(--profile mel-native-imagenet --model model --threads 2)
"$VOXTRAWL" calibrate --labels labels.csv "${sides[@]}" speech >/dev/null 2>&1 || sides+=(--fake-label real --real-label fake)
status 0 "$VOXTRAWL" calibrate --labels labels.csv "${sides[@]}" speech -o one.json
says "20 of 21 inputs have a label, 20 of 20 rows an input"
says "other.wav"
says "UNTRAINED"
says "1 % of them is less than one"
cp last.out report
grep -q "^mel-native-imagenet .* 20 .* in 5 of 5 folds, taken" report || fail "the report does not show what was taken"
grep -q "^bona fide" report || fail "the report shows no held-out verdicts"
# the same again, with other batches and threads; another file name for the labels is written down
status 0 "$VOXTRAWL" calibrate --labels labels.csv "${sides[@]}" --batch 3 --threads 1 speech -o two.json
cmp one.json two.json || fail "the same work gave another profile"
cmp report last.out || fail "the same work gave another report"
status 2 "$VOXTRAWL" calibrate --labels labels.csv "${sides[@]}" speech -o one.json
says "one.json exists"
cp labels.csv renamed.csv
status 0 "$VOXTRAWL" calibrate --labels renamed.csv "${sides[@]}" speech -o one.json --overwrite
cmp -s one.json two.json && fail "the profile does not name the labels it was calibrated on"
grep -q '"calibrated_on": "20 files (10 bona fide), [0-9]* windows, renamed.csv"' one.json || fail "calibrated_on: $(cat one.json)"

grep -q '"measured": {' one.json || fail "the profile does not say what it was measured on"

# scan takes it, finds nothing in these recordings outside of what it measured, and the verdict changes where the profile says
status 0 "$VOXTRAWL" scan "${sides[@]}" --profile one.json -o r.db speech
for verdict in fake real; do # the network tells nine in ten apart
    [ "$(sql r.db "SELECT count(*) FROM items WHERE verdict = '$verdict'")" -ge 5 ] || fail "a calibrated scan finds hardly any $verdict"
done
status 0 "$VOXTRAWL" eval r.db --labels renamed.csv
grep -q "calibrated on 20 files" last.out || fail "eval does not know of the calibration"
equal "recordings unlike themselves" 0 "$(sql r.db "SELECT count(*) FROM items WHERE outside > 0 AND path NOT LIKE '%other%'")"
from=$(sed -n 's/^  "fake_from": \([0-9.e-]*\),*$/\1/p' one.json)
[ -n "$from" ] || fail "no fake_from in the profile"
equal "verdicts fake" "$(sql r.db "SELECT count(*) FROM items WHERE mean_fake >= $from")" \
    "$(sql r.db "SELECT count(*) FROM items WHERE verdict = 'fake'")"
# the scores of a scan do as well as scoring again, whatever calibration they were made with
status 0 "$VOXTRAWL" calibrate --labels renamed.csv --from r.db -o from.json
cmp one.json from.json || fail "calibrate --from a result gave another profile"
status 2 "$VOXTRAWL" calibrate --labels renamed.csv --from r.db --from r.db
says "results of one profile"
status 2 "$VOXTRAWL" calibrate --labels renamed.csv --from r.db speech
says "leave out INPUTs"
status 2 "$VOXTRAWL" calibrate --labels renamed.csv --from one.json
says "one.json"
# its own profile beside the model is tried with those built in
cp -r model own && cp one.json own/profile.json
status 0 "$VOXTRAWL" calibrate --labels labels.csv --model own "${sides[@]:4}" --cluster speaker speech
equal "profiles tried" 6 "$(grep -c ' of 5 folds' last.out)"
says "no profile is written"

# refused, before anything is scored
refused() { # TEXT OPTION...
    local text=$1
    shift
    status 2 "$VOXTRAWL" calibrate "${sides[@]}" "$@" -o never.json
    says "$text"
    [ ! -e never.json ] || fail "a profile was written: $*"
}
refused "usage: voxtrawl calibrate" speech
refused "usage: voxtrawl calibrate" --labels labels.csv
refused "--folds" --labels labels.csv --folds 1 speech
refused "6 folds need as many clusters of each side, of column speaker: 5 have" --labels labels.csv --cluster speaker --folds 6 speech
refused "--cluster microphone: neither" --labels labels.csv --cluster microphone speech
refused "no recording or picture found" --labels labels.csv model
refused "at least 10 of each are needed" --labels labels.csv speech/espeak
refused "no label format" --labels labels.csv --labels-format wav speech
mkdir -p others && cp speech/other.wav others
refused "none of 1 inputs has a label" --labels labels.csv others
mkdir -p twin/x && cp speech/espeak/e1.wav twin && cp speech/espeak/e1.wav twin/x/f1.wav
printf 'path,label\na/e1.wav,real\nb/e1.wav,fake\n' >ambiguous.csv
refused "ambiguous" --labels ambiguous.csv twin
status 1 "$VOXTRAWL" calibrate --labels nowhere.csv "${sides[@]}" speech
says "nowhere.csv"
sed 's/FAKE/perhaps/' labels.csv >perhaps.csv
status 1 "$VOXTRAWL" calibrate --labels perhaps.csv "${sides[@]}" speech
says "perhaps.csv, line 3: column label is \"perhaps\""

# sides swapped: said, not fitted round
sed 's/FAKE/x/; s/Bona-Fide/spoof/; s/,x,/,real,/' labels.csv >swapped.csv
refused "point the wrong way" --labels swapped.csv speech
# one broken recording costs itself
head -c 2000 /dev/urandom >speech/espeak/e0.wav
refused "9 bona fide and 10 spoofed" --labels labels.csv speech
says "e0.wav"

# pictures: only the calibration
cp "$HERE/picture.png" speech/f3.png
refused "recordings and pictures mix" --labels labels.csv speech
mkdir pictures
for i in 0 1 2 3 4 5 6 7 8 9; do
    cp "$HERE/picture.png" "pictures/e$i.png"
    cp "$HERE/picture.jpg" "pictures/f$i.jpg"
done
refused "pictures skip the front end" --labels labels.csv --profile mel-16k-plain pictures
"$VOXTRAWL" calibrate --labels labels.csv --model model pictures -o pictures.json >last.out 2>last.err ||
    status 0 "$VOXTRAWL" calibrate --labels labels.csv --model model --fake-label real --real-label fake pictures -o pictures.json
grep -q '"calibrated_on": "20 files (10 bona fide), 20 windows, labels.csv"' pictures.json || fail "pictures are not calibrated"
echo "ok"
