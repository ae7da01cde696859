#!/usr/bin/env bash
# pictures.sh - what voxtrawl pictures writes is what a scan shows the network, in one order, complete or not at all
. "$(dirname "$0")/lib.sh"
need sqlite3 tar

make_speech corpus
make_noise short.wav 1000
make_noise cut.wav 100
{ head -c 44 short.wav && head -c 16000 /dev/zero; } >silent.wav
make_model model 224 # what most profiles and models are made for
pictures() { # STATUS OPTIONS...
    local expected=$1
    shift
    status "$expected" "$VOXTRAWL" pictures "$@"
}
member() { # FILE KEY: a whole number or a word
    sed -n "s/^ *\"$2\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" "$1/pictures.json"
}

# the windows that scan scores, and only they
status 0 "$VOXTRAWL" scan --quiet --model model -o r.db --hop 0.7 corpus cut.wav silent.wav
pictures 0 --quiet --model model -o set --hop 0.7 corpus cut.wav silent.wav
sql r.db "SELECT path || ',,' || idx || ',' || start_ms FROM windows JOIN items USING (item) WHERE logit_real IS NOT NULL
    ORDER BY item, idx" >expected
tail -n +2 set/windows.csv | cut -d, -f2- >got
diff expected got || fail "other windows than scan's"
equal "header" "index,path,member,window,start_ms" "$(head -n 1 set/windows.csv)"
n=$(wc -l <expected)
equal "numbers" "$(seq 0 $((n - 1)))" "$(tail -n +2 set/windows.csv | cut -d, -f1)"
equal "n" "$n" "$(member set n)"
equal "size" 224 "$(member set size)"
equal "channels" 1 "$(member set channels)"
equal "hop" 0.7 "$(member set hop)"
equal "bytes" $((n * 224 * 224)) "$(stat -c %s set/pictures.u8)"
equal "digest" "$(sha256sum <set/pictures.u8 | cut -d' ' -f1)" "$(member set sha256)"
equal "files" "pictures.json pictures.u8 windows.csv" "$(ls set | xargs)"

# any number of threads, from an archive, without the weights
for threads in 1 2 7; do
    pictures 0 --quiet --model model -o set --hop 0.7 --threads $threads --overwrite corpus cut.wav silent.wav
    equal "digest with $threads threads" "$(member set sha256)" "$(sha256sum <set/pictures.u8 | cut -d' ' -f1)"
    tail -n +2 set/windows.csv | cut -d, -f2- | diff expected - || fail "another order with $threads threads"
done
tar --sort=name -cf corpus.tar corpus
cp -r model bare && rm bare/model.safetensors
pictures 0 --quiet --model bare -o packed --hop 0.7 corpus.tar
cmp set/pictures.u8 packed/pictures.u8 || fail "other pictures from an archive"
cut -d, -f3 packed/windows.csv | grep -q '^corpus/b/deeper/four.flac$' || fail "members are not named"

# a picture's score is its window's score, to the last bit, where the processor leaves pictures as they are
cp -r model plain
sed -i 's/"do_resize": true/"do_resize": false/; s/"image_mean": .*/"image_mean": [0, 0, 0],/; s/"image_std": .*/"image_std": [1, 1, 1],/' \
    plain/preprocessor_config.json
status 0 "$VOXTRAWL" scan --quiet --model plain -p mel-16k-plain -o sound.db corpus
pictures 0 --model plain -p mel-16k-plain --png -o plain.set corpus
status 0 "$VOXTRAWL" scan --quiet --model plain -o png.db plain.set/png
logits="printf('%!.17g %!.17g', logit_real, logit_fake) FROM windows JOIN items USING (item) WHERE logit_real IS NOT NULL"
diff <(sql sound.db "SELECT $logits ORDER BY item, idx") <(sql png.db "SELECT $logits ORDER BY path") ||
    fail "pictures score otherwise than their windows"

