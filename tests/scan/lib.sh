# lib.sh - sourced by the scan tests: VOXTRAWL, SCRATCH, a small corpus and model, and checks that stop the test
set -euo pipefail

VOXTRAWL=$(realpath "$1")
SCRATCH=$2
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../../jobs/debian.sh
. "$HERE/../../jobs/debian.sh"
allow_mpi_as_root
rm -rf "$SCRATCH"
mkdir -p "$SCRATCH"
cd "$SCRATCH"
# Open MPI and libgomp leave memory behind at exit that is not ours; leaks of ours are found by the unit tests
export ASAN_OPTIONS=detect_leaks=0
export PULSE_RUNTIME_PATH=$PWD/pulse # espeak-ng's sound library leaves a folder in /tmp even when it writes a file
unset VOXTRAWL_MODEL # tests name their models
export TSAN_OPTIONS=suppressions=$HERE/../harness/tsan.supp

fail() {
    echo "FAIL: $*" >&2
    exit 1
}

skip() {
    echo "SKIP: $*" >&2
    exit 77
}

need() { # PROGRAM...
    local program
    for program in "$@"; do
        command -v "$program" >/dev/null || skip "$program is not installed"
    done
}

# status EXPECTED COMMAND...: runs it, output to last.out and last.err
status() {
    local expected=$1 got=0
    shift
    "$@" >last.out 2>last.err || got=$?
    [ "$got" -eq "$expected" ] || {
        cat last.out last.err >&2
        fail "exit status $got instead of $expected: $*"
    }
}

# says TEXT: the last command's stderr holds it
says() {
    grep -qF -- "$1" last.err || {
        cat last.err >&2
        fail "stderr does not say \"$1\""
    }
}

sql() { # DB SQL
    sqlite3 -batch -bail -noheader "$1" "$2"
}

# equal WHAT EXPECTED GOT
equal() {
    [ "$2" = "$3" ] || fail "$1: expected \"$2\", got \"$3\""
}

# A share of a time, in seconds for sleep and timeout.
part() { # PERCENT MICROSECONDS
    local us=$(($2 * $1 / 100))
    printf '%d.%06d' $((us / 1000000)) $((us % 1000000))
}

# A small real network with untrained weights: enough to tell equal from different.
# Of pictures that are smaller than usual, which take a fifth of the time.
make_model() { # DIR [SIDE]
    status 0 "$VOXTRAWL" model "$1" --generate atto --seed 7
    sed -i "s/\"shortest_edge\": 224/\"shortest_edge\": ${2:-96}/" "$1/preprocessor_config.json"
    grep -q "\"shortest_edge\": ${2:-96}}" "$1/preprocessor_config.json" || fail "a generated model's pictures are of another size"
}

# Speech of several lengths, rates and formats.
make_speech() { # DIR
    need espeak-ng flite sndfile-convert
    mkdir -p "$1/a" "$1/b/deeper"
    espeak-ng -w "$1/a/one.wav" "One short sentence."
    espeak-ng -w "$1/a/two.WAV" "A longer sentence, which goes on for more than two windows of sound, and then some."
    flite -voice slt -t "The same words, by another voice, and rather slowly." -o "$1/b/three.wav"
    sndfile-convert "$1/b/three.wav" "$1/b/deeper/four.flac"
    sndfile-convert -vorbis "$1/a/two.WAV" "$1/b/deeper/fünf.ogg"
    espeak-ng -w "$1/b/six.wav" "No."
}

le32() { # NUMBER: four bytes, the lowest first
    # shellcheck disable=SC2059 # the format is the bytes
    printf "$(printf '\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)))"
}

# MILLISECONDS of noise, 8 kHz, 16 bit, mono
make_noise() { # FILE MILLISECONDS
    local bytes=$((16 * $2))
    {
        printf RIFF && le32 $((36 + bytes))
        printf 'WAVEfmt ' && le32 16 && printf '\001\000\001\000' && le32 8000 && le32 16000 && printf '\002\000\020\000'
        printf data && le32 $bytes
        head -c $bytes /dev/urandom
    } >"$1"
}

# scores DB: every window of every item under its file's name, scores to the last bit
scores() {
    sql "$1" "SELECT replace(coalesce(member, path), rtrim(coalesce(member, path), replace(coalesce(member, path), '/', '')), '') AS name,
        idx, start_ms, printf('%!.17g', logit_real), printf('%!.17g', logit_fake), w.flags
        FROM windows w JOIN items USING (item) ORDER BY 1, 2"
}
# verdicts DB: every item's row without what depends on where it lay
verdicts() {
    sql "$1" "SELECT replace(coalesce(member, path), rtrim(coalesce(member, path), replace(coalesce(member, path), '/', '')), '') AS name,
        kind, status, error, format, decoder, sample_rate, channels, duration_s, n_windows, n_scored, printf('%!.17g', mean_fake),
        printf('%!.17g', max_fake), printf('%!.17g', worst_fake), fraction_over, longest_run_s, verdict,
        printf('%!.17g', level_dbfs), bandwidth_hz, printf('%!.17g', active_share), outside FROM items ORDER BY 1"
}
