#!/usr/bin/env bash
# run.sh - installs what is missing, builds and runs every test: release, then under AddressSanitizer with UBSan what reads,
# under ThreadSanitizer what has threads or ranks, and fuzzing for a while ($VX_FUZZ_SECONDS a target). Where nvcc is, the program
# with the CUDA engine too, which must do without a GPU.
set -euo pipefail

cd "$(dirname "$0")/.."
# shellcheck source=../jobs/debian.sh
. jobs/debian.sh

# shellcheck disable=SC2086 # lists of words
need_packages $VX_BUILD_PACKAGES $VX_TEST_PACKAGES $VX_DEMO_PACKAGES
allow_mpi_as_root

# What release and cuda share is compiled once.
if command -v ccache >/dev/null; then
    export CMAKE_C_COMPILER_LAUNCHER=ccache CCACHE_DIR=${CCACHE_DIR:-$PWD/build/ccache} CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
fi

build() { # preset [target...]
    local log=build/$1.build.log options=(-DBUILD_TESTING=ON -DVX_WERROR=ON)
    [ "$1" != cuda ] || options+=(-DCMAKE_CUDA_ARCHITECTURES=75) # of the five devices' code the oldest's, and its PTX
    if cmake --preset "$1" "${options[@]}" >"$log" 2>&1 && cmake --build --preset "$1" ${2:+--target "${@:2}"} -- -k 0 >>"$log" 2>&1; then
        return 0
    fi
    grep -E 'rror|FAILED|warning' "$log" | head -n 40 || true
    echo "$PWD/$log has the rest" >&2
    return 1
}

# Three tests at a time on two cores: some of them wait, for a lease to be lost or for Slurm.
jobs=$(($(nproc) + 1))
mkdir -p build
failed=()
for preset in release asan tsan; do
    echo "== $preset: building"
    if build "$preset"; then
        echo "== $preset: built after $SECONDS s"
        ctest --preset "$preset" -j"$jobs" || failed+=("$preset")
        echo "== $preset: tested after $SECONDS s"
    else
        failed+=("$preset")
    fi
done
if command -v clang >/dev/null; then
    echo "== fuzz: building"
    if build fuzz fuzz_targets; then
        echo "== fuzz: built after $SECONDS s"
        ctest --preset fuzz -j$((jobs + 2)) || failed+=(fuzz) # each takes its seconds by the clock
    else
        failed+=(fuzz)
    fi
else
    echo "== fuzz: SKIP, there is no clang"
fi
if command -v nvcc >/dev/null || [ -x /usr/local/cuda/bin/nvcc ]; then
    echo "== cuda: building"
    if build cuda voxtrawl; then
        echo "== cuda: built after $SECONDS s"
        ctest --preset cuda -L gpu-cli || failed+=(cuda)
    else
        failed+=(cuda)
    fi
else
    echo "== cuda: SKIP, there is no nvcc"
fi
if [ ${#failed[@]} -gt 0 ]; then
    echo "FAILED: ${failed[*]}"
    exit 1
fi
echo "All tests passed."