# metadata of manifests, also of several, in the order they are met
printf 'path,label,window\ncorpus/a/one.wav,"real, ""so""",x\ncorpus/a/two.WAV,,\n' >one.csv
printf 'path\tsource\tlabel\ncorpus/b/three.wav\tflite\tfake\n' >two.tsv
pictures 0 --quiet --size 32 -o meta one.csv two.tsv corpus/b/six.wav
equal "columns" "index,path,member,window,start_ms,label,manifest_window,source" "$(head -n 1 meta/windows.csv)"
grep -q 'one.wav,,0,0,"real, ""so""",x,$' meta/windows.csv || fail "metadata is lost"
grep -q 'two.WAV,,0,0,,,$' meta/windows.csv || fail "an empty cell is not empty"
grep -q 'three.wav,,0,0,fake,,flite$' meta/windows.csv || fail "metadata of the second list is lost"
equal "bytes" $((($(wc -l <meta/windows.csv) - 1) * 32 * 32)) "$(stat -c %s meta/pictures.u8)"

# colours; pictures among the input
pictures 0 --quiet --size 32 -p mel-22k-magma -o magma corpus/a/one.wav "$HERE/picture.png"
equal "channels" 3 "$(member magma channels)"
pictures 3 --size 32 -o grey corpus/a/one.wav "$HERE/picture.png"
says "picture.png: a picture in colours"
pictures 0 --quiet --size 32 --rgb -o rgb corpus/a/one.wav "$HERE/picture.png"
equal "pictures of both kinds" 1 "$(grep -c picture.png rgb/windows.csv)"

# bad input costs itself; nothing readable, nothing at all
: >empty.wav
pictures 3 --size 32 -o some empty.wav corpus/a/one.wav nowhere.wav
says "empty.wav: "
says "nowhere.wav: "
says "3 items"
says "2 failed"
pictures 3 --size 32 -o none empty.wav nowhere.wav
mkdir nothing
pictures 0 --size 32 -o nil nothing
says "no recordings found"
equal "n" 0 "$(member nil n)"

# what stands is not written over, what fails leaves nothing
before=$(cat set/* | sha256sum)
pictures 2 --size 32 -o set corpus
says "--overwrite"
pictures 2 --size 32 --png --overwrite -o plain.set corpus
says "remove it first"
pictures 2 --size 32 --png -o corpus/inside corpus
says "lies in the input"
[ ! -e corpus/inside ] || fail "a refused folder was made"
equal "the old set" "$before" "$(cat set/* | sha256sum)"
pictures 1 --size 32 -o corpus/a/one.wav/set corpus
pictures 2 -o sizes corpus
says "--size N"
pictures 2 --model model --size 32 -o sizes corpus
pictures 2 --size 96 -p mel-16k-plain -o sizes corpus
says "224x224 pixels and uses no image processor, but the network takes 96x96"
pictures 2 --size 0 -o sizes corpus
pictures 2 --size 32 -o sizes
pictures 2 --size 32 corpus
pictures 1 --preprocessor model/config.sjon -o sizes corpus
[ ! -e sizes ] || fail "a run that could not begin left something behind"
(
    ulimit -f 64
    trap '' XFSZ
    pictures 1 --size 224 -o full corpus
)
equal "left of a full disk" "" "$(ls full)"

# what pictures.json says of profile and processor, put beside weights, gives the same pictures
json() { # KEY: an object of set/pictures.json
    sqlite3 :memory: "SELECT json_extract(CAST(readfile('set/pictures.json') AS TEXT), '\$.$1')"
}
cp -r bare again
json processor >again/preprocessor_config.json
json profile >again/profile.json
pictures 0 --quiet --model again -o same --hop 0.7 corpus cut.wav silent.wav
equal "digest" "$(member set sha256)" "$(member same sha256)"
rm -r same

# --preprocessor says what a model's folder says
pictures 0 --quiet --preprocessor model/preprocessor_config.json -o same --hop 0.7 corpus cut.wav silent.wav
cmp same/pictures.u8 set/pictures.u8 || fail "--preprocessor and --model disagree"
echo "ok"
