#!/usr/bin/env bash
# parts.sh - scan --part: the parts of a corpus, scanned apart and merged, are the whole; each item is in one of them
. "$(dirname "$0")/../scan/lib.sh"
need sqlite3 tar

make_speech corpus/few
make_model model
tar -C corpus -cf corpus/members.tar few
echo "path,who
few/a/one.wav,anna
few/missing.wav,bert" >corpus/list.csv
scan() { # OPTIONS...: done, though some items fail, in the parts that have them
    local got=0
    "$VOXTRAWL" scan --model model --quiet "$@" corpus corpus/list.csv nowhere 2>last.err || got=$?
    [ $got -eq 0 ] || [ $got -eq 3 ] || fail "status $got: $(cat last.err)"
}
scan -o whole.db
for k in 1 2 3; do
    scan -o $k.db --part $k/3
    [ "$(sql $k.db 'SELECT count(*) FROM items')" -lt "$(sql whole.db 'SELECT count(*) FROM items')" ] || fail "part $k is the whole"
done
status 0 "$VOXTRAWL" merge -o merged.db 1.db 2.db 3.db
says " 0 items were there more than once"
content() { # DB
    scores "$1"
    verdicts "$1"
    sql "$1" "SELECT path, member, key, value FROM metadata JOIN items USING (item) ORDER BY 1, 2, 3"
}
content whole.db >whole.txt
content merged.db >merged.txt
cmp whole.txt merged.txt || fail "parts merged are not the whole"
# a part is the same whatever the others are doing, and whatever comes to the corpus
mv corpus/few/a/one.wav aside.wav
cp aside.wav corpus/few/a/zero.wav
scan -o again.db --part 2/3
sql 2.db "SELECT path, member FROM items WHERE path NOT LIKE '%one.wav' ORDER BY 1, 2" >before
sql again.db "SELECT path, member FROM items WHERE path NOT LIKE '%one.wav' AND path NOT LIKE '%zero.wav' ORDER BY 1, 2" >after
cmp before after || fail "items went from one part to another"
status 2 "$VOXTRAWL" scan --model model -o x.db --part 4/3 corpus
says "--part 4/3: expected K/N"
# more parts than items: an empty one is a result too
status 0 "$VOXTRAWL" scan --model model -o empty.db --part 1/99999 --quiet corpus/few/b
status 0 "$VOXTRAWL" merge -o with.db 1.db 2.db 3.db empty.db
equal "items with an empty part" "$(sql whole.db 'SELECT count(*) FROM items')" "$(sql with.db 'SELECT count(*) FROM items')"
echo ok
