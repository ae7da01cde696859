#!/usr/bin/env bash
# scripts.sh - the batch scripts that submit writes: what is in them for which options, and that they are good shell; what is
# refused; and what sbatch is called with, by a stand-in
. "$(dirname "$0")/../scan/lib.sh"

mkdir "in" "it's \"50%\" ü #1 \$x"
cp /dev/null "in/a.wav"
export VOXTRAWL_SITE=

script() { # OPTIONS...: the rendered script into s.sh; it parses and is good shell
    status 0 "$VOXTRAWL" submit --dry-run "$@"
    mv last.out s.sh
    bash -n s.sh || fail "no shell: submit $*"
    # behind exec is the merge's script; modules.sh is elsewhere; a dollar sign in a name is one
    if command -v shellcheck >/dev/null; then
        shellcheck --severity=style --exclude=SC2093,SC1091,SC2016 s.sh || fail "not good shell: submit $*"
    fi
}
has() { # LINE...: whole lines of the script
    local line
    for line in "$@"; do
        grep -qxF -- "$line" s.sh || { cat s.sh >&2; fail "the script has no line \"$line\""; }
    done
}
hasnt() { # TEXT...
    local text
    for text in "$@"; do
        ! grep -qF -- "$text" s.sh || { cat s.sh >&2; fail "the script has \"$text\""; }
    done
}
refused() { # TEXT OPTIONS...
    local text=$1
    shift
    status 2 "$VOXTRAWL" submit --dry-run "$@"
    says "$text"
}
# the scan's command as the shell would run it, a word a line
command_of() { # SCRIPT-ENVIRONMENT...
    (export "${@?}" && bash -c "exec() { printf '%s\n' \"\$@\"; exit; }; mkdir() { :; }; $(grep -v '^cd ' s.sh)") 2>&1
}

# the simplest: whole nodes, one rank on each
script in
has '#SBATCH --nodes=1' '#SBATCH --ntasks-per-node=1' '#SBATCH --exclusive' '#SBATCH --no-kill' '#SBATCH --job-name=voxtrawl-voxtrawl.db'
has "cd -- $PWD || exit 1" "work=$PWD/voxtrawl.db.work" "#SBATCH --output=\"$PWD/voxtrawl.db.work/job/%j.log\""
hasnt --gres --gpus --array --signal --requeue --partition --account --qos --time= --mem= --cpus-per-task= module TMPDIR VOXTRAWL_MODEL @
script --nodes 4 --ranks 8 --cpus 16 --time 1-00:00:00 --partition p --account a --qos q --memory 20G --sbatch=--constraint=x --sbatch=-H in
has '#SBATCH --nodes=4' '#SBATCH --ntasks-per-node=2' '#SBATCH --cpus-per-task=16' '#SBATCH --time=1-00:00:00' '#SBATCH --partition=p' \
    '#SBATCH --account=a' '#SBATCH --qos=q' '#SBATCH --mem=20G' '#SBATCH --constraint=x' '#SBATCH -H'
hasnt --exclusive

# GPUs: a rank on each, no falling back to processors unless one says so
script --nodes 2 --gpus 4 in
has '#SBATCH --gres=gpu:4' '#SBATCH --ntasks-per-node=4' '#SBATCH --cpus-per-task=8' '#SBATCH --gres-flags=enforce-binding'
grep -q -- "scan in --device cuda" s.sh || fail "a GPU job must not fall back to processors"
hasnt --exclusive
script --gpus 1 --device auto in
hasnt "--device cuda"
cat >site <<'END'
partition = batch
gpu_partition = fast
account = project
memory = 64G
gpu_type = a100
cpus_per_gpu = 12
gpu_request = gpus-per-task
sbatch = --mail-type=FAIL
setup = export A="b c"
module = gcc/12
scratch = /local/$SLURM_JOB_ID
launcher = srun
END
script --site site --gpus 2 in
has '#SBATCH --partition=fast' '#SBATCH --account=project' '#SBATCH --mem=64G' '#SBATCH --gpus-per-task=a100:1' '#SBATCH --cpus-per-task=12' \
    '#SBATCH --mail-type=FAIL' 'export A="b c"' 'module load gcc/12' \
    'TMPDIR="/local/$SLURM_JOB_ID" && export TMPDIR && mkdir -p -- "$TMPDIR"'
