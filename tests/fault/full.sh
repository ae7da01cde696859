#!/usr/bin/env bash
# full.sh - a small disk for the work folder, for the result, for --scratch: full in the middle, or not to be written at all. The
# error names the file and what to do, what was committed is kept, and with room the same command ends with the same result.
self=$(realpath "$0")
. "$(dirname "$0")/lib.sh"
if [ -z "${VX_OWN_MOUNTS:-}" ]; then
    export VX_OWN_MOUNTS=1
    for how in -m -rm; do # as root, or as root of a name space
        if unshare $how sh -c "mkdir -p probe && mount -t tmpfs -o size=16k none probe" 2>mount.err; then
            exec unshare $how bash "$self" "$VOXTRAWL" "$PWD"
        fi
    done
    skip "small disks need the right to mount: $(head -1 mount.err)"
fi

make_corpus 24
# many windows, so that there is something to store
scan() { # STATUS OPTIONS...
    local expected=$1
    shift
    # shellcheck disable=SC2086 # nothing, or mpirun and its options
    status "$expected" timeout 100 ${launcher:-} "$VOXTRAWL" scan --model model --window 0.1 --hop 0.02 --lease 2 --threads 1 "$@" corpus
}
launcher=''
scan 0 -o whole.db --overwrite --work w --keep-work
scores whole.db >whole.scores
verdicts whole.db >whole.verdicts
list_kb=$(($(stat -c %s w/items.db) / 1024))
base_kb=48 # a shard without items
data_kb=$(($(stat -c %s w/shard-001-00000.db) / 1024 - base_kb))
[ $data_kb -ge $base_kb ] || fail "the items take $data_kb kB, too little to tell"
result_kb=$(($(stat -c %s whole.db) / 1024))
rm -r w

disk() { # FOLDER KILOBYTES
    mkdir -p "$1"
    mount -t tmpfs -o size="$2"k none "$1"
}
grow() { # FOLDER
    mount -o remount,size=64m "$1"
}
drop() { # FOLDER
    umount "$1"
    rmdir "$1"
}
kept() { # WORK: the items that its shards have
    local shard n=0
    for shard in "$1"/shard-*.db; do [ ! -s "$shard" ] || n=$((n + $(sql "$shard" 'SELECT count(*) FROM items'))); done
    echo $n
}
# The last scan failed for want of room and has kept what it had.
is_kept() { # FILE WORK FROM: at least FROM items
    grep -qE "$1.*(full|No space left).*same command again" last.err || fail "$(cat last.err): does not name $1 and what to do"
    says "what is done is kept in $2, the same command goes on from there"
    [ ! -e killed.db ] || fail "there is a result: $1"
    committed=$(kept "$2")
    [ "$committed" -ge "$3" ] && [ "$committed" -le 24 ] || fail "$committed items are kept: $1"
}
goes_on() { # WHAT OPTIONS...
    local what=$1
    shift
    scan 0 "$@"
    same_as_whole "$what"
    rm killed.db
}

for launcher in "" "mpirun --bind-to none --oversubscribe -n 2"; do
    ranks=$([ -z "$launcher" ] && echo 1 || echo 2)
    # the disk of the work folder, for shards and for pieces of them; a piece is there twice while it is replaced
    disk d $((list_kb + base_kb * ranks + data_kb / 2))
    scan 1 -o killed.db --work d/w
    is_kept d/w/ d/w 2
    grow d
    goes_on "after a full disk, $ranks ranks" -o killed.db --work d/w
    [ ! -e d/w ] || fail "the work folder was left behind"
    drop d

    disk d $((list_kb + base_kb * (ranks + 1) + data_kb * 3 / 4))
    mkdir sc
    scan 1 -o killed.db --work d/w --scratch sc
    is_kept d/w/shard-001-0000 d/w 2
    [ -z "$(ls sc)" ] || fail "something is left in scratch: $(ls sc)"
    grow d
    goes_on "pieces after a full disk, $ranks ranks" -o killed.db --work d/w --scratch sc
    [ ! -e d/w ] || fail "the work folder was left behind: $(ls d/w)"
    [ -z "$(ls sc)" ] || fail "something is left in scratch: $(ls sc)"
    rmdir sc
    drop d
done
launcher=''

# scratch itself; the scan then goes on without
disk sc $((base_kb + data_kb / 2))
scan 1 -o killed.db --work w --scratch sc
is_kept sc/voxtrawl- w 2
goes_on "without scratch after a full one" -o killed.db --work w
drop sc

# too small for the list of items
disk d 12
scan 1 -o killed.db --work d/w
is_kept d/w/items.db d/w 0
grow d
goes_on "after a disk that was full at the start" -o killed.db --work d/w
drop d

# the result's disk: the scan is done, and need not be done again
disk d $((result_kb / 2))
scan 1 -o d/killed.db --work w
is_kept d/killed.db w 24
[ -z "$(ls d)" ] || fail "half a result is left: $(ls d)"
grow d
goes_on "a result after a full disk" -o killed.db --work w
drop d

# not to be written: said before anything is scanned
disk d 1024
mount -o remount,ro d
for what in "-o d/killed.db --work w" "-o killed.db --work d/w" "-o killed.db --work w --scratch d" "-o killed.db --work w --scratch d/s"; do
    # shellcheck disable=SC2086 # words
    scan 1 $what
    grep -qE "d(/| ).*Read-only file system" last.err || fail "a read-only disk is not named: $what: $(cat last.err)"
    [ ! -e killed.db ] || fail "there is a result: $what"
    [ ! -e w ] || equal "items scanned with $what" 0 "$(kept w)"
    rm -rf w
done
mount -o remount,rw d
goes_on "where it can be written again" -o killed.db --work d/w --scratch d/s
drop d
echo ok
