# lib.sh - sourced by the fault tests: a corpus whose scores cost nothing, ranks whose pids are known, and the comparison
# shellcheck source=../scan/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scan/lib.sh"
need sqlite3 mpirun timeout

# COUNT recordings of 1 to 6 s, and their undisturbed result in whole.db, whole.scores, whole.verdicts
make_corpus() { # COUNT
    make_model model
    mkdir corpus
    for i in $(seq 1 "$1"); do make_noise "corpus/$i.wav" $((1000 + i * 1237 % 5000)); done
    status 0 "$VOXTRAWL" scan --model model -o whole.db --quiet corpus
    scores whole.db >whole.scores
    verdicts whole.db >whole.verdicts
}

# a recording of 2 s that stands still: every byte of its samples is OCTAL, 137 at 0.74 of full scale, 240 at -0.74
make_still() { # FILE OCTAL
    make_noise "$1" 2000
    head -c 44 "$1" >"$1.head"
    head -c 32000 /dev/zero | tr '\000' "\\$2" | cat "$1.head" - >"$1"
    rm "$1.head"
}

cat >rank.sh <<'END'
echo $$ >"pid.${OMPI_COMM_WORLD_RANK:-0}"
exec "$@"
END

# ranks N RECOVERY OPTIONS...: scan corpus in the background; its launcher's pid in $launcher
ranks() {
    local n=$1 recovery=$2
    shift 2
    rm -f pid.*
    # shellcheck disable=SC2086 # nothing, or an option
    timeout -k 5 45 mpirun $recovery --bind-to none --oversubscribe -n "$n" bash rank.sh "$VOXTRAWL" scan --model model -o killed.db \
        --work w --lease 3 --threads 1 --quiet "$@" corpus >ranks.out 2>&1 &
    launcher=$!
}
pids() { # N: waits until N ranks have said theirs
    for _ in $(seq 1 200); do
        [ "$(cat pid.* 2>/dev/null | wc -l)" -ge "$1" ] && return
        sleep 0.05
    done
}

shards() { # N: waits until N ranks have opened theirs
    for _ in $(seq 1 200); do
        [ "$(find w -name 'shard-*.db' 2>/dev/null | wc -l)" -ge "$1" ] && return
        sleep 0.05
    done
}

same_as_whole() { # WHAT
    equal "items, each once, $1" "$(wc -l <whole.verdicts)" "$(sql killed.db 'SELECT count(DISTINCT path) FROM items')"
    scores killed.db | diff whole.scores - >this.diff || fail "windows differ: $1: $(head -5 this.diff)"
    verdicts killed.db | diff whole.verdicts - >this.diff || fail "items differ: $1: $(head -5 this.diff)"
}
