#!/usr/bin/env bash
# hearing.sh - commands other than scan read recordings that crash what reads them: each costs its own picture, clip, row or hash. Decoders misbehave with files of certain names (fake_engines.c) when processes read them, and not when threads do.
. "$(dirname "$0")/lib.sh"
make_corpus 3
for name in crashes exits hangs connects; do make_noise "corpus/$name.wav" 1500; done
status 0 "$VOXTRAWL" scan --model model -o r.db --quiet --decode-in threads corpus
mkdir packed
for name in good crashes hangs; do tar -C corpus -cf packed/$name.tar 1.wav 2.wav; done
status 0 "$VOXTRAWL" scan --model model -o bytes.db --quiet --decode-in threads --custody corpus packed
status 0 "$VOXTRAWL" scan --model model -o samples.db --quiet --decode-in threads --hash pcm corpus packed

bad=(crashes exits hangs)
good=(corpus/[0-9]*.wav)
options=(--decode-timeout 1)
"$VOXTRAWL" export r.db -o probe --threshold 0 --clips wav "${options[@]}" 2>probe.err || true
if grep -q 'without sandbox' probe.err; then
    echo "SKIP of the sandbox: $(grep 'without sandbox' probe.err)"
    good+=(corpus/connects.wav)
    status 1 "$VOXTRAWL" report r.db -o no.html --sandbox on
    says "--sandbox on"
else
    bad+=(connects)
    options+=(--sandbox on)
fi
status 2 "$VOXTRAWL" report r.db -o no.html --sandbox maybe
says "expected auto, on or off"

status 0 "$VOXTRAWL" report r.db -o report.html "${options[@]}"
says "${#bad[@]} of 7 recordings cannot be read"
equal "pictures" $((7 - ${#bad[@]})) "$(grep -o '"levels":"' report.html | wc -l)"
grep -q '{"error":"decoder killed by SIGSEGV"}' report.html || fail "the report does not say what became of crashes.wav"

status 3 "$VOXTRAWL" export r.db -o out --threshold 0 --clips flac "${options[@]}"
says "${#bad[@]} of 7 clips could not be cut"
equal "clips" $((7 - ${#bad[@]})) "$(find out/clips -name '*.flac' | wc -l)"
for name in "${bad[@]}"; do
    grep "$name.wav" out/stretches.csv | grep -q 'decoder \(killed by SIG\|ended with\|gave no sound for 1 s\)' || fail "no reason for $name.wav: $(cat out/stretches.csv)"
done
# those of the others are what they are without the bad ones
status 0 "$VOXTRAWL" export whole.db -o whole --threshold 0 --clips flac "${options[@]}"
for clip in whole/clips/*; do
    find out/clips -name '*.flac' -exec cmp -s {} "$clip" \; -print | grep -q . || fail "no clip beside bad files is $clip"
done

# hashes: nothing decodes a file for that of its bytes, but what is in an archive
status 3 "$VOXTRAWL" verify bytes.db "${options[@]}" --threads 1
grep -q 'items       13: 9 equal, 0 changed, 0 missing, 4 unreadable' last.out || fail "what verify says: $(cat last.out)"
grep -q 'unreadable  packed/crashes.tar, 1.wav: decoder killed by SIGSEGV' last.out || fail "what verify says: $(cat last.out)"
status 3 "$VOXTRAWL" verify samples.db "${options[@]}" --threads 2
grep -q "items       13: $((9 - ${#bad[@]})) equal, 0 changed, 0 missing, $((4 + ${#bad[@]})) unreadable" last.out || fail "what verify says: $(cat last.out)"

# pictures and calibrate go on too; inspect has but the one
status 3 "$VOXTRAWL" pictures --size 32 -o pictures "${options[@]}" corpus
grep -q "7 items in .* ${#bad[@]} failed" last.err || fail "what pictures says: $(cat last.err)"
status 0 "$VOXTRAWL" pictures --size 32 -o good "${options[@]}" "${good[@]}"
cmp pictures/pictures.u8 good/pictures.u8 || fail "pictures differ beside bad files"
mkdir labelled
for name in "${bad[@]}"; do mv "corpus/$name.wav" labelled; done
{
    echo path,label
    for name in "${bad[@]}"; do echo "$name.wav,spoof"; done
    for i in $(seq 20); do
        make_noise "labelled/$i.wav" $((500 + i))
        echo "$i.wav,$([ $((i % 2)) = 1 ] && echo spoof || echo bonafide)"
    done
} >labels.csv
"$VOXTRAWL" calibrate --model model --labels labels.csv --folds 2 "${options[@]}" labelled >calibrate.out 2>last.err || true
for name in "${bad[@]}"; do grep -q "$name.wav: decoder .*; left out" last.err || fail "what calibrate says: $(cat last.err)"; done
status 1 "$VOXTRAWL" inspect --model model -o x.png "${options[@]}" labelled/crashes.wav
says "decoder killed by SIGSEGV"
