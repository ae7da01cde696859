#!/usr/bin/env bash
# soak.sh [RUNS [SEED]] - the long variant of kill.sh: 200 runs unless told otherwise. Needs a built tree: build/release
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${VX_BUILD:-$root/build/release}
exec bash "$root/tests/fault/kill.sh" "$build/tests/fault/voxtrawl_fake" "$build/tests/fault/soak" "${1:-200}" ${2:+"$2"}
