#!/usr/bin/env bash
# hang.sh - a rank that is stopped past the deadline loses its items and its shard to the others, and ends when it wakes
. "$(dirname "$0")/lib.sh"
make_corpus 30
export VX_FAKE_WINDOW_MS=100

ranks 3 --enable-recovery --lost-after 3
pids 3
shards 3
sleep 0.3
kill -STOP "$(cat pid.1)"
for _ in $(seq 1 600); do
    [ ! -e killed.db ] || break
    sleep 0.1
done
[ -e killed.db ] || fail "no result while a rank is stopped: $(cat ranks.out)"
same_as_whole "while rank 1 is stopped"
kill -CONT "$(cat pid.1)"
got=0
wait $launcher || got=$?
equal "the launcher's status after it woke" 0 $got
grep -q "rank 1 on .* is lost\|rank 1 is lost" ranks.out || fail "a lost rank is not said: $(cat ranks.out)"
[ ! -e w/items.db ] || fail "the work folder was left behind: $(ls w)"
echo ok
