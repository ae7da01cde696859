#!/usr/bin/env bash
# locked.sh - databases that somebody else has locked: an error that says which and what to do, or no need to wait; nothing
# committed is lost, and the same command ends with the same result
. "$(dirname "$0")/lib.sh"
make_corpus 30

hold() { # DB: locked by another process until let_go
    rm -f held said
    mkfifo held
    sqlite3 -batch -bail "$1" <held >said &
    holder=$!
    exec 9>held
    echo "PRAGMA busy_timeout = 5000; BEGIN EXCLUSIVE; SELECT 'mine';" >&9
    for _ in $(seq 1 200); do
        grep -q mine said && return
        sleep 0.05
    done
    fail "cannot lock $1"
}
let_go() {
    exec 9>&-
    wait $holder
}
scan() { # STATUS OPTIONS...
    local expected=$1
    shift
    status "$expected" timeout 100 "$VOXTRAWL" scan --model model -o killed.db --work w --lease 2 --threads 1 "$@" corpus
}
kept() { # the items that the shards have
    local shard n=0
    for shard in w/shard-*.db; do n=$((n + $(sql "$shard" 'SELECT count(*) FROM items'))); done
    echo $n
}
killed_in_the_middle() { # OPTIONS...: it ends with some items committed, not all
    rm -rf w killed.db
    VX_FAKE_WINDOW_MS=100 "$VOXTRAWL" scan --model model -o killed.db --work w --lease 2 --threads 1 --quiet "$@" corpus 2>killed.err &
    local scan=$!
    for _ in $(seq 1 600); do # the second lease is reported
        [ "$(cat w/hand-* 2>/dev/null | grep -c ^done)" -lt 2 ] || break
        sleep 0.02
    done
    kill -KILL $scan
    wait $scan 2>/dev/null || true
    committed=$(kept)
    [ "$committed" -gt 0 ] && [ "$committed" -lt 30 ] || fail "$committed items of 30 were committed before the kill"
}

# the list of items, at the start
killed_in_the_middle
hold w/items.db
scan 1
grep -q "w/items.db: .*locked; another process has it open; wait for that one or stop it" last.err || fail "a locked list: $(cat last.err)"
let_go
equal "items kept" "$committed" "$(kept)"
scan 0
same_as_whole "after a locked list"

# a shard of before: what is committed in it is read from a copy, since its writer may hang for good
for scratch in "" "--scratch sc"; do
    # shellcheck disable=SC2086 # words
    killed_in_the_middle $scratch
    hold w/shard-001-00000.db
    # shellcheck disable=SC2086 # words
    scan 0 $scratch
    says "1 shard is still locked"
    let_go
    same_as_whole "with a locked shard $scratch"
    [ ! -e w ] || fail "the work folder was left behind: $(ls w)"
done

# the list, in the middle
rm -f killed.db
VX_FAKE_WINDOW_MS=100 "$VOXTRAWL" scan --model model -o killed.db --work w --lease 2 --threads 1 --quiet corpus 2>middle.err &
scan=$!
shards 1
hold w/items.db
got=0
wait $scan || got=$?
equal "the status of a scan whose list is locked" 1 $got
grep -q "w/items.db: .*locked" middle.err || fail "a list locked in the middle: $(cat middle.err)"
let_go
scan 0
same_as_whole "after a list that was locked in the middle"

# the result that is to be replaced: said before anything is scanned, and it stays
cp killed.db before.db
hold killed.db
scan 1 --overwrite
grep -q "killed.db: .*locked" last.err || fail "a locked result: $(cat last.err)"
[ ! -e w ] || fail "a scan began whose result cannot be written"
let_go
cmp before.db killed.db || fail "a locked result was changed"
scan 0 --overwrite
same_as_whole "instead of a result that was locked"
echo ok
