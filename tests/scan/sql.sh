#!/usr/bin/env bash
# sql.sh - the queries of docs/sql.md: each answers as the page says, and every result takes it
# After a change of the page: tests/scan/sql.sh PROGRAM SCRATCH --update
UPDATE=${3:-}
. "$(dirname "$0")/lib.sh"
need sqlite3 python3
PAGE=$(realpath "$HERE/../../docs/sql.md")

python3 "$HERE/sql_example.py" "$VOXTRAWL" results.db
status 0 "$VOXTRAWL" query results.db --named runs
make_model model
mkdir corpus
make_noise corpus/one.wav 5000
make_noise corpus/two.wav 300
status 0 "$VOXTRAWL" scan --model model -o scanned.db corpus
status 0 "$VOXTRAWL" export results.db -o suspects
# shellcheck disable=SC2086 # one option or none
python3 "$HERE/sql_check.py" "$VOXTRAWL" "$PAGE" results.db scanned.db $UPDATE
