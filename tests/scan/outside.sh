#!/usr/bin/env bash
# outside.sh - recordings unlike what the model was measured on are told: in the database, and at the end of the scan
. "$(dirname "$0")/lib.sh"
need sqlite3 espeak-ng flite

make_model model
mkdir corpus
espeak-ng -w corpus/wide.wav "One short sentence about six fishes in the sea."
flite -voice slt -t "The same words, by another voice, and rather slowly." -o corpus/slt.wav
flite -voice kal -t "The same words, over the telephone, and rather slowly." -o corpus/telephone.wav # 8 kHz
espeak-ng -a 5 -w corpus/faint.wav "One short sentence about six fishes in the sea."
make_noise corpus/noise.wav 3000
cp "$HERE/picture.png" corpus/picture.png

# a profile that says nothing of it: all is measured, nothing compared
status 0 "$VOXTRAWL" scan --model model -o unknown.db corpus
if grep -q "measured on" last.err; then fail "a warning without measured ranges"; fi
equal "items compared" 0 "$(sql unknown.db "SELECT count(outside) FROM items")"
equal "sounds measured" 5 "$(sql unknown.db "SELECT count(level_dbfs) FROM items WHERE level_dbfs < 0 AND kind = 'audio'")"
equal "the telephone's bandwidth" 1 "$(sql unknown.db "SELECT bandwidth_hz BETWEEN 3000 AND 4000 FROM items WHERE path LIKE '%telephone.wav'")"
equal "steady noise" "0.0|" "$(sql unknown.db "SELECT active_share, bandwidth_hz FROM items WHERE path LIKE '%noise.wav'")"
status 0 "$VOXTRAWL" query unknown.db --named measured
grep -q '"items":5\|,5$\| 5$' last.out || fail "what is measured is not shown: $(cat last.out)"

with_measured() { # FILE RANGES: the profile of unknown.db with measured ranges
    { echo "{\"measured\": {$2},"; sql unknown.db "SELECT profile FROM runs" | tail -n +2; } >"$1"
}
with_measured profile.json '"level_dbfs": [-40, -3], "bandwidth_hz": [6000, 8000], "active_share": [0.2, 0.95]'
status 0 "$VOXTRAWL" scan --model model --profile ./profile.json -o outside.db corpus
says "3 of 5 recordings lie outside what the model was measured on: bandwidth below 5.4 kHz (1), level below -43 dBFS (1), active share below 15 % (1); their scores mean less"
says "voxtrawl query outside.db --named outside"
outside() { # DB
    sql "$1" "SELECT name, outside FROM files WHERE outside IS NOT NULL ORDER BY name"
}
equal "what lies outside" "corpus/faint.wav|level below measured
corpus/noise.wav|active share below measured
corpus/telephone.wav|bandwidth below measured" "$(outside outside.db)"
equal "a picture" "|" "$(sql outside.db "SELECT level_dbfs, outside FROM items WHERE kind = 'image'")"
status 0 "$VOXTRAWL" query outside.db --named outside --format csv
equal "rows of the question" 4 "$(wc -l <last.out)"
scores unknown.db >a
scores outside.db >b
diff a b || fail "measured ranges changed a score"

# all inside: nothing is said; it is said with --quiet too
with_measured wide.json '"level_dbfs": [-90, 0], "bandwidth_hz": [250, 24000], "active_share": [0, 1]'
status 0 "$VOXTRAWL" scan --model model --profile ./wide.json -o inside.db corpus
if grep -q "measured on" last.err; then fail "a warning where all is inside"; fi
equal "items compared and inside" 5 "$(sql inside.db "SELECT count(*) FROM items WHERE outside = 0")"
status 0 "$VOXTRAWL" scan --model model --profile ./profile.json -o quiet.db --quiet corpus
says "3 of 5 recordings"

# merged, it is the same
status 0 "$VOXTRAWL" merge -o merged.db outside.db
equal "what lies outside of a merge" "$(outside outside.db)" "$(outside merged.db)"
echo "ok"
