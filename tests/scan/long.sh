#!/usr/bin/env bash
# long.sh - a recording of 24 hours takes no more memory than a short one, and one that changes while it is read is told. The long one is
# digital silence in a sparse file: it costs no disk, and neither its decoding nor its 43,200 windows cost much time.
. "$(dirname "$0")/lib.sh"
need sqlite3 truncate

make_model model
make_noise short.wav 4000
hours=24
samples=$((hours * 3600 * 16000)) # of a byte each
{
    printf RIFF && le32 $((36 + samples))
    printf 'WAVEfmt ' && le32 16 && printf '\007\000\001\000' && le32 16000 && le32 16000 && printf '\001\000\010\000' # mu-law: 0 is a constant
    printf data && le32 $samples
} >day.wav
truncate -s $((44 + samples)) day.wav

# RLIMIT_DATA of what decodes: enough for a short recording, and 100 MB hold no day of it (5,530 MB as float32)
status 0 "$VOXTRAWL" scan --model model -o short.db --decode-memory 64 short.wav
memory() { # of the largest rank, MB, rounded down
    sed -n 's/.* \([0-9]*\)\.[0-9]* MB memory in the largest rank.*/\1/p' last.err
}
short=$(memory)
"$VOXTRAWL" scan --model model -o day.db --decode-memory 64 day.wav >last.out 2>last.err &
scan=$!
while kill -0 $scan 2>/dev/null; do
    touch day.wav
    sleep 0.1
done
wait $scan || {
    cat last.err >&2
    fail "the scan of 24 hours"
}
equal "24 hours" "not_scored 86400 43200" "$(sql day.db "SELECT status || ' ' || CAST(duration_s AS INTEGER) || ' ' || n_windows FROM items")"
sql day.db 'SELECT warning FROM items' | grep -q "changed while it was read" || fail "that the file changed is not told"
[ "$(memory)" -le $((short + 100)) ] || fail "$(memory) MB for 24 hours, $short MB for 4 seconds"
equal "a file that nobody writes to" "" "$(sql short.db 'SELECT warning FROM items')"
echo "ok: $(memory) MB for 24 hours, $short MB for 4 seconds"
