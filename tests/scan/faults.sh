#!/usr/bin/env bash
# faults.sh - what goes wrong around a scan: outputs that cannot be, a full disk, ranks that do not fit, closed files
. "$(dirname "$0")/lib.sh"
need sqlite3 mpirun timeout

make_speech corpus
make_model model
scan() { # STATUS OPTIONS...
    local expected=$1
    shift
    status "$expected" timeout 60 "$VOXTRAWL" scan --model model --quiet "$@"
}
ranks() { # STATUS OPTIONS... : rank 0; then ": OPTIONS..." for rank 1
    local expected=$1 first=()
    shift
    while [ "$1" != : ]; do
        first+=("$1")
        shift
    done
    shift
    status "$expected" timeout 60 mpirun --bind-to none --oversubscribe -n 1 "$VOXTRAWL" scan --quiet "${first[@]}" : \
        -n 1 "$VOXTRAWL" scan --quiet "$@"
}
absent() {
    local file
    for file in "$@"; do
        [ ! -e "$file" ] || fail "$file is there"
    done
}

# An output that cannot be is refused before anything is scanned, and nothing is left behind.
echo mine >mine.db
scan 2 -o mine.db corpus
says "--overwrite"
scan 2 -o mine.db --overwrite corpus
says "mine.db: exists and is no result"
equal "the file" mine "$(cat mine.db)"
scan 2 -o corpus --overwrite corpus
says "corpus is a folder"
scan 2 -o corpus/a/one.wav --overwrite corpus
says "will not overwrite"
scan 2 -o '' corpus
scan 1 -o /proc/none.db --work w corpus
says "/proc/none.db"
scan 2 -o same.db --work same.db corpus
says "--work same.db"
scan 1 -o none.db --work mine.db corpus
says "mine.db"
scan 1 -o none.db --work mine.db/w corpus
absent w same.db none.db none.db.work mine.db.work corpus.work
scan 0 -o new/folder/out.db --work w corpus
equal "items" 6 "$(sql new/folder/out.db 'SELECT count(*) FROM items')"
scan 0 -o new/folder/out.db --overwrite corpus/b
equal "items after overwriting" 4 "$(sql new/folder/out.db 'SELECT count(*) FROM items')"

# The disk is full (here: no file may grow beyond 28 KB): the scan says so, keeps what it has, and goes on later.
scan 0 -o whole.db corpus
(
    trap '' XFSZ
    ulimit -f 28
    scan 1 -o full.db --lease 1 corpus
)
grep -qE 'full.db.work/.*(full|I/O)' last.err || fail "a full disk is not named: $(cat last.err)"
says "the same command goes on from there"
equal "times the reason is said" 1 "$(grep -c 'full.db.work/shard\|full.db.work/items' last.err)"
absent full.db
scan 0 -o full.db --lease 1 corpus
diff <(scores whole.db) <(scores full.db) || fail "the result after a full disk differs"

# A work folder that is damaged, or in use.
scan 0 -o none.db --work w --keep-work corpus && rm none.db && echo garbage >w/items.db
scan 1 -o none.db --work w corpus
says "w/items.db"
ranks 1 --model model -o none.db --work w corpus : --model model -o none.db --work w corpus
says "w/items.db"
rm -r w
mkdir w && exec 8>w/lock && flock 8
scan 1 -o none.db --work w corpus
says "another scan is working in this folder"
exec 8>&-
rm -r w
absent none.db

# A rank that cannot work, or would score differently, is left out: the rest do it all, and the job has succeeded.
ranks 0 --model model -o left.db corpus : --model no-model -o left.db corpus
says "rank 1 is lost: open no-model/config.json"
equal "times the reason is said" 1 "$(grep -c no-model last.err)"
equal "items" 6 "$(sql left.db 'SELECT count(*) FROM items WHERE status = "scored"')"
ranks 0 --model model -o hops.db corpus : --model model -o hops.db --hop 1 corpus
says 'hop_s 2 -> 1'
ranks 0 --model model -o works.db corpus : --model model -o works.db --work elsewhere corpus
says "file system that all hosts share"
for db in left hops works; do
    diff <(scores whole.db) <(scores $db.db) || fail "the result of one rank of two differs: $db"
done
# What rank 0 refuses is refused with its status.
ranks 2 --model model -o left.db corpus : --model model -o left.db corpus
says "--overwrite"
ranks 1 --model no-model -o none.db corpus : --model no-model -o none.db corpus
equal "times the reason is said" 1 "$(grep -c no-model last.err)"

# stdout is empty; what is said elsewhere than on a terminal is lines; without stderr nothing is said into other files.
status 0 "$VOXTRAWL" scan --model model -o out.db corpus
[ ! -s last.out ] || fail "scan writes to stdout"
if grep -q $'[\r\033]' last.err; then fail "control characters where stderr is no terminal"; fi
got=0
"$VOXTRAWL" scan --model model -o closed.db --overwrite corpus <&- >&- 2>&- || got=$?
equal "the status without stdin, stdout and stderr" 0 $got
diff <(scores whole.db) <(scores closed.db) || fail "the result without stderr differs"
equal "integrity" ok "$(sql closed.db 'PRAGMA integrity_check')"

# Nothing to scan.
mkdir empty
status 0 "$VOXTRAWL" scan --model model -o empty.db empty
says "no recordings found"
equal "items" 0 "$(sql empty.db 'SELECT count(*) FROM items')"
echo "ok"
