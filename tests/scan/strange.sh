#!/usr/bin/env bash
# strange.sh - recordings of odd rates, lengths, channels and samples, and files that are not quite what they say: each one's row tells
. "$(dirname "$0")/lib.sh"
need sqlite3 espeak-ng sndfile-convert

make_model model
espeak-ng -w good.wav "This recording is the sound that is in all of them, in one way or another, and it goes on for more than two windows."
tail -c +45 good.wav >pcm # 22.05 kHz, 16 bit, mono
bytes=$(stat -c %s pcm)
le16() { # NUMBER
    # shellcheck disable=SC2059 # the format is the bytes
    printf "$(printf '\\x%02x\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)))"
}
wav() { # RATE CHANNELS BITS ENCODING(1 whole numbers, 3 float) BYTES-DECLARED: a header; the sound follows
    printf RIFF && le32 $((36 + $5)) && printf 'WAVEfmt ' && le32 16 && le16 "$4" && le16 "$2" && le32 "$1" && le32 $(($1 * $2 * $3 / 8)) &&
        le16 $(($2 * $3 / 8)) && le16 "$3" && printf data && le32 "$5"
}
mkdir set
cases=() # "NAME|STATUS|CONDITION ON THE ROW|WHAT ERROR OR WARNING SAYS"
is() {
    cases+=("$1|$2|$3|${4:-}")
}
{ wav 192000 1 16 1 $((4 * bytes)) && cat pcm pcm pcm pcm; } >set/192k.wav
is 192k.wav scored "sample_rate = 192000 AND n_scored > 0"
{ wav 8000 1 16 1 "$bytes" && cat pcm; } >set/8k.wav
is 8k.wav scored "sample_rate = 8000"
{ wav 1000 1 16 1 "$bytes" && cat pcm; } >set/1k.wav
is 1k.wav scored "sample_rate = 1000"
{ wav 999 1 16 1 "$bytes" && cat pcm; } >set/999.wav
is 999.wav failed "n_windows = 0" "999 Hz"
{ wav 8000 32 16 1 $((bytes / 64 * 64)) && head -c $((bytes / 64 * 64)) pcm; } >set/32.wav
is 32.wav scored "channels = 32"
{ wav 8000 1025 16 1 "$bytes" && cat pcm; } >set/1025.wav
is 1025.wav failed "n_windows = 0" "channels"

# samples: not a number, infinite, at full scale, all alike
sndfile-convert -float32 good.wav float.wav
float_data=$(grep -abo data float.wav | sed -n '1s/:.*//p')
put() { # FILE SAMPLE BYTES
    # shellcheck disable=SC2059 # the format is the bytes
    printf "$3" | dd of="$1" bs=1 seek=$((float_data + 8 + 4 * $2)) conv=notrunc status=none
}
for value in 'nan|\x00\x00\xc0\x7f' 'inf|\x00\x00\x80\x7f' 'minus|\x00\x00\x80\xff' 'huge|\xff\xff\x7f\x7f'; do
    cp float.wav "set/${value%%|*}.wav"
    put "set/${value%%|*}.wav" 100 "${value#*|}"
    is "${value%%|*}.wav" scored "mean_fake BETWEEN 0 AND 1 AND (SELECT flags & 8 FROM windows w WHERE w.item = i.item AND idx = 0) = 8
        AND (SELECT flags & 8 FROM windows w WHERE w.item = i.item AND idx = 1) = 0"
done
{ wav 16000 1 16 1 128000 && for _ in $(seq 1000); do printf '\377\177\377\177\377\177\377\177\001\200\001\200\001\200\001\200%.0s' 1 2 3 4 5 6 7 8; done; } >set/clipped.wav
is clipped.wav scored "(SELECT min(flags & 16) FROM windows w WHERE w.item = i.item) = 16"
{ wav 16000 1 16 1 64000 && for _ in $(seq 100); do printf '\001\040%.0s' $(seq 320); done; } >set/dc.wav
is dc.wav not_scored "n_windows = 1" "no window holds a signal"
{ wav 16000 1 16 1 64000 && head -c 64000 /dev/zero; } >set/silent.wav
is silent.wav not_scored "n_windows = 1" "no window holds a signal"
{ wav 16000 1 16 1 8000 && head -c 68000 pcm | tail -c 8000; } >set/short.wav
is short.wav not_scored "n_windows = 1" "too short"

