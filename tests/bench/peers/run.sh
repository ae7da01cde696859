#!/usr/bin/env bash
# run.sh [OPTIONS] - Voxtrawl beside PyTorch, ONNX Runtime, OpenVINO, librosa and Pillow on this processor; prints a table.
# Options are those of peers.py. $PYTHON is a Python that requirements.txt is installed in (default python3), $VOXTRAWL the program
# (default: the release build), $WORK where model and ONNX files are kept (default: build/bench).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
PYTHON=${PYTHON:-python3}
VOXTRAWL=${VOXTRAWL:-$root/build/release/voxtrawl}
WORK=${WORK:-$root/build/bench}

[ -x "$VOXTRAWL" ] || {
    echo "$VOXTRAWL is missing: cmake --preset release && cmake --build --preset release, or set VOXTRAWL" >&2
    exit 1
}
"$PYTHON" - "$here/requirements.txt" <<'EOF' || { echo "remedy: $PYTHON -m pip install -r ${here#"$root"/}/requirements.txt" >&2 && exit 1; }
import sys
from importlib import metadata

for line in open(sys.argv[1], encoding="ascii"):
    package, _, wanted = line.strip().partition("==")
    try:
        got = metadata.version(package).split("+")[0]
    except metadata.PackageNotFoundError:
        got = "missing"
    if got != wanted:
        sys.exit(f"{sys.executable}: {package} is {got}, the figures are of {wanted}")
EOF

mkdir -p "$WORK"
[ -s "$WORK/tiny/model.safetensors" ] || "$VOXTRAWL" model "$WORK/tiny" --generate tiny >/dev/null
[ -s "$WORK/tiny.int8.onnx" ] || "$PYTHON" "$here/export.py" "$WORK/tiny" "$WORK/tiny.onnx" "$WORK/tiny.int8.onnx" >"$WORK/export.log" 2>&1 || {
    cat "$WORK/export.log" >&2
    exit 1
}
exec "$PYTHON" "$here/peers.py" --voxtrawl "$VOXTRAWL" --model "$WORK/tiny" --onnx "$WORK/tiny.onnx" --int8 "$WORK/tiny.int8.onnx" \
    --shown "tests/bench/peers/run.sh${*:+ $*}" "$@"
