#!/usr/bin/env bash
# verify.sh - evidence: files, members, model and database are checked against what a scan with --custody has stored
. "$(dirname "$0")/lib.sh"
need sqlite3 tar zip cmp

make_model model
mkdir -p corpus/sub
for i in 1 2 3 4; do make_noise corpus/$i.wav $((400 * i)); done
cp corpus/1.wav corpus/sub/copy.wav
tar -C corpus -cf packed.tar 1.wav 2.wav
(cd corpus && zip -q ../packed.zip 3.wav)
status 0 "$VOXTRAWL" scan --model model -o evidence.db --custody --dedupe corpus packed.tar packed.zip

equal "SHA-256 of a file" "sha256:$(sha256sum <corpus/2.wav | cut -d' ' -f1)" "$(sql evidence.db "SELECT hash FROM items WHERE path = 'corpus/2.wav'")"
equal "and of that in an archive" 1 "$(sql evidence.db "SELECT count(DISTINCT hash) FROM items WHERE coalesce(member, path) LIKE '%2.wav'")"
equal "what the run says" "1 $(sha256sum <model/model.safetensors | cut -d' ' -f1)" "$(sql evidence.db 'SELECT custody || " " || model_sha256 FROM runs')"
revision=$(sql evidence.db 'SELECT coalesce(revision, "") FROM runs')
case $revision in
'') says "this program does not know its own" ;;
*-dirty) says "changed since" ;;
*) [ ${#revision} -eq 40 ] || fail "a revision in full, expected 40 digits: $revision" ;;
esac

verify() { # STATUS OPTIONS...
    status "$1" "$VOXTRAWL" verify evidence.db "${@:2}"
}
tells() { # TEXT: the report holds it
    grep -qF -- "$1" last.out || {
        cat last.out >&2
        fail "the report does not say \"$1\""
    }
}
verify 0
tells "items       8: 8 equal, 0 changed, 0 missing, 0 unreadable, 0 not hashed"
tells "model       $PWD/model: equal"

# one bit of one file; one file gone; a member changed, another gone; an archive cut off
cp corpus/2.wav keep.wav
printf '\001' | dd of=corpus/2.wav bs=1 seek=600 conv=notrunc 2>/dev/null
cmp -s keep.wav corpus/2.wav && printf '\002' | dd of=corpus/2.wav bs=1 seek=600 conv=notrunc 2>/dev/null
verify 3 --threads 1
tells "changed     corpus/2.wav: sha256:$(sha256sum <corpus/2.wav | cut -d' ' -f1), was sha256:$(sha256sum <keep.wav | cut -d' ' -f1)"
tells "items       8: 7 equal, 1 changed"
mv corpus/sub/copy.wav elsewhere.wav
tar -C corpus -cf packed.tar 2.wav
head -c 300 packed.zip >cut.zip
mv cut.zip packed.zip
verify 3 --format csv
tells "missing,corpus/sub/copy.wav"
tells "changed,packed.tar,2.wav,"
tells "missing,packed.tar,1.wav,"
tells "unreadable,packed.zip,3.wav,"
verify 3 --format json
tells '"counts": {"equal": 3, "changed": 2, "missing": 2, "unreadable": 1, "not hashed": 0}'
mv keep.wav corpus/2.wav
mv elsewhere.wav corpus/sub/copy.wav
tar -C corpus -cf packed.tar 1.wav 2.wav
(cd corpus && rm ../packed.zip && zip -q ../packed.zip 3.wav)
verify 0

# members of a packed archive in another order than it has them, as a merge leaves them; damaged behind the first of them; replaced
mkdir packed
for i in $(seq 40); do make_noise packed/$i.wav 1000; done
tar -C packed -czf order.tar.gz $(for i in $(seq 40 -1 1); do echo $i.wav; done)
for k in 1 2; do status 0 "$VOXTRAWL" scan --model model --part $k/2 -o part$k.db --custody order.tar.gz; done
status 0 "$VOXTRAWL" merge -o order.db part1.db part2.db
reads() { awk '/^rchar/ {print $2}' /proc/$$/io; } # bytes that what has ended here has read
mv order.tar.gz whole.tar.gz
before=$(reads)
status 3 "$VOXTRAWL" verify order.db --threads 1
tells "items       40: 0 equal, 0 changed, 40 missing"
gone=$(($(reads) - before))
mv whole.tar.gz order.tar.gz
before=$(reads)
status 0 "$VOXTRAWL" verify order.db --threads 1
tells "items       40: 40 equal"
passes=$((100 * ($(reads) - before - gone) / $(stat -c %s order.tar.gz)))
[ "$passes" -ge 150 ] && [ "$passes" -le 300 ] || fail "verify read $passes % of the archive, expected twice as much as is in it"
cp order.tar.gz whole.tar.gz
head -c 400000 whole.tar.gz >order.tar.gz
status 3 "$VOXTRAWL" verify order.db
tells "unreadable  order.tar.gz, 1.wav: broken archive"
! grep -q '^missing' last.out || fail "members behind the damage: $(cat last.out)"
tar -C packed -czf order.tar.gz 7.wav
status 3 "$VOXTRAWL" verify order.db
tells "items       40: 1 equal, 0 changed, 39 missing"
tells "missing     order.tar.gz, 9.wav: no such member"
echo "no archive" >order.tar.gz
status 3 "$VOXTRAWL" verify order.db
tells "items       40: 0 equal, 0 changed, 0 missing, 40 unreadable"

# moved
mkdir moved
mv corpus packed.* moved/
verify 3
tells "8 missing"
verify 0 --root corpus=moved/corpus --root =moved
verify 0 --root "=$PWD/moved" --threads 3
verify 2 --root moved
verify 2 --format xml

# the model: elsewhere, another one
mv model other
verify 0 --root =moved
tells "model: not there, not checked"
verify 0 --root =moved --model other
status 0 "$VOXTRAWL" model changed --generate atto --seed 8
verify 3 --root =moved --model changed
tells "changed: changed: sha256"
verify 3 --root =moved --model nowhere

# the database itself
cp evidence.db damaged.db
sql damaged.db "UPDATE runs SET profile = replace(profile, '{', '{ ')"
status 1 "$VOXTRAWL" verify damaged.db
says "its profile is not the one whose SHA-256 it has"
cp evidence.db damaged.db
page=$(sql damaged.db 'PRAGMA page_size')
pages=$(sql damaged.db 'PRAGMA page_count')
head -c $((2 * page)) /dev/zero | tr '\0' '\377' | dd of=damaged.db bs="$page" seek=$((pages - 3)) conv=notrunc 2>/dev/null
status 1 "$VOXTRAWL" verify damaged.db
says "damaged"
sql evidence.db 'UPDATE items SET hash = NULL WHERE item = 1'
verify 3 --root =moved
tells "changed     corpus/1.wav: was scanned with --custody, and has no SHA-256 in the database"
tells "items       8: 7 equal, 1 changed"
sql evidence.db "UPDATE items SET hash = 'xxh3:0123456789abcdef0123456789abcdef' WHERE item = 1"
verify 3 --root =moved
tells "items       8: 7 equal, 1 changed"
sql evidence.db 'UPDATE items SET hash = NULL'
verify 1
says "none of its 8 items has a hash"
status 2 "$VOXTRAWL" verify
status 2 "$VOXTRAWL" verify moved/packed.tar
echo "ok"
