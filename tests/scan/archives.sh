#!/usr/bin/env bash
# archives.sh - archives of every kind, cut over ranks or kept together, in each other; hostile ones cost their own rows
. "$(dirname "$0")/lib.sh"
need mpirun sqlite3 tar zip bsdtar zstd bzip2 xz espeak-ng

make_speech corpus
make_model model
for i in 1 2 3 4 5 6 7 8; do
    espeak-ng -w "corpus/a/more$i.wav" "Sentence number $i."
done
scan() { # OUT OPTIONS... INPUT...
    local out=$1
    shift
    status 0 "$VOXTRAWL" scan --model model -o "$out" --quiet "$@"
}
ranks() { # OUT OPTIONS... INPUT...
    local out=$1
    shift
    status 0 mpirun --bind-to none --oversubscribe -n 2 "$VOXTRAWL" scan --model model -o "$out" --quiet --keep-work "$@"
}
same() { # DB WHAT
    scores "$1" >this.scores
    verdicts "$1" >this.verdicts
    diff one.scores this.scores >this.diff || { cat this.diff; fail "windows differ: $2"; }
    diff one.verdicts this.verdicts >this.diff || { cat this.diff; fail "items differ: $2"; }
}
scan one.db corpus
scores one.db >one.scores
verdicts one.db >one.verdicts

(cd corpus && tar -cf ../c.tar a b && zip -qr ../c.zip a b && bsdtar --format 7zip -cf ../c.7z a b)
for z in gz bz2 xz zst; do
    tar -C corpus -caf c.tar.$z a b
done
for archive in c.tar c.tar.gz c.tar.bz2 c.tar.xz c.tar.zst c.zip c.7z; do
    scan "$archive.db" "$archive"
    same "$archive.db" "$archive"
done
equal "members keep their path" 1 "$(sql c.7z.db "SELECT count(*) FROM items WHERE path LIKE '%c.7z' AND member = 'b/deeper/four.flac'")"

# plain tars are cut over ranks; the members of a packed one stay with one rank whatever --lease says
shards() { # WORK: items in each shard
    local shard
    for shard in "$1"/shard-*.db; do
        sql "$shard" "SELECT count(*) FROM items"
    done | sort -n | tr '\n' ' '
}
ranks cut.db --lease 1 c.tar
same cut.db "a tar over two ranks"
equal "members that any rank can read where they lie" 14 \
    "$(sql cut.db.work/items.db "SELECT count(*) FROM listed WHERE place >= 0 AND bundle = 0")"
for archive in c.tar.gz c.7z; do
    ranks "kept-$archive.db" --lease 1 "$archive"
    same "kept-$archive.db" "$archive with two ranks"
    equal "$archive is one lease" 14 "$(shards "kept-$archive.db.work" | tr ' ' '\n' | grep -v '^0*$' | tr '\n' ' ' | tr -d ' ')"
done

# a manifest that names members, packed and plain, and in an archive within
mkdir -p nest
cp c.zip nest/in.zip
tar -C corpus/b -czf nest/deeper.tgz deeper
tar -cf outer.tar nest
{
    echo path,member,speaker
    tar -tf c.tar | grep -v '/$' | LC_ALL=C sort -r | sed 's/^/c.tar.gz,/; s/$/,anna/'
} >members.csv
scan members.db members.csv
same members.db "a manifest of members, backwards"
equal "metadata of members" 14 "$(sql members.db "SELECT count(*) FROM metadata WHERE value = 'anna'")"
printf 'path,member\nouter.tar,nest/in.zip/b/six.wav\n' >nested.csv
scan nested.db nested.csv
equal "a member of an archive within" scored "$(sql nested.db "SELECT status FROM items")"

# archives in archives
mkdir -p shell
cp c.tar shell/c.tar
(cd shell && zip -q0r ../shell.zip .) && tar -czf shell.tgz shell && mkdir -p shell2 && cp shell.tgz shell2/ && tar -cf shell2.tar shell2
for archive in shell.zip shell.tgz shell2.tar; do
    ranks "$archive.db" "$archive"
    same "$archive.db" "$archive"
done
equal "names lead through the archives" 1 \
    "$(sql shell2.tar.db "SELECT count(*) FROM items WHERE member = 'shell2/shell.tgz/shell/c.tar/b/six.wav'")"
status 3 "$VOXTRAWL" scan --model model -o shallow.db --quiet --archive-depth 2 shell2.tar
equal "too deep" "shell2/shell.tgz/shell/c.tar not opened: archives lie 3 deep within each other here, more than --archive-depth 2" \
    "$(sql shallow.db "SELECT member || ' ' || error FROM items")"

# what is meant to do harm: one row each, and the recordings beside it are scored
cp corpus/b/six.wav ok.wav
ln -s /etc/passwd link.wav
ln ok.wav hard.wav
mkfifo pipe.wav
truncate -s 1T huge.wav
truncate -s 5000 hole.wav
tar -cSf bad.tar ok.wav hard.wav link.wav pipe.wav huge.wav hole.wav
rm huge.wav link.wav pipe.wav
tar -cPf tricks.tar --transform 's,^ok,/tmp/../../evil,' ok.wav
tar -rPf tricks.tar --transform 's,^ok,/etc/absolute,' ok.wav
head -c 5000 c.tar.gz >cut.tar.gz
status 3 "$VOXTRAWL" scan --model model -o bad.db --quiet bad.tar tricks.tar cut.tar.gz
row() { # MEMBER: status and error or warning
    sql bad.db "SELECT status || '|' || coalesce(error, warning, '') FROM items WHERE member = '$1' AND path NOT LIKE '%cut%'"
}
equal "a recording beside them" "scored|" "$(row ok.wav)"
for bad in "link.wav|is a symbolic link" "hard.wav|is a hard link" "pipe.wav|is a device, FIFO or socket" \
    "huge.wav|larger than the 1073741824 bytes" "hole.wav|."; do
    row "${bad%%|*}" | grep -q "^failed|.*${bad#*|}" || fail "${bad%%|*}: \"$(row "${bad%%|*}")\" does not say ${bad#*|}"
done
row /tmp/../../evil.wav | grep -q '^scored|its name in the archive is absolute' || fail "the name that leads out: $(row /tmp/../../evil.wav)"
row /etc/absolute.wav | grep -q '^scored|its name in the archive is absolute' || fail "the absolute name: $(row /etc/absolute.wav)"
equal "what is cut off is told once" 1 "$(sql bad.db "SELECT count(*) FROM items WHERE path LIKE '%cut.tar.gz' AND member IS NULL AND status = 'failed'")"
[ ! -e /tmp/evil.wav ] && [ ! -e /etc/absolute.wav ] || fail "something was written under a member's name"

# shards of WebDataset: sound and what belongs to it side by side
mkdir -p web
for i in 0 1 2; do
    cp ok.wav web/00$i.wav
    echo "{\"speaker\": \"anna\", \"take\": $i}" >web/00$i.json
    echo fake >web/00$i.cls
done
tar -C web --sort=name -cf web.tar .
scan web.db web.tar
equal "a WebDataset shard" 3 "$(sql web.db "SELECT count(*) FROM items WHERE status = 'scored'")"
echo "ok: $(wc -l <one.scores) windows equal from every kind of archive"
