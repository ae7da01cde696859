#!/usr/bin/env bash
# run.sh VOXTRAWL SCRATCH [GOOD BAD [SEED [scan option...]]] - a corpus of real files and hostile ones (make.py) is scanned: every file
# has its row, nothing is left running or in memory, and the real ones have the scores that they have without the others.
set -euo pipefail

VOXTRAWL=$(realpath "$1") SCRATCH=$2 GOOD=${3:-5000} BAD=${4:-200} SEED=${5:-1}
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
options=("${@:6}")
fail() {
    echo "FAIL: $*" >&2
    exit 1
}
for program in sqlite3 python3 ffmpeg sndfile-convert; do
    command -v "$program" >/dev/null || { echo "SKIP: $program is not installed" >&2 && exit 77; }
done
prompts=$(find /usr/share/asterisk/sounds/ -maxdepth 1 -name 'en*' -print -quit 2>/dev/null || true)
[ -n "$prompts" ] || { echo "SKIP: the recorded prompts of asterisk-core-sounds-en-wav are not installed" >&2 && exit 77; }
rm -rf "$SCRATCH"
mkdir -p "$SCRATCH"
cd "$SCRATCH"
SCRATCH=$PWD
python3 "$HERE/make.py" "$prompts/" corpus --good "$GOOD" --bad "$BAD" --seed "$SEED"

left_behind() { # processes of the program below this folder, and shared memory
    pgrep -f "^$VOXTRAWL .*$SCRATCH" || true
    find /dev/shm -newer "$SCRATCH/begun" -name '*vox*' -user "$(id -un)" 2>/dev/null || true
}
touch begun
scan() { # OUT INPUT...
    local out=$1 status=0 start=$SECONDS
    shift
    timeout 3000 "$VOXTRAWL" scan --overwrite --max-failed "$BAD" "${options[@]}" -o "$SCRATCH/$out" "$@" 2>"$out.log" || status=$?
    echo "$out: exit status $status, $((SECONDS - start)) s"
    [ "$status" -eq 0 ] || { tail -n 20 "$out.log" >&2 && fail "scan $*: exit status $status"; }
    sleep 0.2
    [ -z "$(left_behind)" ] || fail "left behind: $(left_behind)"
}
scan alone.db corpus/good
scan all.db corpus/good corpus/bad

sql() { sqlite3 -batch -bail -noheader "$1" "$2"; }
rows='SELECT count(*) FROM items WHERE path LIKE '
[ "$(sql all.db "$rows 'corpus/good/%'")" -eq "$GOOD" ] || fail "$(sql all.db "$rows 'corpus/good/%'") rows of $GOOD real files"
[ "$(sql all.db "SELECT count(*) - count(DISTINCT path || char(0) || coalesce(member, '')) FROM items")" -eq 0 ] || fail "a file has two rows"
[ "$(sql alone.db "SELECT count(*) FROM items WHERE status = 'failed'")" -eq 0 ] ||
    fail "a real file failed: $(sql alone.db "SELECT path, member, error FROM items WHERE status = 'failed' LIMIT 1")"
# every hostile file that has the name of a recording, picture or archive has a row, folders' loops aside
find corpus/bad \( -type f -o -type l -o -type p \) ! -name folder-loop -print0 | tr '\n\0' '\001\n' | sort >files
sqlite3 -batch -bail -noheader all.db \
    "SELECT DISTINCT replace(CAST(coalesce(path_raw, path) AS TEXT), char(10), char(1)) FROM items WHERE path LIKE 'corpus/bad/%'" | sort >rows
without=$(LC_ALL=C comm -23 <(LC_ALL=C sort files) <(LC_ALL=C sort rows))
[ -z "$without" ] || fail "without a row: $without"
for query in \
    "SELECT coalesce(member, path), idx, start_ms, printf('%!.17g %!.17g', logit_real, logit_fake), w.flags FROM windows w JOIN items USING (item) WHERE path LIKE 'corpus/good/%' ORDER BY path, member, idx" \
    "SELECT coalesce(member, path), status, verdict, printf('%!.17g', mean_fake), format, decoder, duration_s FROM items WHERE path LIKE 'corpus/good/%' ORDER BY path, member"; do
    cmp <(sql alone.db "$query") <(sql all.db "$query") || fail "the real files' rows differ from those of a scan without the others"
done
echo "rows: $(sql all.db "SELECT group_concat(n, ', ') FROM (SELECT count(*) || ' ' || status AS n FROM items GROUP BY status)")"
echo "hostile files: $(wc -l <files), $(sql all.db "SELECT group_concat(n, ', ') FROM (SELECT count(*) || ' ' || status AS n FROM items WHERE path LIKE 'corpus/bad/%' GROUP BY status)")"
sql all.db "SELECT count(*), substr(replace(error, path, '(path)'), 1, 110) FROM items WHERE path LIKE 'corpus/bad/%' AND error LIKE 'decoder %' GROUP BY 2 ORDER BY 1 DESC"
