#!/usr/bin/env bash
# formats.sh - the same recording in every format that people have: each is read, by the decoder that should, and where nothing is lost
# in the format, to the same scores bit for bit
. "$(dirname "$0")/lib.sh"
need sqlite3 sndfile-convert espeak-ng

make_model model
espeak-ng -w good.wav "This recording has to sound the same whatever it is wrapped in."
seconds=$(sql :memory: "SELECT ($(stat -c %s good.wav) - 44) / 44100.0")
mkdir set
expected=() # "NAME|LOSSLESS|FORMAT|DECODER"
add() { # NAME LOSSLESS(1|0) FORMAT COMMAND...: writes set/NAME, read by libsndfile
    local name=$1 lossless=$2 format=$3
    shift 3
    "$@" >/dev/null 2>make.err </dev/null || fail "cannot make $name: $(cat make.err)"
    expected+=("$name|$lossless|$format|libsndfile 1.%")
}
add plain.wav 1 "WAV, 16 bit PCM" cp good.wav set/plain.wav
add plain.WAVE 1 "WAV, 16 bit PCM" cp good.wav set/plain.WAVE
add p24.wav 1 "WAV, 24 bit PCM" sndfile-convert -pcm24 good.wav set/p24.wav
add p32.wav 1 "WAV, 32 bit PCM" sndfile-convert -pcm32 good.wav set/p32.wav
add f32.wav 0 "WAV, 32 bit float" sndfile-convert -float32 good.wav set/f32.wav
add f64.wav 0 "WAV, 64 bit float" sndfile-convert -float64 good.wav set/f64.wav
add p8.wav 0 "WAV, Unsigned 8 bit PCM" sndfile-convert -pcmu8 good.wav set/p8.wav
add u.wav 0 "WAV, U-Law" sndfile-convert -ulaw good.wav set/u.wav
add a.wav 0 "WAV, A-Law" sndfile-convert -alaw good.wav set/a.wav
add ima.wav 0 "WAV, IMA ADPCM" sndfile-convert -ima-adpcm good.wav set/ima.wav
add ms.wav 0 "WAV, Microsoft ADPCM" sndfile-convert -ms-adpcm good.wav set/ms.wav
add gsm.wav 0 "WAV, GSM 6.10" sndfile-convert -gsm610 good.wav set/gsm.wav
add x.rf64 1 "RF64, 16 bit PCM" sndfile-convert good.wav set/x.rf64
add x.w64 1 "W64, 16 bit PCM" sndfile-convert good.wav set/x.w64
add x.flac 1 "FLAC, 16 bit PCM" sndfile-convert good.wav set/x.flac
add x.aiff 1 "AIFF, 16 bit PCM" sndfile-convert good.wav set/x.aiff
add x.au 1 "AU, 16 bit PCM" sndfile-convert good.wav set/x.au
add u.snd 0 "AU, U-Law" sndfile-convert -ulaw good.wav set/u.snd
add x.caf 1 "CAF, 16 bit PCM" sndfile-convert good.wav set/x.caf
add alac.caf 1 "CAF, 16 bit ALAC" sndfile-convert -alac16 good.wav set/alac.caf
add x.voc 1 "VOC, 16 bit PCM" sndfile-convert good.wav set/x.voc
add x.sph 1 "NIST Sphere, 16 bit PCM" sndfile-convert good.wav set/x.sph
add x.avr 1 "AVR, 16 bit PCM" sndfile-convert good.wav set/x.avr
add x.ogg 0 "OGG, Vorbis" sndfile-convert -vorbis good.wav set/x.ogg

built=$("$VOXTRAWL" --version | sed -n 's/^ *FFmpeg *//p')
again() { # NAME LOSSLESS FORMAT DECODER OPTIONS...: writes set/NAME, read by FFmpeg where it is built in
    local name=$1 lossless=$2 format=$3 decoder=$4
    shift 4
    ffmpeg -v error -y -i good.wav "$@" "set/$name" </dev/null 2>make.err || {
        echo "$name: not made: $(head -n 1 make.err)"
        return 0
    }
    expected+=("$name|$lossless|$format|FFmpeg % $decoder")
}
if [ "$built" = none ] || ! command -v ffmpeg >/dev/null; then
    echo "without the formats of FFmpeg: it is not installed, or not built in"
