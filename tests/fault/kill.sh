#!/usr/bin/env bash
# kill.sh PROGRAM SCRATCH [RUNS [SEED]] - a random rank is killed at a random moment; the same command then ends with the same
# result as a scan that nobody disturbed. Every run is decided by its seed alone, which is printed.
. "$(dirname "$0")/lib.sh"
runs=${3:-10}
seed=${4:-${VX_TEST_SEED:-$((RANDOM * 32768 + RANDOM))}}
echo "VX_TEST_SEED=$seed"
make_corpus 40
export VX_FAKE_WINDOW_MS=15

again=0
for run in $(seq 1 "$runs"); do
    RANDOM=$(((seed + 7919 * run) % 32768))
    : $RANDOM $RANDOM # the first ones of near seeds are near
    n=$((1 + RANDOM % 4))
    victim=$((RANDOM % 3 == 0 ? 0 : RANDOM % n))
    recovery=''
    [ $((RANDOM % 2)) -eq 0 ] || recovery=--enable-recovery
    delay=$((RANDOM % 1800))
    what="run $run, seed $seed: rank $victim of $n after $delay ms $recovery"
    rm -rf w killed.db
    ranks $n "$recovery" --lost-after 3
    pids $n
    # a rank that dies before MPI has started hangs mpirun where ranks may die
    [ -z "$recovery" ] || shards $n
    sleep "$(printf '%d.%03d' $((delay / 1000)) $((delay % 1000)))"
    kill -KILL "$(cat pid.$victim)" 2>/dev/null || true
    wait $launcher || true
    for _ in 1 2 3; do
        [ ! -e killed.db ] || break
        again=$((again + 1))
        ranks $n '' --lost-after 30
        wait $launcher || { cat ranks.out >&2; fail "the next run of the same command fails: $what"; }
    done
    same_as_whole "$what"
    [ ! -e w/items.db ] || fail "the work folder was left behind: $what"
done
echo "ok: $runs runs, $again of them ended by a second one"
