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
while IFS='=' read -r package _ version; do
    "$PYTHON" -c 'import sys; from importlib.metadata import version; v = version(sys.argv[1]).split("+")[0]
sys.exit(0 if v == sys.argv[2] else f"{sys.argv[1]} {v} is installed, the figures are of {sys.argv[2]}")' "$package" "$version" || {
        echo "$PYTHON: pip install -r ${here#"$root"/}/requirements.txt" >&2
        exit 1
    }
done <"$here/requirements.txt"

mkdir -p "$WORK"
[ -s "$WORK/tiny/model.safetensors" ] || "$VOXTRAWL" model "$WORK/tiny" --generate tiny >/dev/null
[ -s "$WORK/tiny.int8.onnx" ] || "$PYTHON" "$here/export.py" "$WORK/tiny" "$WORK/tiny.onnx" "$WORK/tiny.int8.onnx" >"$WORK/export.log" 2>&1 || {
    cat "$WORK/export.log" >&2
    exit 1
}
exec "$PYTHON" "$here/peers.py" --voxtrawl "$VOXTRAWL" --model "$WORK/tiny" --onnx "$WORK/tiny.onnx" --int8 "$WORK/tiny.int8.onnx" \
    --shown "tests/bench/peers/run.sh${*:+ $*}" "$@"
