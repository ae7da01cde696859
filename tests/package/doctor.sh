#!/usr/bin/env bash
# doctor.sh - what voxtrawl doctor finds, and what it tells scripts
. "$(dirname "$0")/../scan/lib.sh"
need sqlite3 mpirun

# runs it; the machine of the test may be worth notes, so that 0 and 3 are both well
well() { # ARGUMENT...
    local got=0
    "$VOXTRAWL" doctor "$@" >last.out 2>last.err || got=$?
    case $got in
    0 | 3) ;;
    *)
        cat last.out last.err >&2
        fail "exit status $got: doctor $*"
        ;;
    esac
}
found() { # LEVEL TOPIC TEXT: of the last report, whose lines are wrapped
    sed -z 's/\n   *\(-> \)\?/ /g' last.out | grep -E "^$1 +$2 .*" | grep -qF -- "$3" || {
        cat last.out >&2
        fail "no $1 about $2 with \"$3\""
    }
}

make_model untrained
mkdir -p out
well -o out/r.db --model "$HERE/../../model/default"
for topic in program decoders GPU model profile engine processor processors memory limits sandbox energy locale output MPI Slurm; do
    grep -qE "^(OK|NOTE) +$topic " last.out || fail "nothing about $topic"
done
grep -q "^A scan would run" last.out || fail "no summing up"
equal "what is left in the output's folder" "" "$(ls -A out)"
[ ! -s last.err ] || fail "stderr: $(cat last.err)"

well -o out/r.db --model "$HERE/../../model/default" --format json
equal "JSON" 1 "$(sql :memory: "SELECT json_valid(CAST(readfile('last.out') AS TEXT))")"
for level in ok note problem; do
    sql :memory: "SELECT count(*) FROM json_each(CAST(readfile('last.out') AS TEXT), '$.findings') WHERE json_extract(value, '$.level') = '$level'" >$level
done
equal "problems" 0 "$(cat problem)"
[ "$(cat ok)" -ge 10 ] || fail "only $(cat ok) findings are ok"

# exit status 3 and notes
status 3 "$VOXTRAWL" doctor -o out/r.db --model untrained
found NOTE model UNTRAINED
found NOTE profile "not calibrated"
mkdir -p powercap/intel-rapl:0 # where the host's counters are seen in a container, as for scan
echo package-0 >powercap/intel-rapl:0/name
echo 1000000000000 >powercap/intel-rapl:0/max_energy_range_uj
echo 1000000 >powercap/intel-rapl:0/energy_uj
VOXTRAWL_POWERCAP=$PWD/powercap well -o out/r.db
found OK energy "of processors measured"
touch out/there.db
status 3 "$VOXTRAWL" doctor -o out/there.db --model untrained
found NOTE output "exists"
status 3 env VOXTRAWL_MAX_ISA=baseline "$VOXTRAWL" doctor -o out/r.db --model untrained
found NOTE processor "VOXTRAWL_MAX_ISA"
status 3 bash -c 'ulimit -n 100; exec "$1" doctor -o out/r.db --model untrained' bash "$VOXTRAWL"
found NOTE limits "100 files"
if [ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ] && [ -w /dev/shm ]; then
    status 3 "$VOXTRAWL" doctor -o out/r.db --model untrained --scratch /dev/shm
    found NOTE scratch tmpfs
fi

# exit status 1: a scan would fail, and so it does
status 1 "$VOXTRAWL" doctor -o out/r.db --model untrained --profile nowhere
grep -q "what a model folder holds" last.out && fail "a profile's problem is told as the model's"
status 1 "$VOXTRAWL" doctor -o out/r.db --model nowhere
found PROBLEM engine nowhere
status 1 "$VOXTRAWL" scan -o out/r.db --model nowhere out
status 1 "$VOXTRAWL" doctor -o /proc/r.db --model untrained
found PROBLEM output /proc
status 1 "$VOXTRAWL" doctor -o out --model untrained --work /proc/w
found PROBLEM "work folder" /proc
found PROBLEM output "is a folder"
status 2 "$VOXTRAWL" scan -o out --model untrained out
if ! "$VOXTRAWL" --version | grep -q cuda; then
    status 1 "$VOXTRAWL" doctor -o out/r.db --model untrained --device cuda
    found PROBLEM engine "without CUDA"
fi
status 2 "$VOXTRAWL" doctor --format xml
status 2 "$VOXTRAWL" doctor corpus
status 1 bash -c '"$1" doctor -o out/r.db >/dev/full' bash "$VOXTRAWL"

# programs in PATH: another MPI's mpirun, one that hangs up, Slurm; none at all
mkdir programs
printf '#!/bin/sh\necho "mpirun (Open MPI) 9.8.7"\n' >programs/mpirun
printf '#!/bin/sh\necho "slurm 23.11.4"\n' >programs/sbatch
chmod +x programs/*
PATH=$PWD/programs:$PATH well -o out/r.db --model untrained
if "$VOXTRAWL" --version | grep -q "Open MPI"; then
    found NOTE MPI "9.8.7"
fi
found OK Slurm "slurm 23.11.4"
PATH=$PWD/programs:$PATH VOXTRAWL_SITE=nowhere.conf SLURM_JOB_ID=77 well -o out/r.db --model untrained
found OK Slurm "in job 77"
found NOTE Slurm "nowhere.conf"
printf '#!/bin/sh\nexit 1\n' >programs/mpirun
PATH=$PWD/programs:$PATH well -o out/r.db --model untrained
found OK MPI "without mpirun in PATH"

# one report of several ranks
got=0
mpirun --bind-to none --oversubscribe -n 2 "$VOXTRAWL" doctor -o out/r.db --model untrained >last.out 2>last.err || got=$?
found OK MPI "2 ranks"
equal "reports" 1 "$(grep -c "^A scan would run" last.out)"
