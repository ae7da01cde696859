#!/usr/bin/env bash
# looks.sh - inspect and bench on what they are not made for, and models of unusual shapes
. "$(dirname "$0")/lib.sh"
need sqlite3 tar

make_speech corpus
make_model model
inspect() { # STATUS FILE...
    local expected=$1
    shift
    rm -f out.png
    status "$expected" "$VOXTRAWL" inspect -o out.png --model model "$@"
    [ "$expected" -eq 0 ] || [ ! -e out.png ] || fail "inspect failed and left a picture"
}
bench() {
    local expected=$1
    shift
    status "$expected" "$VOXTRAWL" bench --model model --seconds 0.01 --rounds 1 --batch 1 "$@"
}
once() { # TEXT: last.err is one line and holds the text once
    equal "lines" 1 "$(grep -vc "decoders run without sandbox" last.err)" # which a sanitizer's build says
    equal "times \"$1\" is said" 1 "$(grep -oF -- "$1" last.err | wc -l)"
}

# what is no recording
tar -cf some.tar corpus
ls corpus >list.txt
: >empty.wav
for command in inspect bench; do
    $command 2 some.tar && once some.tar && says "an archive"
    $command 2 list.txt && once list.txt && says "a list of files"
    $command 2 corpus && once corpus && says "directory"
    $command 1 nowhere.wav && once nowhere.wav
    $command 1 empty.wav && once empty.wav && says "empty"
done
bench 2 "$HERE/picture.png"
says "a picture"
inspect 2 corpus/a/one.wav corpus/b/three.wav

# silence, too little sound, a picture
make_noise short.wav 1000
make_noise cut.wav 100
inspect 0 cut.wav
grep -qP '^0\t0\.000\t\t' last.out || fail "a tenth of a second has a score"
{ head -c 44 short.wav && head -c 16000 /dev/zero; } >silent.wav
inspect 0 silent.wav
grep -qP '^0\t0\.000\t\t' last.out || fail "silence has a score"
bench 0 silent.wav
inspect 0 "$HERE/picture.png"
inspect 0 corpus/a/two.WAV --window 0.2 --max-windows 3
equal "windows" 4 "$(wc -l <last.out)"

# -o spares the input and what is no picture
cp corpus/a/one.wav mine.wav
for out in mine.wav ./mine.wav corpus/a/two.WAV corpus; do
    status 2 "$VOXTRAWL" inspect mine.wav -o $out --model model
done
cmp mine.wav corpus/a/one.wav || fail "inspect wrote over its input"
status 0 "$VOXTRAWL" inspect mine.wav -o again.png --model model
status 0 "$VOXTRAWL" inspect mine.wav -o again.png --model model

# labels that say nothing: bench does not care, the others ask
cp -r model words && sed -i 's/"real"/"LABEL_0"/g; s/"fake"/"LABEL_1"/g' words/config.json
status 2 "$VOXTRAWL" scan --model words -o r.db corpus
says "--real-label"
status 2 "$VOXTRAWL" inspect mine.wav -o w.png --model words
status 0 "$VOXTRAWL" bench --model words --seconds 0.01 --rounds 1 --batch 1
status 0 "$VOXTRAWL" scan --model words -o words.db --quiet --fake-label LABEL_1 --real-label 0 corpus
status 0 "$VOXTRAWL" scan --model model -o model.db --quiet corpus
diff <(scores words.db) <(scores model.db) || fail "scores depend on what labels are called"
status 2 "$VOXTRAWL" merge -o both.db words.db model.db

# another input size, and a profile whose pictures do not fit it: said before the scan begins
cp -r model small && sed -i 's/224/96/' small/config.json small/preprocessor_config.json
status 0 "$VOXTRAWL" scan --model small -o small.db --quiet corpus
equal "items" 6 "$(sql small.db 'SELECT count(*) FROM items WHERE status = "scored"')"
status 2 "$VOXTRAWL" scan --model small -o r.db --profile mel-16k-plain corpus
says "224x224 pixels and uses no image processor, but the network takes 96x96"
[ ! -e r.db ] && [ ! -e r.db.work ] || fail "a scan that could not begin left something behind"
echo "ok"
