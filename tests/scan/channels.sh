#!/usr/bin/env bash
# channels.sh - scan --channels each and first: every channel's own scores, aggregates and verdict, through merge, query and eval
. "$(dirname "$0")/lib.sh"
need sqlite3 espeak-ng flite sndfile-interleave

make_model model
mkdir alone calls
flite -voice slt -t "This is the agent speaking, how may I help you today with your account?" -o slt.wav
flite -voice rms -t "I am the caller, and I would like to know what has become of my order." -o rms.wav
sndfile-interleave slt.wav rms.wav -o calls/call.wav
bytes=$(stat -c %s slt.wav)
{ head -c 44 slt.wav && head -c $((bytes - 44)) /dev/zero; } >silent.wav
sndfile-interleave slt.wav silent.wav -o calls/half.wav
cp slt.wav calls/mono.wav
cp slt.wav alone/one.wav
cp rms.wav alone/two.wav
echo "no sound" >calls/broken.wav

status 0 "$VOXTRAWL" scan --model model -o alone.db --quiet alone
status 3 "$VOXTRAWL" scan --model model -o each.db --quiet --channels each calls
status 3 "$VOXTRAWL" scan --model model -o first.db --quiet --channels first calls
status 3 "$VOXTRAWL" scan --model model -o mix.db --quiet calls

windows() { # DB NAME [CONDITION]
    sql "$1" "SELECT start_ms, printf('%!.17g %!.17g', logit_real, logit_fake), flags FROM windows w JOIN items USING (item)
        WHERE path LIKE '%/$2' AND logit_real IS NOT NULL ${3:-} ORDER BY idx"
}
for channel in 1 2; do # the shorter channel was filled up with zeros: compare what both have in full
    name=$([ $channel = 1 ] && echo one.wav || echo two.wav)
    whole="AND w.flags = 0"
    [ -n "$(windows alone.db "$name" "$whole")" ] || fail "$name has no whole window"
    equal "channel $channel of the call" "$(windows alone.db "$name" "$whole")" \
        "$(windows each.db call.wav "$whole AND w.channel = $channel" | head -n "$(windows alone.db "$name" "$whole" | wc -l)")"
done
equal "the first channel alone" "$(windows each.db call.wav 'AND w.channel = 1')" "$(windows first.db call.wav)"
equal "windows of first and mix name no channel" "0 0" \
    "$(sql first.db 'SELECT count(channel) FROM windows') $(sql mix.db 'SELECT count(channel) FROM windows')"
equal "rows in channels" "call.wav:1 call.wav:2 half.wav:1 half.wav:2 mono.wav:1" "$(sql each.db "SELECT group_concat(x, ' ') FROM (
    SELECT replace(i.path, rtrim(i.path, replace(i.path, '/', '')), '') || ':' || channel AS x FROM channels JOIN items i USING (item) ORDER BY x)")"
equal "each channel's mean is that of its windows" 0 "$(sql each.db "SELECT count(*) FROM channels c WHERE c.n_scored > 0 AND NOT EXISTS (
    SELECT 1 FROM windows w WHERE w.item = c.item AND w.channel = c.channel GROUP BY w.channel HAVING count(logit_real) = c.n_scored AND count(*) = c.n_windows)")"
equal "the item has the worst channel's aggregates" 0 "$(sql each.db "SELECT count(*) FROM items i WHERE status = 'scored' AND NOT EXISTS (
    SELECT 1 FROM channels c WHERE c.item = i.item AND c.mean_fake = i.mean_fake AND c.max_fake = i.max_fake AND c.verdict = i.verdict
    AND c.mean_fake = (SELECT max(mean_fake) FROM channels d WHERE d.item = i.item))")"
equal "the item counts all windows" 0 "$(sql each.db "SELECT count(*) FROM items i WHERE n_windows <> (SELECT count(*) FROM windows w WHERE w.item = i.item)
    OR n_scored <> (SELECT count(logit_real) FROM windows w WHERE w.item = i.item)")"
