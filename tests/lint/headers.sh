#!/usr/bin/env bash
# headers.sh SOURCE COMPILER - every header compiles alone, and has a guard named after its path
set -u
cd "$1" || exit 1
bad=0
for header in base/*.h model/*.h cpu/*.h io/*.h db/*.h mpi/*.h jobs/*.h tests/harness/*.h; do
    [ -e "$header" ] || continue
    # shellcheck disable=SC2046 # a list of flags
    "$2" -std=c17 -D_GNU_SOURCE -I. $(pkg-config --cflags libcjson sndfile sqlite3 2>/dev/null) -Wall -Wextra -Werror \
        -fsyntax-only -x c - <<<"#include \"$header\"" || { echo "$header does not compile alone"; bad=1; }
    guard=VX_$(echo "${header%.h}" | tr 'a-z/-' 'A-Z__')_H
    grep -q "^#ifndef ${guard/_TESTS_HARNESS_/_TESTS_}$" "$header" || { echo "$header: guard should be ${guard/_TESTS_HARNESS_/_TESTS_}"; bad=1; }
done
exit $bad
