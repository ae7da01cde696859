#!/usr/bin/env bash
# run.sh [FOLDER] - the CUDA engine on a GPU: builds base, model, gpu and their tests, runs the tests on the device, again under
# compute-sanitizer, then the benchmark and its peers. Needs nvcc, cmake, pkg-config, and cmocka, cJSON, libcrypto and kissfft with
# their headers (PKG_CONFIG_PATH finds them elsewhere too); no libsndfile, SQLite, MPI or oneDNN. FOLDER (build/gpu-device) gets the build
# and report.txt. Exit status 77: there is no GPU.
#   STEPS="build test sanitize bench peers"  which of these to do, in this order
#   SECONDS_EACH=1                           of each measurement
#   PYTHON=python3                           with PyTorch, transformers and torchaudio, for the peers
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/../../build/gpu-device}
steps=${STEPS:-build test sanitize bench peers}
seconds=${SECONDS_EACH:-1}
tests=(test_gpu_dwconv test_gpu_network_ops test_gpu_picture test_gpu_frontend_ops test_gpu_frontend test_gpu_engine)

wants() { [[ " $steps " == *" $1 "* ]]; }
mkdir -p "$out"
out=$(cd "$out" && pwd)
exec > >(tee "$out/report.txt") 2>&1

if wants build; then
    generator=()
    command -v ninja >/dev/null && generator=(-G Ninja)
    cmake -S "$here/device" -B "$out" "${generator[@]}" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DVX_WERROR=ON \
        -DCMAKE_CUDA_ARCHITECTURES="${ARCHITECTURES:-native}" >"$out/build.log"
    cmake --build "$out" -j "$(nproc)" >>"$out/build.log" || { tail -n 30 "$out/build.log"; exit 1; }
    echo "== built: $out"
fi
nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm --format=csv 2>/dev/null || {
    echo "SKIP: nvidia-smi finds no GPU; nothing was run"
    exit 77
}
date -u +"%Y-%m-%d %H:%M UTC"

failed=()
if wants test; then
    for t in "${tests[@]}"; do
        echo "== $t"
        "$out/$t" || failed+=("$t")
    done
fi
if wants sanitize; then
    for tool in memcheck racecheck; do
        for t in "${tests[@]}"; do
            echo "== compute-sanitizer --tool $tool $t"
            compute-sanitizer --tool $tool --error-exitcode 9 --log-file "$out/$tool-$t.log" "$out/$t" >"$out/$tool-$t.out" 2>&1 || {
                tail -n 20 "$out/$tool-$t.log"
                failed+=("$tool $t")
            }
        done
    done
fi
if wants bench; then
    echo "== gpu_bench $seconds"
    "$out/gpu_bench" "$seconds" || failed+=(gpu_bench)
fi
if wants peers; then
    echo "== peers.py"
    "${PYTHON:-python3}" "$here/peers.py" --seconds "$seconds" || failed+=(peers.py)
fi
[ ${#failed[@]} -eq 0 ] || { echo "FAILED: ${failed[*]}"; exit 1; }
echo "== all of: $steps"
