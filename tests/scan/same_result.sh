#!/usr/bin/env bash
# same_result.sh - the result depends on the sound, the model and the profile: not on ranks, threads, batch, lease or container
. "$(dirname "$0")/lib.sh"
need mpirun sqlite3 tar zip

make_speech corpus
make_model model
scan() { # OUT OPTIONS... -- INPUT...
    local out=$1
    shift
    status 0 "$VOXTRAWL" scan --model model -o "$out" --quiet "$@"
}

scan one.db corpus
scores one.db >one.scores
verdicts one.db >one.verdicts
[ "$(wc -l <one.scores)" -ge 12 ] || fail "only $(wc -l <one.scores) windows in the corpus"
equal "items" 6 "$(sql one.db 'SELECT count(*) FROM items WHERE status = "scored"')"

same() { # DB WHAT
    scores "$1" >this.scores
    verdicts "$1" >this.verdicts
    diff one.scores this.scores >this.diff || { cat this.diff; fail "windows differ: $2"; }
    diff one.verdicts this.verdicts >this.diff || { cat this.diff; fail "items differ: $2"; }
}

for ranks in 1 2 4; do
    status 0 mpirun --bind-to none --oversubscribe -n $ranks "$VOXTRAWL" scan --model model -o ranks$ranks.db --quiet --lease 1 corpus
    same ranks$ranks.db "$ranks ranks"
done
for batch in 1 7 32; do
    scan batch$batch.db --batch $batch --threads 3 corpus
    same batch$batch.db "batch $batch"
done

(cd corpus && find . -type f | LC_ALL=C sort) >list.txt
sed "s|^\./|corpus/|" list.txt >manifest.txt
scan manifest.db manifest.txt
same manifest.db "a manifest"
{ echo "speaker,path"; sed 's|^corpus/|somebody,corpus/|' manifest.txt; } >manifest.csv
gzip -kn manifest.csv
scan csv.db manifest.csv.gz
same csv.db "a compressed manifest with columns"
equal "metadata" "6 somebody" "$(sql csv.db 'SELECT count(*) || " " || min(value) FROM metadata WHERE key = "speaker"')"

tar -C corpus -cf corpus.tar a b
tar -C corpus -czf corpus.tar.gz a b
(cd corpus && zip -qr ../corpus.zip a b)
for archive in corpus.tar corpus.tar.gz corpus.zip; do
    scan "$archive.db" "$archive"
    same "$archive.db" "$archive"
done

# and the arithmetic is the only thing that --precision changes
scan fp32.db --precision fp32 corpus
equal "windows in float32" "$(wc -l <one.scores)" "$(sql fp32.db 'SELECT count(*) FROM windows')"

# results of parts merge into the result of the whole
scan part1.db corpus/a
scan part2.db corpus/b
status 0 "$VOXTRAWL" merge -o merged.db part1.db part2.db
same merged.db "merged parts"

# and what was scored in another way is not mixed with it
scan hop.db --hop 1 corpus/b
status 2 "$VOXTRAWL" merge -o mixed.db part1.db hop.db
if [ "$(sql one.db 'SELECT precision FROM runs')" != fp32 ]; then # that of a processor without bf16
    status 2 "$VOXTRAWL" merge -o mixed.db part1.db fp32.db
fi
echo "ok: $(wc -l <one.scores) windows equal in every way of scanning"
