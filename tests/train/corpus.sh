#!/usr/bin/env bash
# corpus.sh - model/train/corpus: splits by speaker and synthesiser, and one channel for both classes
TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$TESTS/../scan/lib.sh"
PYTHON=${VX_TRAIN_PYTHON:-python3}
need "$PYTHON"
"$PYTHON" -c 'import numpy, scipy, soundfile, soxr' 2>import.err ||
    skip "$PYTHON: $(tail -n 1 import.err); install model/train/corpus/requirements.txt, or name another in VX_TRAIN_PYTHON"
export PYTHONPATH=$TESTS/../../model/train/corpus PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1
"$PYTHON" "$TESTS/check_corpus.py" || fail "check_corpus.py"
