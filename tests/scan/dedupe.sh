#!/usr/bin/env bash
# dedupe.sh - identical content is scored once, whatever it is called and however it is scanned; hashes are of bytes or of samples
. "$(dirname "$0")/lib.sh"
need mpirun sqlite3 sndfile-convert tar timeout

make_model model
mkdir -p corpus/a corpus/b/deeper
for i in 1 2 3 4 5; do make_noise corpus/a/$i.wav $((1000 * i + 300)); done
cp corpus/a/{1,2,3}.wav corpus/b/
cp corpus/a/1.wav corpus/b/deeper/same-again.WAV
cp corpus/a/4.wav corpus/b/same-bytes.al # another extension is read in another way: no copy
sndfile-convert corpus/a/5.wav corpus/b/same-sound.flac
echo "no sound" >corpus/a/broken.wav
cp corpus/a/broken.wav corpus/b/broken-too.wav
tar -C corpus -cf corpus/b/copy.tar a/2.wav a/5.wav

scan() { # STATUS OUT OPTIONS...
    status "$1" "$VOXTRAWL" scan --model model -o "$2" "${@:3}" corpus
}
# everything in the result but what is said of the run itself
rows() { # DB
    sql "$1" "SELECT * FROM items ORDER BY item; SELECT item, idx, start_ms, printf('%!.17g', logit_real), printf('%!.17g', logit_fake), flags
        FROM windows ORDER BY item, idx"
}

scan 3 plain.db
equal "items hashed" "15 15" "$(sql plain.db "SELECT count(*) || ' ' || count(hash) FROM items WHERE hash LIKE 'xxh3:%' AND length(hash) = 37")"
equal "copies without --dedupe" 0 "$(sql plain.db 'SELECT count(same_as) FROM items')"
scan 3 once.db --dedupe
says "7 of them copies of others"
rows once.db >once.rows
equal "copies" "1.wav:1.wav 2.wav:2.wav 3.wav:3.wav broken-too.wav:broken.wav a/2.wav:2.wav a/5.wav:5.wav same-again.WAV:1.wav" \
    "$(sql once.db "SELECT group_concat(pair, ' ') FROM (SELECT replace(coalesce(c.member, replace(c.path, rtrim(c.path, replace(c.path, '/', '')), '')), 'x/', '')
        || ':' || replace(o.path, 'corpus/a/', '') AS pair FROM items c JOIN items o ON o.item = c.same_as ORDER BY c.item)")"
equal "windows of copies" 0 "$(sql once.db 'SELECT count(*) FROM windows JOIN items USING (item) WHERE same_as IS NOT NULL')"
equal "items unlike those of a scan without --dedupe" "" \
    "$(sql once.db "ATTACH 'plain.db' AS p; SELECT i.path FROM items i JOIN p.items o USING (item) WHERE NOT (i.status = o.status AND i.hash = o.hash
        AND i.verdict IS o.verdict AND i.mean_fake IS o.mean_fake AND i.duration_s IS o.duration_s AND i.format IS o.format AND i.error IS o.error)")"
[ "$("$VOXTRAWL" query once.db --named duplicates --format csv | wc -l)" -gt 8 ] || fail "--named duplicates does not tell of them all"

others="1 3"
case $("$VOXTRAWL" --version) in *Debug*) others='' ;; esac # sanitizers are slow, and what follows the ranks is mostly the same again
for ranks in 2 $others; do # each lease a single item: equal ones are in different hands at once
    status 3 mpirun --bind-to none --oversubscribe -n "$ranks" "$VOXTRAWL" scan --model model -o ranks.db --overwrite --dedupe --lease 1 corpus
    rows ranks.db | diff once.rows - >this.diff || fail "$ranks ranks make another result: $(cat this.diff)"
done

[ -n "$others" ] || {
    echo "ok: the first part; the rest is not for sanitizers"
    exit 0
}