# headers and lengths that are wrong
: >set/nothing.wav
is nothing.wav failed "n_windows = 0" "empty"
wav 16000 1 16 1 0 >set/zero.wav
is zero.wav not_scored "n_windows = 0" "no sound"
{ wav 22050 1 16 1 0 && cat pcm; } >set/unfinished.wav
is unfinished.wav scored "abs(duration_s - $bytes / 44100.0) < 0.001"
{ wav 22050 1 16 1 $((2 * bytes)) && cat pcm; } >set/promises.wav
is promises.wav failed "n_scored > 0" "its header promises"
{ wav 22050 1 16 1 $((bytes / 2)) && cat pcm; } >set/less.wav
is less.wav scored "1"
sndfile-convert good.wav good.flac
head -c $(($(stat -c %s good.flac) * 2 / 3)) good.flac >set/cut.flac
is cut.flac failed "n_scored > 0" "ends after"
{ printf 'ID3\003\000\000\000\000\004\000' && head -c 512 /dev/urandom && cat good.flac; } >set/tagged.flac
is tagged.flac scored "1"

# one after the other
sndfile-convert -vorbis good.wav good.ogg
cat good.ogg good.ogg >set/chained.ogg
cat good.flac good.flac >set/joined.flac
cat good.wav good.wav >set/joined.wav
for name in chained.ogg joined.flac joined.wav; do
    is $name scored "abs(duration_s - 2 * $bytes / 44100.0) < 0.01" "2 recordings, one after the other"
done
{ wav 8000 1 16 1 "$bytes" && cat pcm; } | cat good.wav - >set/unlike.wav
is unlike.wav scored "abs(duration_s - $bytes / 44100.0) < 0.01" "of 1 channels at 8000 Hz: it was not heard"
mp3=$HERE/../golden/speech-stereo.mp3
{ cat "$mp3" && printf TAG && head -c 125 /dev/zero && printf 'ID3\003\000\000\000\000\004\000' && head -c 512 /dev/zero && cat "$mp3"; } >set/joined.mp3
head -c 2000 /dev/urandom | tr -d '\377' >junk
{ printf 'ID3\003\000\000\000\000\017\120' && cat junk && head -c $((2000 - $(stat -c %s junk))) /dev/zero && cat "$mp3"; } >set/tagged.mp3
cp "$mp3" set/once.mp3
is once.mp3 scored "1"
is tagged.mp3 scored "duration_s = (SELECT duration_s FROM items WHERE path LIKE '%once.mp3')"
is joined.mp3 scored "duration_s BETWEEN (SELECT 2 * duration_s FROM items WHERE path LIKE '%once.mp3') AND (SELECT 2 * duration_s + 0.2 FROM items WHERE path LIKE '%once.mp3')"

status 3 "$VOXTRAWL" scan --model model -o r.db --quiet set
equal "items" "${#cases[@]}" "$(sql r.db 'SELECT count(*) FROM items')"
for line in "${cases[@]}"; do
    IFS='|' read -r name state condition says <<<"${line//$'\n'/ }"
    row=$(sql r.db "SELECT status || ', ' || coalesce(error, warning, 'nothing to say') || ', ' || coalesce(duration_s, 0) || ' s, ' || n_windows || ' windows'
        FROM items WHERE substr(path, -length('/$name')) = '/$name'")
    equal "$name, that is $state and $condition and says \"$says\", is $row" 1 "$(sql r.db "SELECT count(*) FROM items i
        WHERE substr(path, -length('/$name')) = '/$name' AND status = '$state' AND ($condition) AND
        CASE WHEN '$says' = '' THEN error IS NULL AND warning IS NULL ELSE coalesce(error, warning) LIKE '%$says%' END")"
done
echo "ok"
