#!/usr/bin/env bash
# launch.sh - slurm/launch.sh with stand-ins for mpirun: which status it ends with, what it passes on, and that it ends
. "$(dirname "$0")/../scan/lib.sh"
need timeout

LAUNCH=$HERE/../../slurm/launch.sh
mkdir bin
cat >bin/scontrol <<'END'
#!/bin/sh
echo "$*" >>requeued
END
chmod +x bin/scontrol
export PATH=$PWD/bin:$PATH SLURM_JOB_ID=17
unset SLURM_RESTART_COUNT

launched() { # STATUS ARGUMENTS... SCRIPT: bash -c SCRIPT as the command; the status file is f
    local expected=$1
    shift
    status "$expected" timeout 60 bash "$LAUNCH" -w 1 "${@:1:$#-1}" f bash -c "${*: -1}"
}
status 2 bash "$LAUNCH"
status 2 bash "$LAUNCH" f
launched 0 'echo 0 >f'
launched 3 'echo 3 >f; exit 0' # mpirun's own 0 says nothing
launched 0 'echo 0 >f; exit 5'
launched 5 'exit 5'
says "rank 0 has left no exit status"
launched 1 'exit 0'
echo 0 >f
launched 1 'exit 0' # of an earlier run
says "rank 0 has left no exit status"
launched 1 'echo nonsense >f'
# one that does not return, though rank 0 is done; and one that does not listen either
launched 0 'trap "exit 9" TERM; echo 0 >f; while :; do sleep 0.2; done'
launched 3 'trap "" TERM; echo 3 >f; for i in $(seq 400); do sleep 0.1; done'

later() { # SIGNAL STATUS ARGUMENTS... SCRIPT: the script says when it is ready
    local signal=$1 expected=$2 got=0 pid i
    shift 2
    rm -f ready requeued
    bash "$LAUNCH" -w 1 "${@:1:$#-1}" f bash -c "${*: -1}" >last.out 2>last.err &
    pid=$!
    for ((i = 0; i < 200; i++)); do
        [ -e ready ] && break
        sleep 0.05
    done
    sleep 0.2
    kill -"$signal" $pid
    wait $pid || got=$?
    equal "status after $signal" "$expected" $got
}
drain='trap "sleep 0.3; echo 4 >f; exit 0" USR1 TERM; : >ready; while :; do sleep 0.1; done'
later TERM 4 "$drain"
[ ! -e requeued ] || fail "a cancelled job went back into the queue"
later TERM 4 -r 3 "$drain"
[ ! -e requeued ] || fail "a cancelled job went back into the queue"
later USR1 4 "$drain"
[ ! -e requeued ] || fail "a job went back into the queue unasked"
later USR1 4 -r 3 "$drain"
equal "what is put back" "requeue 17" "$(cat requeued)"
later USR1 0 -r 3 'trap "echo 0 >f; exit 0" USR1; : >ready; while :; do sleep 0.1; done' # it was done just in time
[ ! -e requeued ] || fail "a job that is done went back into the queue"
later USR1 4 -r 3 -n 1 'trap "" USR1; : >ready; for i in $(seq 400); do sleep 0.1; done' # a drain that takes too long
equal "what is put back" "requeue 17" "$(cat requeued)"
rm requeued
launched 7 -r 3 'exit 7' # a crash: mpirun's end without word of rank 0
says "a crash: back into the queue, restart 1 of at most 3"
equal "what is put back" "requeue 17" "$(cat requeued)"
rm requeued
launched 1 -r 3 'echo 1 >f' # the scan says that it failed: it would fail again
[ ! -e requeued ] || fail "a scan that failed went back into the queue"
SLURM_RESTART_COUNT=2 later USR1 4 -r 3 "$drain"
says "restart 3 of at most 3"
SLURM_RESTART_COUNT=3 later USR1 4 -r 3 "$drain"
[ ! -e requeued ] || fail "the cap on restarts was passed"
says "out of time after 3 restarts"
echo ok