# killed twice: what was left to others is found again; the second time before it comes to what it had in hand the first time, which it
# leaves for last: an item that is in hand at two deaths is given up (tests/fault/poison.sh)
begin=${EPOCHREALTIME/[.,]/}
scan 3 whole.db --dedupe --lease 1 --threads 1
whole=$((${EPOCHREALTIME/[.,]/} - begin))
for percent in 40 50; do
    ! timeout -s KILL "$(part $percent $whole)" "$VOXTRAWL" scan --model model -o killed.db --work w --dedupe --lease 1 --threads 1 corpus 2>/dev/null || break
done
[ -e killed.db ] || scan 3 killed.db --work w --dedupe
rows killed.db | diff once.rows - >this.diff || fail "a scan that was killed makes another result: $(cat this.diff)"

# stopped by a disk that holds one shard alone, say: all but the copies are gone; and then a file has changed
scan 3 kept.db --dedupe --work kept --keep-work
shard=$(ls kept/shard-*.db)
first=$(sql once.db "SELECT item FROM items WHERE path = 'corpus/a/1.wav'")
sql "$shard" "DELETE FROM windows WHERE item = $first; DELETE FROM items WHERE item = $first"
rm kept.db
status 0 "$VOXTRAWL" status kept --format json
grep -qF '"done": 14,' last.out || fail "status does not count what was left to others: $(cat last.out)"
scan 3 kept.db --dedupe --work kept --keep-work
rows kept.db | diff once.rows - >this.diff || fail "copies of an item that is lost: $(cat this.diff)"
rm kept.db
scan 3 kept.db --dedupe --work kept --keep-work --retry-failed
says "1 item that failed before is tried again"
rows kept.db | diff once.rows - >this.diff || fail "a file that fails again, with its copy: $(cat this.diff)"
rm kept.db
cp corpus/a/3.wav keep.wav
make_noise corpus/a/3.wav 2100
scan 3 kept.db --dedupe --work kept --keep-work
says "1 item has changed"
equal "the copy of a file that changed" "scored 0" "$(sql kept.db "SELECT status || ' ' || coalesce(same_as, 0) FROM items WHERE path = 'corpus/b/3.wav'")"
rm kept.db
status 2 "$VOXTRAWL" scan --model model -o kept.db --work kept --hash pcm corpus
says "whose hashes are xxh3, not pcm-xxh3"
mv keep.wav corpus/a/3.wav

# one content, whichever lossless format holds it
scan 3 pcm.db --hash pcm --dedupe
equal "the same sound" "corpus/a/5.wav" "$(sql pcm.db "SELECT o.path FROM items c JOIN items o ON o.item = c.same_as WHERE c.path LIKE '%same-sound.flac'")"
equal "hashes of what is no sound" 0 "$(sql pcm.db "SELECT count(hash) FROM items WHERE status = 'failed'")"
scan 3 beside.db --hash pcm
equal "hashes beside decoding and before it" "" \
    "$(sql pcm.db "ATTACH 'beside.db' AS b; SELECT i.path FROM items i JOIN b.items o USING (item) WHERE i.hash IS NOT o.hash")"

# parts of a corpus that were scanned apart, merged
status 3 "$VOXTRAWL" scan --model model -o a.db --dedupe corpus/a
status 3 "$VOXTRAWL" scan --model model -o b.db --dedupe corpus/b
status 0 "$VOXTRAWL" merge -o merged.db a.db b.db
equal "copies in a merge of parts" 7 "$(sql merged.db 'SELECT count(same_as) FROM items')"
equal "windows of a merge of parts" "$(sql once.db 'SELECT count(*) FROM windows')" "$(sql merged.db 'SELECT count(*) FROM windows')"

for refused in "--hash md5" "--dedupe --hash none" "--custody --hash pcm"; do
    # shellcheck disable=SC2086 # these are words
    status 2 "$VOXTRAWL" scan --model model -o never.db $refused corpus
done
echo "ok: $(sql once.db 'SELECT count(*) FROM items') items, $(sql once.db 'SELECT count(*) FROM items WHERE same_as IS NULL') scored"