hasnt --gres=
grep -qF -- 'scan in --device cuda --scratch "/local/$SLURM_JOB_ID" --work ' s.sh || fail "the shards are not written in the site's scratch"
script --site site --scratch /elsewhere in
grep -qF -- "--scratch /elsewhere in --work" s.sh && ! grep -qF -- '--scratch "/local' s.sh || fail "--scratch instead of the site's"
script --site site --gpus 2 in
grep -q "srun --mpi=pmix" s.sh && ! grep -q mpirun s.sh || fail "the site's launcher is srun"
VOXTRAWL_SITE=site script --launcher mpirun --partition other in
has '#SBATCH --partition=other'
grep -q "mpirun --enable-recovery" s.sh && ! grep -q srun s.sh || fail "the command line's launcher is mpirun"
VOXTRAWL_MODEL="my model" script in
has "export VOXTRAWL_MODEL='my model'"

# out of time
script --requeue --notice 300 --max-restarts 7 --time 60 in
has '#SBATCH --requeue' '#SBATCH --signal=B:USR1@300' '#SBATCH --open-mode=append'
grep -q "launch.sh -r 7 -n 150 " s.sh || fail "launch.sh is not told of the restarts"

# the site's example is one, and so is all of it
script --site "$HERE/../../slurm/site.example" in
sed 's/^#\([a-z_]* = \)/\1/' "$HERE/../../slurm/site.example" >all
script --site all --gpus 1 in
has '#SBATCH --partition=gpu' 'module load openmpi/4.1'

# any name arrives as it is, also behind "--"
odd=$PWD/"it's \"50%\" ü #1 \$x"
cd "$odd"
mkdir -- "-c*" "two  words"
script --time 5 -o "r's.db" --hop 0.5 "two  words" -- "-c*"
has "#SBATCH --output=\"$(sed 's/"/\\"/g; s/%/%%/g' <<<"$odd")/r's.db.work/job/%j.log\""
command_of SLURM_JOB_ID=1 >words
tail -n 11 words >tail
printf '%s\n' "$VOXTRAWL" scan -o "r's.db" --hop 0.5 "two  words" --work "$odd/r's.db.work" -- '-c*' >expected
cmp tail expected || { cat words >&2; fail "the words that scan gets"; }
cd ..

# array and merge
script --array 12 --at-once 3 -o r.db --overwrite --work w in
has '#SBATCH --array=1-12%3' "work=$PWD/w/part-\"\$SLURM_ARRAY_TASK_ID\"" "#SBATCH --output=\"$PWD/w/job/%A_%a.log\"" \
    '#SBATCH --job-name=voxtrawl-r.db-merge' 'for ((part = 1; part <= 12; part++)); do' "$VOXTRAWL merge -o r.db \"\${parts[@]}\" || exit"
command_of SLURM_ARRAY_TASK_ID=7 >words
grep -qxF 7/12 words && grep -qxF "$PWD/w/part-7" words && grep -qxF "$PWD/w/part-7.db" words || { cat words >&2; fail "the part's words"; }
mkdir w
: >w/part-7.db
command_of SLURM_ARRAY_TASK_ID=7 >words
grep -q "part 7 is done already" words || fail "a part that is done is done again"
rm -r w

refused "unknown option --nods" --nods 2 in
refused "nothing to scan" --nodes 2
refused "--nodes 0" --nodes 0 in
refused "--hop 0" --hop 0 in
status 0 "$VOXTRAWL" submit --dry-run elsewhere
says "warning: elsewhere cannot be read here"
refused "--ranks 3: expected a multiple of --nodes 2" --nodes 2 --ranks 3 in
refused "say how many processors" --nodes 1 --ranks 3 in
refused "one rank a GPU, 4 here" --nodes 2 --gpus 2 --ranks 2 in
refused "--gpus asks for GPUs" --gpus 2 --device cpu in
refused "--time 1h" --time 1h in
refused "--time :" --time : in
refused "--launcher mpiexec" --launcher mpiexec in
refused "--partition \"a b\"" --partition "a b" in
refused "expected an option of sbatch" --sbatch constraint in
refused "give --array N too" --at-once 2 in
refused "--part is what --array gives" --array 2 --part 1/2 in
refused "backslash" --work 'a\b' in
echo "x = y" >bad
refused "bad:1: unknown key \"x\"" --site bad in
status 1 "$VOXTRAWL" submit --site no-such-site in
says no-such-site
: >exists.db
refused "exists.db" -o exists.db in
[ ! -e exists.db.work ] || fail "a refused submission left a folder"

