#!/usr/bin/env bash
# commands.sh - every command's help, its mistakes and its ordinary use
. "$(dirname "$0")/lib.sh"
need sqlite3

status 0 "$VOXTRAWL" --version
grep -q libsndfile last.out || fail "--version does not name libsndfile"
status 0 "$VOXTRAWL" --help
status 2 "$VOXTRAWL"
status 2 "$VOXTRAWL" frobnicate
"$VOXTRAWL" --help | awk '/^$/ { part++ } part == 2 && /^  / { print $1 }' >commands
[ "$(wc -l <commands)" -ge 12 ] || fail "--help lists few commands"
while read -r command; do
    status 0 "$VOXTRAWL" "$command" --help
    grep -q -- "usage: voxtrawl $command" last.out || fail "$command --help shows no usage"
    status 2 "$VOXTRAWL" "$command" --no-such-option
    says "--no-such-option"
done <commands

make_speech corpus
make_model model
status 0 "$VOXTRAWL" model model
grep -q UNTRAINED last.out || fail "an untrained model is not called that"
grep -q "label 0 .*real" last.out || fail "labels are not shown"
status 0 "$VOXTRAWL" scan --model model -o r.db corpus
says "UNTRAINED"
says "6 items"

status 0 "$VOXTRAWL" query r.db "SELECT count(*) AS n FROM items" --format csv
equal "a count" "$(printf 'n\n6')" "$(cat last.out)"
status 0 "$VOXTRAWL" query r.db "SELECT median(mean_fake) AS m, percentile(mean_fake, 50) AS p FROM items" --format json
status 2 "$VOXTRAWL" query r.db "DELETE FROM items"
status 2 "$VOXTRAWL" query r.db "SELEC 1"
status 2 "$VOXTRAWL" query r.db "SELECT :verdict"
says "has no value"
status 1 bash -c '"$1" query r.db "SELECT * FROM files" >/dev/full' bash "$VOXTRAWL"
says "No space left"
ln -s . link
equal "an answer through a pipe" 6 "$("$VOXTRAWL" query link/r.db "SELECT item FROM items" | tail -n +2 | wc -l)"
status 2 "$VOXTRAWL" query corpus "SELECT 1"
says "a folder"
echo "no sound" >$'\e[31mred\n.wav' # a terminal obeys no name
status 1 "$VOXTRAWL" inspect --model model $'\e[31mred\n.wav' -o never.png
says '\x1B[31mred\n.wav'
status 2 "$VOXTRAWL" query r.db --named nonsense
status 0 "$VOXTRAWL" query --named LIST r.db
for name in $(awk '/^  / { print $1 }' last.out); do
    status 0 "$VOXTRAWL" query r.db --named "$name"
done
status 0 "$VOXTRAWL" query --schema r.db
sqlite3 fresh.db <last.out || fail "the documented schema is no SQL"
status 1 "$VOXTRAWL" query nowhere.db "SELECT 1"
status 0 sqlite3 r.db "SELECT * FROM files; SELECT * FROM suspects; SELECT * FROM errors; PRAGMA integrity_check"

status 0 "$VOXTRAWL" inspect corpus/a/two.WAV -o two.png --model model
head -c 8 two.png | cmp - <(printf '\x89PNG\r\n\x1a\n') || fail "inspect wrote no PNG"
# what inspect prints is what scan stored
"$VOXTRAWL" inspect corpus/a/two.WAV -o two.png --model model | tail -n +2 | cut -f3 >inspect.real
sql r.db "SELECT printf('%.6f', logit_real) FROM windows JOIN items USING (item) WHERE path LIKE '%two.WAV' AND logit_real IS NOT NULL ORDER BY idx" >scan.real
diff <(grep . inspect.real) scan.real || fail "inspect and scan disagree"
status 1 "$VOXTRAWL" inspect nowhere.wav -o x.png --model model
says "nowhere.wav"

status 0 "$VOXTRAWL" bench --model model --seconds 0.05 --rounds 1 --batch 1 corpus/a/two.WAV
grep -q "front end" last.out || fail "bench shows no front end"
grep -q "stage 3, project and add" last.out || fail "bench shows no operations"
status 0 "$VOXTRAWL" bench --model model --seconds 0.02 --rounds 2 --batch 1 --format json corpus/a/two.WAV
equal "bench's JSON" "1|2|two.WAV|1" "$(sql :memory: "WITH r AS (SELECT readfile('last.out') AS j) SELECT json_valid(j), j ->> '$.rounds',
    replace(j ->> '$.decode[0].file', 'corpus/a/', ''), (SELECT count(*) > 15 FROM json_each(j, '$.operations')) FROM r")"
status 0 "$VOXTRAWL" bench --model model --seconds 0.01 --rounds 1 --batch 1 --network-only
grep -q "^network" last.out || fail "bench --network-only shows no network"
! grep -q "^front end" last.out || fail "bench --network-only shows a front end"
status 2 "$VOXTRAWL" bench --model model --format xml
says "--format xml"
status 0 "$VOXTRAWL" merge -o m.db r.db
equal "merged items" 6 "$(sql m.db 'SELECT count(*) FROM items')"
echo "ok"