else
    add x.opus 0 "OGG, Opus" ffmpeg -v error -i good.wav -c:a libopus set/x.opus
    add x.mp3 0 "MPEG-1/2 Audio, MPEG Layer III" ffmpeg -v error -i good.wav -c:a libmp3lame set/x.mp3
    again x.m4a 0 "QuickTime / MOV, AAC" aac -c:a aac
    again alac.m4a 1 "QuickTime / MOV, ALAC" alac -c:a alac
    again x.aac 0 "raw ADTS AAC, AAC" aac -c:a aac
    again film.mp4 0 "QuickTime / MOV, AAC" aac -f lavfi -i testsrc=size=32x32:rate=5 -shortest -c:v mpeg4 -c:a aac
    again x.mov 1 "QuickTime / MOV, PCM signed 16-bit little-endi%" pcm_s16le -c:a pcm_s16le
    again x.mka 1 "Matroska / WebM, FLAC" flac -c:a flac
    again x.webm 0 "Matroska / WebM, Opus" opus -c:a libopus
    again x.mkv 0 "Matroska / WebM, Vorbis" vorbis -c:a libvorbis
    again x.wma 0 "ASF, Windows Media Audio 2" wmav2 -c:a wmav2
    again x.g722 0 "raw G.722, G.722 ADPCM" g722 -ar 16000 -c:a g722
    again x.gsm 0 "raw GSM, GSM" gsm -ar 8000 -c:a libgsm
    again x.ulaw 0 "PCM mu-law, PCM mu-law / G.711 mu-law" pcm_mulaw -ar 8000 -f mulaw
    again x.wv 1 "WavPack, WavPack" wavpack -c:a wavpack -sample_fmt s16p
    again x.tta 1 "TTA, TTA" tta -c:a tta
    again x.avi 1 "AVI, PCM signed 16-bit little-endian" pcm_s16le -c:a pcm_s16le
    again x.ac3 0 "raw AC-3, ATSC A/52A" ac3 -ar 44100 -c:a ac3
    if command -v sox >/dev/null && sox -D good.wav -r 8000 -t amr-nb -C 7 set/x.amr 2>/dev/null; then
        expected+=("x.amr|0|3GPP AMR, AMR-NB|FFmpeg % amrnb")
        ffmpeg -v error -y -i set/x.amr -c copy set/x.3gp </dev/null && expected+=("x.3gp|0|QuickTime / MOV, AMR-NB|FFmpeg % amrnb")
    fi
fi

status 0 "$VOXTRAWL" scan --model model -o r.db --quiet set
equal "items" "${#expected[@]}" "$(sql r.db 'SELECT count(*) FROM items')"
good=$(sql r.db "SELECT group_concat(printf('%d %!.17g %!.17g', start_ms, logit_real, logit_fake), ', ') FROM windows JOIN items USING (item) WHERE path LIKE '%plain.wav'")
for line in "${expected[@]}"; do
    IFS='|' read -r name lossless format decoder <<<"$line"
    row=$(sql r.db "SELECT status || ', ' || format || ', ' || decoder || ', ' || duration_s || coalesce(', ' || error, '') FROM items
        WHERE path LIKE '%/$name' COLLATE BINARY AND substr(path, -length('$name')) = '$name'")
    equal "$name is $row" 1 "$(sql r.db "SELECT count(*) FROM items WHERE substr(path, -length('/$name')) = '/$name' AND status = 'scored' AND
        format LIKE '$format' AND decoder LIKE '$decoder' AND abs(duration_s - $seconds) < 0.2 AND (warning IS NULL OR decoder LIKE '%amrnb')")" # FFmpeg leaves out AMR's packets of silence
    [ "$lossless" = 0 ] || equal "scores of $name" "$good" "$(sql r.db "SELECT group_concat(printf('%d %!.17g %!.17g', start_ms, logit_real, logit_fake), ', ')
        FROM windows JOIN items USING (item) WHERE substr(path, -length('/$name')) = '/$name'")"
done

# what names other files is not followed, whatever it is called
if [ "$built" != none ]; then
    mkdir traps
    printf '#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXTINF:9.0,\n%s\n#EXT-X-ENDLIST\n' "$PWD/set/x.aac" >traps/list.aac
    printf "ffconcat version 1.0\nfile '%s'\n" "$PWD/good.wav" >traps/list.m4a
    status 3 "$VOXTRAWL" scan --model model -o traps.db --quiet traps
    equal "traps" "2 0" "$(sql traps.db "SELECT count(*) || ' ' || sum(n_windows) FROM items WHERE status = 'failed' AND error LIKE '%libsndfile%' AND error LIKE '%names other files%'")"
fi
echo "ok"