# the two commands share one line, so no option may be in both
"$VOXTRAWL" scan --help | grep -oE -- '^ +(-[a-z], +)?--[a-z-]+' | grep -oE -- '-[-a-z]+' | sort -u >scan.options
"$VOXTRAWL" submit --help | sed '/^All options/q' | grep -oE -- '^ +(-[A-Za-z], +)?--[a-z-]+' | grep -oE -- '-[-a-zA-Z]+' | sort -u >submit.options
equal "options of both" "--help -h" "$(comm -12 scan.options submit.options | tr '\n' ' ' | sed 's/ $//')"

# what sbatch is given, and the answers of a queue: stand-ins
mkdir bin
cat >bin/sbatch <<'END'
#!/bin/sh
printf '%s\n' "$*" >>"$CALLS"
[ ! -e "$CALLS.refuse" ] || { echo "sbatch: error: Batch job submission failed: Invalid account" >&2; exit 1; }
echo "$((40 + $(wc -l <"$CALLS")));cluster"
END
cat >bin/squeue <<'END'
#!/bin/sh
cat "$CALLS.queue" 2>/dev/null || { echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1; }
END
chmod +x bin/*
export CALLS=$PWD/calls
without=$PATH
PATH=$PWD/bin:$PATH
status 0 "$VOXTRAWL" submit --array 3 -o r.db in
equal "what goes to stdout" "41 42" "$(tr '\n' ' ' <last.out | sed 's/ $//')"
says "scancel 41 42"
equal "how sbatch is called" "--parsable -- $PWD/r.db.work/job/scan.sbatch|--parsable --dependency=afterany:41 -- $PWD/r.db.work/job/merge.sbatch|" \
    "$(tr '\n' '|' <calls)"
cmp "$HERE/../../slurm/launch.sh" r.db.work/job/launch.sh || fail "launch.sh is not saved with the run"
status 0 "$VOXTRAWL" status r.db.work
equal "the state of jobs that Slurm has forgotten" 2 "$(grep -c "has ended, Slurm does not know of it any more" last.out)"
echo "41_1|RUNNING|None|0:10" >calls.queue
status 0 "$VOXTRAWL" status r.db.work
grep -qxF "job       41: RUNNING, 0:10 left" last.out || fail "the state of a job: $(cat last.out)"
status 0 "$VOXTRAWL" status --format json r.db.work
grep -qF '"jobs": [{"kind": "scan", "id": "41", "state": "RUNNING, 0:10 left"}, {"kind": "merge", "id": "42", "state": ' last.out ||
    fail "the jobs in JSON: $(cat last.out)"
status 2 "$VOXTRAWL" submit -o r.db in
says "belongs to job 41, which has not ended: RUNNING, 0:10 left"
rm calls.queue
status 0 "$VOXTRAWL" submit -o r.db in
equal "the job of a second submission" "scan 43" "$(cat r.db.work/job/jobs.txt)"
: >calls.refuse
status 1 "$VOXTRAWL" submit -o other.db in
says "Invalid account"
PATH=$without
if ! command -v sbatch >/dev/null; then
    status 1 "$VOXTRAWL" submit -o third.db in
    says "sbatch: there is no such program"
    status 0 "$VOXTRAWL" status r.db.work
    grep -q "no squeue here" last.out || fail "the state of a job without squeue: $(cat last.out)"
fi
command -v shellcheck >/dev/null || skip "shellcheck is not installed; all else is as it should be"
shellcheck "$HERE/../../slurm/launch.sh" || fail "launch.sh"
echo ok
