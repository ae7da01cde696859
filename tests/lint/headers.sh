#!/usr/bin/env bash
# headers.sh SOURCE C-COMPILER [C++-COMPILER CUDA-HEADERS] - every header compiles alone, and has a guard named after its path
# What needs the CUDA toolkit's headers is compiled where they are given; .cuh files as C++, for the host (tests/gpu/host).
set -u
cd "$1" || exit 1
cc=$2 cxx=${3:-} cuda=${4:-}
bad=0

compiles() { # HEADER COMPILER OPTION...
    local header=$1
    shift
    "$@" -D_GNU_SOURCE -I. -Wall -Wextra -Werror -fsyntax-only - <<<"#include \"$header\"" ||
        { echo "$header does not compile alone"; bad=1; }
}

for header in base/*.h model/*.h cpu/*.h gpu/*.h gpu/*.cuh io/*.h db/*.h mpi/*.h jobs/*.h tests/harness/*.h \
    tests/gpu/*.h tests/gpu/host/*.h; do
    [ -e "$header" ] || continue
    guard=VX_$(echo "${header%.*}" | tr 'a-z/-' 'A-Z__')_$(echo "${header##*.}" | tr 'a-z' 'A-Z')
    guard=${guard/_TESTS_HARNESS_/_TESTS_}
    grep -q "^#ifndef $guard$" "$header" || { echo "$header: guard should be $guard"; bad=1; }
    case $header in
    *.cuh | tests/gpu/host/cuda_host.h)
        [ -z "$cuda" ] || [ -z "$cxx" ] ||
            compiles "$header" "$cxx" -std=c++17 -x c++ -isystem "$cuda" -include tests/gpu/host/cuda_host.h -Wno-unknown-pragmas ;;
    gpu/*.h | tests/gpu/*)
        [ -z "$cuda" ] || compiles "$header" "$cc" -std=c17 -x c -isystem "$cuda" ;;
    io/ffmpeg_internal.h) # FFmpeg is optional
        # shellcheck disable=SC2046 # a list of flags
        ! pkg-config --exists libavformat libavcodec libswresample ||
            compiles "$header" "$cc" -std=c17 -x c $(pkg-config --cflags libavformat libavcodec libswresample) ;;
    *)
        # shellcheck disable=SC2046 # a list of flags
        compiles "$header" "$cc" -std=c17 -x c $(pkg-config --cflags libcjson sndfile sqlite3 2>/dev/null) ;;
    esac
done
[ -n "$cuda" ] || echo "no headers of the CUDA toolkit: those of gpu/ and tests/gpu/ were not compiled"
exit $bad
