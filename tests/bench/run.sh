#!/usr/bin/env bash
# run.sh - the figures of docs/performance.md, measured again, as Markdown. $PYTHON: one that peers/requirements.txt is installed in
# (default python3); $VOXTRAWL: the program (default: the release build). ONLY=whole leaves out the peers, which take most of the time;
# ONLY=peers the rest.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export PYTHON=${PYTHON:-python3} VOXTRAWL=${VOXTRAWL:-$root/build/release/voxtrawl} WORK=${WORK:-$root/build/bench}

echo "$(date -u +%F), $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, $("$VOXTRAWL" --version | head -n 1)"
for part in ${ONLY:-whole peers}; do
    case $part in
    whole) "$PYTHON" "$here/whole.py" ;;
    peers) echo && "$here/peers/run.sh" ;;
    *) echo "ONLY: $part is neither whole nor peers" >&2 && exit 2 ;;
    esac
done
