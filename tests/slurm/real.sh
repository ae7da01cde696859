#!/usr/bin/env bash
# real.sh - voxtrawl submit on a Slurm cluster of three nodes, started here: jobs that end, run out of time, are cancelled, or
# lose a node, and every result is that of a scan without Slurm
. "$(dirname "${BASH_SOURCE[0]}")/../scan/lib.sh"
. "$HERE/../slurm/cluster.sh"
need sqlite3 mpirun espeak-ng flite sndfile-convert
[ -n "${NODES_INSIDE:-}" ] || cluster_enter "$HERE/../slurm/real.sh" "$VOXTRAWL" "$SCRATCH"
cluster_start "$SCRATCH/cluster"
unset VOXTRAWL_SITE

SUBMITTER=${NODES[0]}
ENOUGH=200 # seconds for any one thing

slurm() { # COMMAND...: on a node, with this folder's name
    on "$SUBMITTER" "$@"
}
# submit OPTIONS...: JOBS are the numbers of what is queued
submit() {
    status 0 slurm "$VOXTRAWL" submit "$@"
    mapfile -t JOBS <last.out
    cp last.err "submit.${JOBS[0]}.err"
}
# of JOB: what scontrol knows, KEY=VALUE by KEY, of an array's tasks all
field() { # JOB KEY
    slurm scontrol --oneliner show job "$1" | grep -oE "(^| )$2=[^ ]*" | cut -d= -f2 | sort -u | tr '\n' ' ' | sed 's/ $//'
}
explain() { # JOB
    slurm scontrol show job "$1" >&2 || true
    tail -n 40 ./*.work/job/"$1"*.log "$CLUSTER"/log/*.log >&2 || true
}
# until SECONDS COMMAND...: it succeeds within that time
until_() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.2
    done
}
in_state() { # JOB STATES
    [[ " $2 " == *" $(field "$1" JobState) "* ]]
}
reaches() { # JOB STATES: one of them, soon
    until_ $ENOUGH in_state "$1" "$2" || {
        explain "$1"
        fail "job $1 is $(field "$1" JobState) instead of $2"
    }
}
ends() { # JOB STATE
    reaches "$1" "COMPLETED FAILED CANCELLED TIMEOUT NODE_FAIL"
    in_state "$1" "$2" || {
        explain "$1"
        fail "job $1 ended $(field "$1" JobState) instead of $2"
    }
}
same_as() { # WHOLE DB
    local db
    for db in "$1" "$2"; do
        {
            scores "$db"
            verdicts "$db"
        } | grep -v '^long-' >"$db.txt"
    done
    cmp "$1.txt" "$2.txt" || fail "$2 differs from $1"
}

# Sound for minutes, until shorten makes it one for seconds.
make_long() { # DIR
    local i
    mkdir "$1"
    [ -e long.wav ] || make_noise long.wav 1200000
    for ((i = 1; i <= 400; i++)); do ln long.wav "$1/long-$i.wav"; done
}
shorten() { # DIR
    local file
    [ -e short.wav ] || make_noise short.wav 2000
    for file in "$1"/*; do ln -f short.wav "$file"; done
}
committed() { # WORK: is something in its shards?
    local shard
    for shard in "$1"/shard-*.db; do
        [ "$(sql "file:$shard?immutable=1" 'SELECT count(*) FROM items' 2>/dev/null || echo 0)" -eq 0 ] || return 0
    done
    return 1
}
begins() { # JOB WORK: runs, and has committed something
    until_ $ENOUGH committed "$2" || {
        explain "$1"
        fail "job $1 commits nothing"
    }
}

make_speech corpus
status 0 "$VOXTRAWL" scan --quiet -o whole.db corpus

echo "$SECONDS s: the cluster is up; whole nodes, and a name with everything in it"
odd="it's \"50%\" ü #1"
mkdir "$odd"
submit --nodes 2 -o "$odd/r.db" corpus
ends "${JOBS[0]}" COMPLETED
same_as whole.db "$odd/r.db"
grep -q "; 2 ranks, " "$odd/r.db.work/job/${JOBS[0]}.log" || fail "not two ranks: $(cat "$odd/r.db.work/job/"*.log)"

echo "$SECONDS s: a scan that is longer than its time, in the background of all that follows"
make_long slow
submit --time 1 --requeue --notice 50 --cpus 1 --sbatch "--nodelist=$SUBMITTER" -o slow.db corpus slow
slow=${JOBS[0]}

echo "$SECONDS s: srun, an array with its merge, GPUs"
submit --launcher srun --nodes 2 --ranks 2 --cpus 1 -o srun.db corpus
srun=${JOBS[0]}
submit --array 3 --cpus 1 -o array.db corpus
array=${JOBS[0]} merge=${JOBS[1]}
cat >gpu.site <<'END'
setup = echo "devices $CUDA_VISIBLE_DEVICES"
cpus_per_gpu = 1
END
submit --site gpu.site --gpus 2 --device auto -o gpu.db corpus
gpu=${JOBS[0]}
status 1 slurm "$VOXTRAWL" submit --site gpu.site --gpus 3 -o gpu3.db corpus
says "Requested node configuration is not available"
ends "$srun" COMPLETED
same_as whole.db srun.db
ends "$gpu" COMPLETED
same_as whole.db gpu.db
grep -q "devices 0,1" "gpu.db.work/job/$gpu.log" || fail "which GPUs the job has: $(cat "gpu.db.work/job/$gpu.log")"
grep -q "; 2 ranks, " "gpu.db.work/job/$gpu.log" || fail "not a rank on each: $(cat "gpu.db.work/job/$gpu.log")"
ends "$array" COMPLETED
ends "$merge" COMPLETED
same_as whole.db array.db
equal "what the merge has left" "" "$(find array.db.work -name 'part-*')"

echo "$SECONDS s: cancelled, and submitted again"
make_long cancelled
submit --cpus 1 -o cancelled.db corpus cancelled
begins "${JOBS[0]}" cancelled.db.work
status 2 slurm "$VOXTRAWL" submit --cpus 1 -o cancelled.db corpus cancelled
says "has not ended: RUNNING"
status 0 slurm "$VOXTRAWL" status cancelled.db.work
grep -q "^job       ${JOBS[0]}: RUNNING" last.out && grep -q "^done      " last.out || fail "its state: $(cat last.out)"
slurm scancel "${JOBS[0]}"
ends "${JOBS[0]}" CANCELLED
[ ! -e cancelled.db ] || fail "a cancelled scan left a result"
committed cancelled.db.work || fail "what was committed is gone"
equal "the status of a cancelled scan, which drained" 4 "$(cat cancelled.db.work/exit-status)"
shorten cancelled
submit --cpus 1 -o cancelled.db corpus cancelled
ends "${JOBS[0]}" COMPLETED
same_as whole.db cancelled.db
equal "items, each once" "406 406" "$(sql cancelled.db "SELECT count(*) || ' ' || count(DISTINCT path) FROM items")"

echo "$SECONDS s: out of time, drained and back in the queue"
restarted() {
    [ "$(field "$slow" Restarts)" = 1 ]
}
until_ $ENOUGH restarted || {
    explain "$slow"
    fail "job $slow was not put back into the queue"
}
shorten slow
grep -q "out of time: back into the queue, restart 1 of at most 20" "slow.db.work/job/$slow.log" || fail "the log: $(cat "slow.db.work/job/$slow.log")"
ends "$slow" COMPLETED
same_as whole.db slow.db
equal "items, each once" "406 406" "$(sql slow.db "SELECT count(*) || ' ' || count(DISTINCT path) FROM items")"

echo "$SECONDS s: a node dies: the ranks of the others finish"
mkdir many
make_noise mean.wav 600000
for i in $(seq 30); do ln mean.wav "many/long-$i.wav"; done
submit --nodes 3 -o lost.db --lease 1 --lost-after 5 corpus many
begins "${JOBS[0]}" lost.db.work
until_ $ENOUGH [ -e lost.db.work/shard-001-00002.db ] || {
    explain "${JOBS[0]}"
    fail "nothing runs on the third node"
}
read -r -d '' -a dead < <(ip netns pids "${NODES[2]}") || true
kill -KILL "${dead[@]}"
ends "${JOBS[0]}" COMPLETED
same_as whole.db lost.db
equal "items, each once, and scored" "36 36" "$(sql lost.db "SELECT count(DISTINCT path) || ' ' || sum(status = 'scored') FROM items")"
grep -q "is lost" "lost.db.work/job/${JOBS[0]}.log" || fail "no rank was lost: $(cat "lost.db.work/job/${JOBS[0]}.log")"
echo "$SECONDS s: done"
