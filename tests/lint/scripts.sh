#!/usr/bin/env bash
# scripts.sh SOURCE - every shell script parses
set -u
cd "$1" || exit 1
bad=0
while IFS= read -r script; do
    bash -n "$script" || bad=1
done < <(find jobs tests slurm packaging .ci \( -name '*.sh' -o -path .ci/run \) -type f)
exit $bad
