#!/usr/bin/env bash
# run.sh - installs what is missing, builds and runs every test: release first, then the unit and engine tests again under
# AddressSanitizer with UBSan, and the threaded ones under ThreadSanitizer.
set -euo pipefail

cd "$(dirname "$0")/.."
# shellcheck source=../jobs/debian.sh
. jobs/debian.sh

# shellcheck disable=SC2086 # lists of words
need_packages $VX_BUILD_PACKAGES $VX_TEST_PACKAGES $VX_DEMO_PACKAGES
allow_mpi_as_root

build() { # preset
    cmake --preset "$1" -DBUILD_TESTING=ON >"build/$1.configure.log" 2>&1 || { cat "build/$1.configure.log"; return 1; }
    cmake --build --preset "$1" -- -k 0 >"build/$1.build.log" 2>&1 || { grep -E 'error|FAILED|warning' "build/$1.build.log" | head -n 40; return 1; }
}

mkdir -p build
start=$SECONDS
for preset in release asan tsan; do
    echo "== $preset: building"
    build "$preset"
    echo "== $preset: built after $((SECONDS - start)) s"
    case $preset in
    tsan) ctest --preset tsan -L threads ;;
    *) ctest --preset "$preset" ;;
    esac
    echo "== $preset: tested after $((SECONDS - start)) s"
done
