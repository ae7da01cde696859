#!/usr/bin/env bash
# real.sh - voxtrawl submit on a Slurm cluster of two nodes, started here: jobs that end, run out of time, are cancelled, or
# lose a node, and every result is that of a scan without Slurm
. "$(dirname "${BASH_SOURCE[0]}")/../scan/lib.sh"
. "$HERE/../slurm/cluster.sh"
need sqlite3 mpirun espeak-ng flite sndfile-convert
[ -n "${CLUSTER_INSIDE:-}" ] || cluster_enter "$HERE/../slurm/real_dbg.sh" "$VOXTRAWL" "$SCRATCH"
cluster_start "$SCRATCH/cluster"
unset VOXTRAWL_SITE

SUBMITTER=${NODES[0]}
ENOUGH=90 # seconds for any one thing

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
        } >"$db.txt"
    done
    cmp "$1.txt" "$2.txt" || fail "$2 differs from $1"
}

make_speech corpus
status 0 "$VOXTRAWL" scan --quiet -o whole.db corpus

echo "$SECONDS s: the cluster is up; a job on two nodes, an array with its merge, and GPUs"
odd="it's \"50%\" ü #1"
mkdir "$odd"
cat >gpu.site <<'END'
sbatch = --export=ALL,VX_TEST=1
setup = echo "devices $CUDA_VISIBLE_DEVICES of $(hostname)"
cpus_per_gpu = 1
END
submit --nodes 2 --ranks 4 --cpus 1 -o "$odd/two.db" corpus
two=${JOBS[0]}
submit --array 3 --cpus 1 -o array.db corpus
array=${JOBS[0]} merge=${JOBS[1]}
submit --site gpu.site --gpus 2 --device auto -o gpu.db corpus
gpu=${JOBS[0]}
slurm "$VOXTRAWL" submit --gpus 3 -o gpu3.db corpus ||true
slurm squeue; slurm sbatch -n 1 --gres=gpu:3 --wrap true || true;  slurm sbatch -N 1 -n 1 --gres=gpu:3 --wrap true || true; slurm sbatch -N 1 --cpus-per-task=80 --ntasks-per-node=3 --wrap true || true;
sleep 3; slurm squeue

ends "$two" COMPLETED
same_as whole.db "$odd/two.db"
ends "$gpu" COMPLETED
same_as whole.db gpu.db
grep -q "devices 0,1 of vxn" "gpu.db.work/job/$gpu.log" || fail "which GPUs the job has: $(cat "gpu.db.work/job/$gpu.log")"
ends "$array" COMPLETED
ends "$merge" COMPLETED
same_as whole.db array.db
echo "$SECONDS s: done"
