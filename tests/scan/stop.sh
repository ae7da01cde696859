#!/usr/bin/env bash
# stop.sh - a scan that is told to stop does so soon, keeps what is complete, and goes on from there
. "$(dirname "$0")/lib.sh"
need sqlite3 mpirun timeout

make_speech few
make_model model 224 # so that it is caught in the middle
mkdir long
make_noise long/0.wav 1200000
for copy in 1 2 3 4 5 6 7 8 9; do ln long/0.wav long/$copy.wav; done
mkdir short
for copy in $(seq 1 12); do cp -r few "short/$copy"; done

# Items in all shards, of which one may be written to.
total() {
    local shard n=0
    for shard in w/shard-*.db; do
        [ ! -e "$shard" ] || n=$((n + $(sql "file:$shard?immutable=1" 'SELECT count(*) FROM items' 2>/dev/null || echo 0)))
    done
    echo $n
}

# stopped SIGNAL COMMAND...: sends it once there are more results than before
stopped() {
    local signal=$1 before pid start got=0
    before=$(total)
    shift
    env --default-signal=INT "$@" >stop.out 2>stop.err & # a shell has its background jobs ignore it
    pid=$!
    for _ in $(seq 1 300); do
        [ "$(total)" -gt "$before" ] && break
        sleep 0.1
    done
    start=$SECONDS
    kill -"$signal" $pid
    wait $pid || got=$?
    [ $((SECONDS - start)) -le 10 ] || fail "it took $((SECONDS - start)) s to stop"
    equal "the status of a stopped scan" 4 $got
    grep -q "stopped" stop.err || fail "it does not say that it stopped: $(cat stop.err)"
    grep -q "kept in w, the same command goes on from there" stop.err || fail "it does not say how to go on: $(cat stop.err)"
}
# Short recordings first, then hours of long ones in the same lease: what is complete is kept although its lease is not.
# One thread: two hundred minutes must not be over before the stop, however many processors there are.
stopped TERM "$VOXTRAWL" scan --model model -o r.db --work w --threads 1 short long
first=$(total)
[ "$first" -ge 1 ] && [ "$first" -lt 82 ] || fail "$first items are kept"
[ ! -e r.db ] || fail "a stopped scan left a result"
stopped INT "$VOXTRAWL" scan --model model -o r.db --work w --threads 1 short long
[ "$(total)" -ge "$first" ] || fail "a second attempt lost what the first had"

# The corpus changes in between: what is new is found, what is gone keeps its row.
rm -r long short/12
make_noise short/new.wav 3000
mkdir long
status 2 "$VOXTRAWL" scan --model model -o r.db --work w short
says "unfinished scan of long too"
mkdir elsewhere
(cd elsewhere && status 2 "$VOXTRAWL" scan --model ../model -o ../r.db --work ../w short long)
status 3 "$VOXTRAWL" scan --model model -o r.db --work w short long few
says "done earlier"
equal "items, each once" "89 89" "$(sql r.db "SELECT count(*) || ' ' || count(DISTINCT path) FROM items")"
equal "recordings that were not scanned and are gone" "$(sql r.db "SELECT count(*) FROM items WHERE status = 'failed'")" \
    "$(sql r.db "SELECT count(*) FROM items WHERE error LIKE '%o such file%'")"
equal "the new one" scored "$(sql r.db "SELECT status FROM items WHERE path LIKE '%new.wav'")"
equal "attempts of one run" "1 complete" "$(sql r.db "SELECT count(*) || ' ' || min(state) FROM runs")"
# The summary is of the whole result.
for verdict in fake uncertain real; do
    says "$verdict $(sql r.db "SELECT count(*) FROM items WHERE verdict = '$verdict'")"
done
equal "the sound in the run's row" 1 "$(sql r.db 'SELECT abs(audio_s - (SELECT total(duration_s) FROM items)) < 0.01 FROM runs')"
[ ! -e w ] || fail "the work folder was left behind"

# Rank 0 alone is told, and stops the others.
mkdir -p long
make_noise long/0.wav 1200000
for copy in 1 2 3 4 5 6 7 8 9; do ln -f long/0.wav long/$copy.wav; done
cat >rank0.sh <<'END'
[ "${OMPI_COMM_WORLD_RANK:-0}" -eq 0 ] && echo $$ >rank0.pid
exec "$@"
END
(
    for _ in $(seq 1 500); do
        [ -s rank0.pid ] && compgen -G 'w/shard-*.db' >/dev/null && break
        sleep 0.1
    done
    sleep 0.5
    kill -TERM "$(cat rank0.pid)"
) &
got=0
timeout 60 mpirun --bind-to none --oversubscribe -n 2 bash rank0.sh "$VOXTRAWL" scan --model model -o ranks.db --work w --threads 1 short long \
    2>stop.err || got=$?
equal "the status of stopped ranks" 4 $got
grep -q "kept in w, the same command goes on from there" stop.err || fail "ranks do not say how to go on: $(cat stop.err)"

# Ctrl-C is not for background jobs.
rm -r w
"$VOXTRAWL" scan --model model -o ignored.db --quiet short 2>/dev/null &
pid=$!
sleep 0.5
kill -INT $pid 2>/dev/null || true
got=0
wait $pid || got=$?
equal "the status of a scan that ignores SIGINT" 0 $got
echo "ok: $first items were kept by the first stop"