equal "idx ascends with time" 0 "$(sql each.db "SELECT count(*) FROM (SELECT start_ms < lag(start_ms) OVER (PARTITION BY item ORDER BY idx) AS back FROM windows) WHERE back")"
equal "a silent channel" "not_scored|0|1" "$(sql each.db "SELECT c.verdict, c.n_scored, c.mean_fake IS NULL FROM channels c JOIN items i USING (item)
    WHERE i.path LIKE '%half.wav' AND channel = 2")"
equal "what the run says" "each mix" "$(sql each.db "SELECT json_extract(config, '\$.channels') FROM runs") $(sql mix.db "SELECT json_extract(config, '\$.channels') FROM runs")"
equal "the view" 5 "$(sql each.db 'SELECT count(*) FROM channel_scores')"

# one result of two, and of a scan that was cut in parts
status 0 "$VOXTRAWL" scan --model model -o part1.db --quiet --channels each --part 1/2 calls/call.wav calls/half.wav calls/mono.wav
status 0 "$VOXTRAWL" scan --model model -o part2.db --quiet --channels each --part 2/2 calls/call.wav calls/half.wav calls/mono.wav
status 0 "$VOXTRAWL" merge -o merged.db part1.db part2.db
rows() {
    sql "$1" "SELECT replace(i.path, rtrim(i.path, replace(i.path, '/', '')), ''), channel, c.n_windows, printf('%!.17g', c.mean_fake), c.verdict
        FROM channels c JOIN items i USING (item) ORDER BY 1, 2"
}
equal "merged channels" "$(rows each.db)" "$(rows merged.db)"
status 2 "$VOXTRAWL" merge -o no.db part1.db first.db # scored another way

# a scan that was begun with one choice is not gone on with another
status 0 "$VOXTRAWL" scan --model model -o w.db --quiet --keep-work --work w --channels each calls/call.wav
rm w.db
status 2 "$VOXTRAWL" scan --model model -o w.db --quiet --work w --channels mix calls/call.wav
says channels
status 0 "$VOXTRAWL" scan --model model -o w.db --quiet --work w --channels each calls/call.wav
equal "resumed channels" 2 "$(sql w.db 'SELECT count(*) FROM channels')"
status 2 "$VOXTRAWL" scan --model model -o no.db --channels both calls
says "mix, each or first"

# eval: a file's score is its worst channel's, windows are all of them
printf 'file,label\ncalls/call.wav,spoof\ncalls/half.wav,bona-fide\ncalls/mono.wav,bona-fide\n' >labels.csv
status 0 "$VOXTRAWL" eval each.db --labels labels.csv --bootstrap 20
grep -qE "^bona fide, spoof +$(sql each.db "SELECT sum(n_scored) FROM items WHERE path NOT LIKE '%call.wav'"), $(sql each.db "SELECT n_scored FROM items WHERE path LIKE '%call.wav'") +2, 1$" last.out ||
    fail "eval counts other windows"
# more channels than can be scored each on its own (tests/unit/io/test_channels.c has as many as can)
# shellcheck disable=SC2059 # the format is the bytes
channels() { # N
    local n=$1 bytes=$((16000 * 2 * $1))
    printf RIFF && le32 $((36 + bytes)) && printf 'WAVEfmt ' && le32 16 && printf '\001\000' &&
        printf "$(printf '\\x%02x\\x%02x' $((n & 255)) $((n >> 8)))" && le32 16000 && le32 $((32000 * n)) &&
        printf "$(printf '\\x%02x\\x%02x' $((2 * n & 255)) $((2 * n >> 8)))\\020\\000" && printf data && le32 $bytes && head -c $bytes /dev/urandom
}
channels 65 >65.wav
status 3 "$VOXTRAWL" scan --model model -o many.db --quiet --channels each 65.wav
sql many.db "SELECT error FROM items" | grep -q "up to 64" || fail "65 channels: $(sql many.db 'SELECT error FROM items')"
echo "ok"
