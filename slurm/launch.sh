#!/usr/bin/env bash
# launch.sh [-r RESTARTS] [-n SECONDS] [-w SECONDS] STATUS-FILE COMMAND... - runs mpirun or srun, and ends with the status of rank 0
#
# Where ranks may die and the others go on (mpirun --enable-recovery), mpirun's own status says nothing: it is 0. Where a rank
# died on another node, mpirun does not even return. So rank 0 writes its exit status to STATUS-FILE as the last thing it does;
# this waits for that file or for COMMAND to end, whatever comes first, ends what is left, and exits with the file's status.
#
# USR1 (sbatch --signal=B:USR1@SECONDS, before the time limit) and TERM are passed on: the scan drains and ends with status 4.
# With -r the job is then put back into the queue, and so it is after a crash (rank 0 has left no status: its node is gone, say),
# unless it was RESTARTS times already. A drain that takes longer
# than -n SECONDS is cut short: what is committed is kept.
set -u

restarts='' patience=60 grace=10
while getopts r:n:w: option; do
    case $option in
    r) restarts=$OPTARG ;;
    n) patience=$OPTARG ;;
    w) grace=$OPTARG ;;
    *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
[ $# -ge 2 ] || {
    echo "usage: launch.sh [-r RESTARTS] [-n SECONDS] [-w SECONDS] STATUS-FILE COMMAND..." >&2
    exit 2
}
file=$1
shift
rm -f -- "$file"

stopped=4 # the exit status of a scan that can go on
asked='' since=0
# shellcheck disable=SC2317 # the traps call it
tell() { # SIGNAL
    asked=$1
    since=$SECONDS
    kill -"$1" "$child" 2>/dev/null
}
"$@" &
child=$!
trap 'tell USR1' USR1
trap 'tell TERM' TERM INT

alive() {
    kill -0 "$child" 2>/dev/null
}
pause() { # SECONDS; a signal is answered at once, not behind a sleep
    sleep "$1" &
    wait $!
}
late() {
    [ "$asked" = USR1 ] && [ -n "$restarts" ] && [ $((SECONDS - since)) -ge "$patience" ]
}
while alive && [ ! -e "$file" ] && ! late; do
    pause 0.5
done

for signal in 0 TERM KILL; do # 0 only asks: what has written its status is about to end by itself
    alive || break
    [ "$signal" = 0 ] && late && continue
    kill -"$signal" "$child" 2>/dev/null
    for ((i = 0; i < 2 * grace; i++)); do
        alive || break
        pause 0.5
    done
done
own=0
wait "$child" || own=$?

status='' why=''
[ ! -e "$file" ] || read -r status <"$file"
if ! [[ $status =~ ^[0-9]+$ ]]; then
    pause 1 # whoever ended the command may be about to tell this script too
    status=$((own > 0 ? own : 1))
    case $asked in
    USR1) status=$stopped ;;
    '')
        echo "voxtrawl: rank 0 has left no exit status, $1 ended with $own" >&2
        why="a crash"
        ;;
    esac
fi
[ "$asked" != USR1 ] || [ "$status" -ne $stopped ] || why="out of time"

if [ -n "$why" ] && [ -n "$restarts" ]; then
    count=${SLURM_RESTART_COUNT:-0}
    if [ "$count" -ge "$restarts" ]; then
        echo "voxtrawl: $why after $count restarts, the most that --max-restarts allows; submit it again to go on" >&2
    else
        echo "voxtrawl: $why: back into the queue, restart $((count + 1)) of at most $restarts" >&2
        scontrol requeue "$SLURM_JOB_ID"
    fi
fi
exit "$status"
