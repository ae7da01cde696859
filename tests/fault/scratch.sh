#!/usr/bin/env bash
# scratch.sh PROGRAM SCRATCH [RUNS] - a node with shards on its own disk dies, disk and all, at a random moment; the same command,
# with --scratch or without, elsewhere or there, ends with the same result. Nothing stays in the scratch folders.
. "$(dirname "$0")/lib.sh"
runs=${3:-2}
seed=${VX_TEST_SEED:-$((RANDOM * 32768 + RANDOM))}
echo "VX_TEST_SEED=$seed"
RANDOM=$((seed % 32768))
make_corpus 30
export VX_FAKE_WINDOW_MS=15

again=0
for run in $(seq 1 "$runs"); do
    rm -rf w killed.db
    n=$((1 + RANDOM % 3))
    first=(--scratch node1/deep)
    [ "$run" -ne 1 ] || first=() # begun without
    delay=$((RANDOM % 1200))
    what="run $run, seed $seed: $n ranks after $delay ms, first ${first[*]}"
    ranks $n '' --lost-after 3 "${first[@]}"
    pids $n
    shards $n
    sleep "$(printf '%d.%03d' $((delay / 1000)) $((delay % 1000)))"
    # shellcheck disable=SC2046 # numbers
    kill -KILL $(cat pid.*) 2>/dev/null || true
    wait $launcher || true
    [ ! -d node1 ] || equal "files left in scratch by the dead, $what" "" "$(find node1 -type f)"
    equal "write-ahead logs and shared memory, $what" "" "$(find . -name "*-wal" -o -name "*-shm")"
    rm -rf node1
    if [ ! -e killed.db ]; then
        again=$((again + 1))
        second=(--scratch node2)
        [ $((run % 2)) -eq 1 ] || second=() # gone on without
        ranks $((1 + RANDOM % 2)) '' --lost-after 30 "${second[@]}"
        wait $launcher || { cat ranks.out >&2; fail "the next run fails: $what, then ${second[*]}"; }
        [ ! -e w ] || fail "the work folder was left behind: $what: $(ls w)"
    fi # else killed when its result was there, and its work folder perhaps still is
    same_as_whole "$what"
    [ ! -d node2 ] || equal "files left in scratch, $what" "" "$(find node2 -type f)"
done
echo "ok: $runs runs, $again of them ended by a second one"

# a rank whose scratch cannot be used costs itself, not the scan; alone it says what is wrong
rm -rf killed.db
echo mine >file
unset VX_FAKE_WINDOW_MS
status 0 timeout 60 mpirun --bind-to none --oversubscribe -n 1 "$VOXTRAWL" scan --model model -o killed.db --quiet --scratch good corpus : \
    -n 1 "$VOXTRAWL" scan --model model -o killed.db --quiet --scratch file/of corpus
says "rank 1 is lost: create directory file"
same_as_whole "one rank's scratch is a file"
status 1 "$VOXTRAWL" scan --model model -o none.db --quiet --scratch file corpus
says "create directory file: Not a directory"
