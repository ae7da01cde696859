#!/usr/bin/env bash
# resume.sh - a scan that is killed goes on from what it has committed, and ends with the same result
. "$(dirname "$0")/lib.sh"
need sqlite3 timeout

make_speech few
make_model model 160 # so that it is caught in the middle
mkdir corpus
copies=40
case $("$VOXTRAWL" --version) in *Debug*) copies=5 ;; esac # sanitizers are slow enough to be caught in the middle
for copy in $(seq 1 $copies); do cp -r few "corpus/$copy"; done
begin=${EPOCHREALTIME/[.,]/}
status 0 "$VOXTRAWL" scan --model model -o whole.db --threads 1 --quiet corpus
whole=$((${EPOCHREALTIME/[.,]/} - begin)) # microseconds; what follows happens at shares of it, on any machine
full=$(sql whole.db "SELECT path, idx, printf('%!.17g', logit_real) FROM windows JOIN items USING (item) ORDER BY 1, 2" | sha256sum)

kills=0
# Twice, and the second time before it comes again to what it had in hand the first time, which it leaves for last: an item that
# is in hand at two deaths is given up, whoever was to blame (tests/fault/poison.sh).
for percent in 25 35; do
    timeout -s KILL "$(part $percent $whole)" "$VOXTRAWL" scan --model model -o killed.db --work w --lease 4 --threads 1 --quiet corpus && break
    kills=$((kills + 1))
    [ ! -e killed.db ] || { # killed after its result was in place, which then is whole: see below
        rm -rf w
        break
    }
done
[ $kills -gt 0 ] || fail "a scan was whole after a fifth of its time"
[ -e killed.db ] || status 0 "$VOXTRAWL" scan --model model -o killed.db --work w --lease 4 --quiet corpus
equal "the result after $kills kills" "$full" \
    "$(sql killed.db "SELECT path, idx, printf('%!.17g', logit_real) FROM windows JOIN items USING (item) ORDER BY 1, 2" | sha256sum)"
equal "items" $((6 * copies)) "$(sql killed.db 'SELECT count(*) FROM items')"
[ ! -e w ] || fail "the work folder was left behind"

# a stop by signal is resumable and says so
committed=0
percent=50
for _ in 1 2 3 4 5; do # until something, but not all, was committed
    "$VOXTRAWL" scan --model model -o stopped.db --work w --lease 2 --threads 1 corpus >/dev/null 2>stop.err &
    scan=$!
    sleep "$(part $percent $whole)"
    kill -TERM $scan || true
    got=0
    wait $scan || got=$?
    if [ $got -eq 0 ]; then
        rm stopped.db
        percent=$((percent / 2))
        continue
    fi
    equal "the status of a stopped scan" 4 $got
    for shard in w/shard-*.db; do committed=$((committed + $(sql "$shard" "SELECT count(*) FROM items"))); done
    [ "$committed" -eq 0 ] || break
    percent=$((percent + 20))
done
[ "$committed" -gt 0 ] || fail "no stop found anything committed"
grep -q "goes on from there" stop.err || fail "a stopped scan does not say how to go on"
# another configuration is refused, the same goes on
status 2 "$VOXTRAWL" scan --model model -o stopped.db --work w --hop 1 corpus
says "score differently: hop_s 2 -> 1; give the old values"
says "--fresh"
status 0 "$VOXTRAWL" scan --model model -o stopped.db --work w corpus
says "done earlier"
equal "items" $((6 * copies)) "$(sql stopped.db 'SELECT count(*) FROM items')"
echo "ok: killed $kills times"
