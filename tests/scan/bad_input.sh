#!/usr/bin/env bash
# bad_input.sh - whatever lies in an archive costs its own row and nothing else
. "$(dirname "$0")/lib.sh"
need sqlite3 sndfile-convert espeak-ng

make_model model
mkdir -p bad/x.wav
espeak-ng -w good.wav "This recording is fine, and it has to be scored whatever lies beside it."
cp good.wav bad/good.wav
cp good.wav bad/x.wav/inside.wav
: >bad/empty.wav
echo "this is no sound" >bad/text.wav
sndfile-convert good.wav whole.flac
head -c $(($(stat -c %s whole.flac) / 2)) whole.flac >bad/truncated.flac
{ printf 'RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\0\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\0\0\0\0'; } >bad/nochannels.wav
cp good.wav $'bad/new\nline.wav'
cp good.wav $'bad/not\xff\xfeutf8.wav'
cp good.wav bad/secret.wav
chmod 000 bad/secret.wav
mkfifo bad/pipe.wav
ln -s missing.wav bad/dangling.wav
ln -s . bad/loop
head -c 20 good.wav >bad/header.wav
echo garbage >bad/garbage.tar.gz
tar -cf cut.tar good.wav && head -c 4000 cut.tar >bad/cut.tar
head -c 3000 /dev/zero >bad/zeros.mp3
echo "not a picture" >bad/not.png

echo https://example.invalid/x.wav >list.txt

status 3 "$VOXTRAWL" scan --model model -o bad.db bad nowhere.wav list.txt
is() { # NAME STATUS ERROR-PATTERN
    local row
    row=$(sql bad.db "SELECT status || '|' || coalesce(error, '') FROM items WHERE path LIKE '%$1' AND member IS NULL")
    case $row in
    "$2|"*) ;;
    *) fail "$1: expected $2, got \"$row\"" ;;
    esac
    echo "$row" | grep -qiE "$3" || fail "$1: \"$row\" does not match $3"
}
is good.wav scored '^scored.$'
is inside.wav scored '^scored.$'
is empty.wav failed 'empty|0 bytes'
is text.wav failed '.'
is truncated.flac failed 'ends|truncated|lost|decod'
is nochannels.wav failed 'channel|.'
is secret.wav "$([ "$(id -u)" -eq 0 ] && echo scored || echo failed)" "$([ "$(id -u)" -eq 0 ] && echo '.' || echo 'ermission')"
is pipe.wav failed 'regular'
is dangling.wav failed 'o such file'
is header.wav failed '.'
is x.wav failed 'directory'
is garbage.tar.gz failed '.'
is zeros.mp3 failed '.'
is not.png failed '.'
is nowhere.wav failed 'o such file'
is https://example.invalid/x.wav failed 'ot supported'
equal "the name with a newline" scored "$(sql bad.db "SELECT status FROM items WHERE path LIKE '%new' || char(10) || 'line.wav'")"
equal "the name that is no UTF-8" "scored 1" \
    "$(sql bad.db "SELECT status || ' ' || (path_raw IS NOT NULL) FROM items WHERE path LIKE '%not\\xFF\\xFEutf8.wav'")"
equal "nothing is listed twice" 0 "$(sql bad.db 'SELECT count(*) FROM (SELECT path, member FROM items GROUP BY 1, 2 HAVING count(*) > 1)')"
equal "what was scored of the truncated file is kept" 1 \
    "$(sql bad.db "SELECT count(*) > 0 FROM windows JOIN items USING (item) WHERE path LIKE '%truncated.flac' AND logit_real IS NOT NULL")"
equal "no failed item has a verdict" 0 "$(sql bad.db "SELECT count(*) FROM items WHERE status = 'failed' AND verdict IS NOT NULL")"
says "failed"

# nothing but failures: the rows are there all the same
status 3 "$VOXTRAWL" scan --model model -o worse.db --quiet bad/empty.wav bad/text.wav
equal "rows" 2 "$(sql worse.db 'SELECT count(*) FROM items WHERE status = "failed"')"

# how many may fail before the exit status says so
status 0 "$VOXTRAWL" scan --model model -o some.db --quiet --max-failed 2 bad/empty.wav bad/text.wav good.wav
status 3 "$VOXTRAWL" scan --model model -o few.db --quiet --max-failed 50% bad/empty.wav bad/text.wav good.wav

# what cannot work at all says so, names the file and leaves nothing behind
status 1 "$VOXTRAWL" scan --model nomodel -o none.db good.wav
says "nomodel/config.json"
status 2 "$VOXTRAWL" scan --model model -o none.db --profile no-such good.wav
says "mel-16k-grey"
status 2 "$VOXTRAWL" scan --model model -o bad.db good.wav
says "--overwrite"
status 1 "$VOXTRAWL" scan --model model -o none.db --device cuda good.wav
says "CUDA"
for address in https://example.invalid/x.wav s3://bucket/x.tar gs://b ftp://h/x hf://datasets/x; do
    status 2 "$VOXTRAWL" scan --model model -o none.db good.wav "$address"
    says "$address: addresses are not supported: mount it, or copy it here"
done
status 2 "$VOXTRAWL" submit --model model -o none.db s3://bucket/x.tar
status 2 "$VOXTRAWL" pictures --model model -o none s3://bucket/x.tar
status 2 "$VOXTRAWL" calibrate --model model --labels labels.csv -o none.json s3://bucket/x.tar
status 2 "$VOXTRAWL" inspect --model model -o none.png s3://bucket/x.wav
[ ! -e none.db ] || fail "a scan that could not begin left none.db"
equal "windows of silence are not scored" "not_scored" "$(
    sndfile-convert good.wav silent.wav
    head -c 44 good.wav >silent.wav
    head -c $(($(stat -c %s good.wav) - 44)) /dev/zero >>silent.wav
    "$VOXTRAWL" scan --model model -o silent.db --quiet silent.wav
    sql silent.db 'SELECT status FROM items'
)"
echo "ok"
