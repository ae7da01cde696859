#!/usr/bin/env bash
# dedupe.sh PROGRAM SCRATCH [RUNS [SEED]] - ranks that share out copies of a few recordings, one of which is killed at a random
# moment: the others, or else the same command, end with what an undisturbed scan with --dedupe has, bit for bit
. "$(dirname "$0")/lib.sh"
runs=${3:-2}
seed=${4:-${VX_TEST_SEED:-$((RANDOM * 32768 + RANDOM))}}
echo "VX_TEST_SEED=$seed"
make_model model
mkdir corpus
for i in $(seq 1 36); do # nine contents; which of the four is met first is chance
    if [ "$i" -le 9 ]; then make_noise "corpus/$i.wav" $((1000 + i * 1237 % 5000)); else cp "corpus/$(((i - 1) % 9 + 1)).wav" "corpus/$i.wav"; fi
done
rows() { # DB: all but what is said of the run itself
    sql "$1" "SELECT * FROM items ORDER BY item; SELECT * FROM windows ORDER BY item, idx"
}
status 0 "$VOXTRAWL" scan --model model -o whole.db --quiet --dedupe corpus
rows whole.db >whole.rows
equal "contents" "36 27" "$(sql whole.db "SELECT count(*) || ' ' || count(same_as) FROM items")"
export VX_FAKE_WINDOW_MS=120 # the windows of nine contents on two ranks take longer than any delay below

again=0 killed=0
for run in $(seq 1 "$runs"); do
    RANDOM=$(((seed + 7919 * run) % 32768))
    : $RANDOM $RANDOM # the first ones of near seeds are near
    victim=$((RANDOM % 3 == 0 ? 0 : 1))
    recovery=''
    [ $((RANDOM % 3)) -eq 0 ] || recovery=--enable-recovery
    delay=$((RANDOM % 800))
    what="run $run, seed $seed: rank $victim of 2 after $delay ms $recovery"
    rm -rf w killed.db
    ranks 2 "$recovery" --lost-after 2 --dedupe
    pids 2
    shards 2
    sleep "$(printf '%d.%03d' $((delay / 1000)) $((delay % 1000)))"
    ! kill -KILL "$(cat pid.$victim)" 2>/dev/null || killed=$((killed + 1))
    wait $launcher || true
    for _ in 1 2 3; do
        [ ! -e killed.db ] || break
        again=$((again + 1))
        ranks 2 '' --lost-after 30 --dedupe
        wait $launcher || { cat ranks.out >&2; fail "the next run of the same command fails: $what"; }
    done
    rows killed.db | diff whole.rows - >this.diff || fail "another result: $what: $(head -5 this.diff)"
    [ ! -e w/items.db ] || fail "the work folder was left behind: $what"
done
[ $killed -gt 0 ] || fail "every scan was over before its rank was killed"
echo "ok: $killed of $runs runs lost a rank, $again of them ended by a second one"
