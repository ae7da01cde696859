#!/usr/bin/env bash
# poison.sh - items that kill or stop every worker that takes them: found, given up after two, the rest is done
. "$(dirname "$0")/lib.sh"
make_corpus 12
export VX_FAKE_WINDOW_MS=2

given_up() { # COUNT
    equal "items given up" "$1" "$(sql killed.db "SELECT count(*) FROM items WHERE status = 'failed' AND error LIKE 'killed its worker twice: %'")"
    sql killed.db "SELECT error FROM items WHERE status = 'failed'" >errors.txt
    sql killed.db "SELECT count(*) FROM items WHERE status = 'scored'" >scored.txt
    equal "items scored" 12 "$(cat scored.txt)"
}

# One process, which dies of it: the third run of the same command is through.
make_still corpus/kills.wav 137
alone() {
    local got=0
    "$VOXTRAWL" scan --model model -o killed.db --work w --lease 64 --threads 1 --quiet corpus >ranks.out 2>&1 || got=$?
    echo $got
}
equal "the first run" 137 "$(alone)"
equal "the second run" 137 "$(alone)"
equal "the third run" 3 "$(alone)"
given_up 1
grep -q "died in attempt 1.*died in attempt 2" errors.txt || fail "it is not said what killed it: $(cat errors.txt)"

# Ranks that may die: two are lost, the others end the run.
rm killed.db
for _ in 1 2 3; do # as often again as rank 0 was one of them
    [ ! -e killed.db ] || break
    ranks 4 --enable-recovery --lost-after 3
    got=0
    wait $launcher || got=$?
done
[ -e killed.db ] || fail "no result: $(cat ranks.out)"
[ $got -ne 124 ] || fail "the ranks that are left have not ended: they wait for the dead"
given_up 1

# --retry-failed tries it again; without the file it is another failure.
rm killed.db
equal "once more" 137 "$(alone)"
equal "and again" 137 "$(alone)"
rm corpus/kills.wav
got=0
"$VOXTRAWL" scan --model model -o killed.db --work w --threads 1 --retry-failed corpus 2>retry.err || got=$?
equal "the status after a retry" 3 $got
grep -q "1 item that failed before is tried again" retry.err || fail "a retry does not say so: $(cat retry.err)"
grep -q "no longer there" retry.err || fail "a vanished file is not said: $(cat retry.err)"
equal "why it failed" 1 "$(sql killed.db "SELECT count(*) FROM items WHERE status = 'failed' AND error LIKE '%o such file%'")"
echo ok
