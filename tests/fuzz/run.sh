#!/usr/bin/env bash
# run.sh TARGET SEEDS [libFuzzer option...] - a fuzz target for $VX_FUZZ_SECONDS (30), beginning with the seeds and with what
# earlier runs have found (TARGET.corpus). An input that breaks it is left beside the target, and its path printed.
set -euo pipefail

target=$1 seeds=$2
shift 2
mkdir -p "$target.corpus"
options=(-max_total_time="${VX_FUZZ_SECONDS:-30}" -timeout=20 -rss_limit_mb=3000 -max_len=8192 -print_final_stats=1
    -artifact_prefix="$target.")
dictionary=${seeds%/*/*}/dict/${seeds##*/}
[ -f "$dictionary" ] && options+=(-dict="$dictionary")
# Leaks of the libraries that read sound and archives are not ours, and libsndfile 1.2.0 has some: what is ours is held to
# account by the unit tests, under the leak detector.
case $target in *_sound | *_archive) options+=(-detect_leaks=0) ;; esac

# Large allocations come often, and mapping memory anew for each of them would be most of the time.
export ASAN_OPTIONS=${ASAN_OPTIONS:-clear_shadow_mmap_threshold=67108864:use_madv_dontdump=0:quarantine_size_mb=16:malloc_context_size=4}

log=$target.log
if "$target" "${options[@]}" "$@" "$target.corpus" "$seeds" >"$log" 2>&1; then
    grep -E 'DONE|stat::(number_of_executed_units|average_exec_per_sec|peak_rss_mb)' "$log"
else
    tail -n 40 "$log" >&2
    find "$(dirname "$target")" -name "${target##*/}.*-*" -newer "$seeds" -printf '%p: the input\n' >&2
    exit 1
fi
