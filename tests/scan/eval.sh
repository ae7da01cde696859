#!/usr/bin/env bash
# eval.sh - a scan measured against labels: tables, JSON, charts, and labels that do not fit
. "$(dirname "$0")/lib.sh"
need sqlite3

make_model model
mkdir -p corpus/a corpus/b
printf 'path,session\n' >list.csv
for i in 1 2 3 4 5 6; do
    make_noise "corpus/a/real$i.wav" $((1500 * i))
    make_noise "corpus/b/fake$i.wav" $((2000 * i))
    printf 'corpus/a/real%d.wav,%d\ncorpus/b/fake%d.wav,%d\n' "$i" $((i % 2)) "$i" $((i % 2)) >>list.csv
done
make_noise corpus/a/unlabelled.wav 2000
head -c 32000 /dev/zero >corpus/silence.raw
{ head -c 44 corpus/a/real1.wav && cat corpus/silence.raw; } >corpus/a/silent.wav
echo "no sound" >corpus/b/broken.wav
printf 'corpus/a/unlabelled.wav,0\ncorpus/a/silent.wav,0\ncorpus/b/broken.wav,1\n' >>list.csv
status 3 "$VOXTRAWL" scan --model model -o r.db list.csv

{
    echo "file,label,speaker,attack"
    for i in 1 2 3 4 5 6; do
        echo "a/real$i.wav,bona-fide,person$((i % 3)),-"
        echo "b/fake$i.wav,spoof,,T0$((i % 2))"
    done
    printf 'a/silent.wav,bona-fide,person1,-\nb/broken.wav,spoof,,T01\nb/nowhere.wav,spoof,,T01\n'
} >labels.csv

status 0 "$VOXTRAWL" eval r.db --labels labels.csv --cluster speaker --by attack --by session --plot charts
for text in UNTRAINED "15 rows, 1 of them met no item" "15 in r.db: 14 labelled, 1 without" "higher means bona fide" \
    "not calibrated" "over 9 clusters" "by attack, windows" "by session, files" "T01" "all bona fide"; do
    grep -qF -- "$text" last.out || fail "the report does not say \"$text\""
done
grep -qE '^bona fide, spoof +[0-9]+, [0-9]+ +6, 6$' last.out || fail "the report counts other files than 6 and 6"
grep -qE '^bona fide +[0-9]+ +[0-9]+ +[0-9]+ +1 +0$' last.out || fail "the silent recording is not in the table of verdicts"
grep -qE '^spoof +[0-9]+ +[0-9]+ +[0-9]+ +0 +1$' last.out || fail "the broken recording is not in the table of verdicts"
equal "charts" "files-det.svg files-scores.svg windows-det.svg windows-scores.svg" "$(cd charts && echo *)"
for chart in charts/*; do
    grep -q '^</svg>$' "$chart" || fail "$chart has no end"
    if grep -qE '(nan|inf)[ ,"]' "$chart"; then fail "$chart draws what is no number"; fi
done

status 0 "$VOXTRAWL" eval r.db --labels labels.csv --format json --where session=1 --min-seconds 6 --bootstrap 20
mv last.out report.json
json() { # PATH
    sql :memory: "SELECT json_extract(CAST(readfile('report.json') AS TEXT), '$1')"
}
equal "JSON's files" "1 2" "$(json '$.files.bona_fide') $(json '$.files.spoof')" # of 7.5, 6 and 10 s
equal "an interval's rounds" 20 "$(json '$.bootstrap.rounds')"
equal "JSON's EER of windows" 1 "$(sql :memory: "SELECT $(json '$.windows.eer.value') BETWEEN 0 AND 1")"

# a class alone: what needs both has no value, the rest has
status 0 "$VOXTRAWL" eval r.db --labels labels.csv --where attack=T01 --where attack=T00 --plot alone --format json
mv last.out report.json
equal "EER of one class" "null" "$(sql :memory: "SELECT json_type(CAST(readfile('report.json') AS TEXT), '$.files.eer.value')" | sed 's/^$/null/')"
equal "files of one class" "0 6" "$(json '$.files.bona_fide') $(json '$.files.spoof')"
equal "charts of one class" "files-scores.svg windows-scores.svg" "$(cd alone && echo *)"
status 0 "$VOXTRAWL" eval r.db --labels labels.csv --where attack=T01
grep -qE '^EER +- +-$' last.out || fail "an EER of one class is not -"
grep -qF "only spoof here" last.out || fail "one class alone is not said"

refused() { # STATUS TEXT ARGUMENT...
    local expected=$1 text=$2
    shift 2
    status "$expected" "$VOXTRAWL" eval "$@"
    says "$text"
    [ ! -s last.out ] || fail "something was printed beside the error: eval $*"
}
printf 'file,label\nsomething/else.wav,spoof\n' >others.csv
printf 'file,label\nsilent.wav,bona-fide\nbroken.wav,spoof\n' >scoreless.csv
refused 2 "usage" r.db
refused 2 "usage" --labels labels.csv
refused 1 "nowhere.csv" r.db --labels nowhere.csv
refused 1 "nowhere.db" nowhere.db --labels labels.csv
refused 2 "expected the result" labels.csv --labels labels.csv
refused 2 "no-such-format" r.db --labels labels.csv --labels-format no-such-format
refused 2 "something/else.wav" r.db --labels others.csv
refused 2 "no metric is defined" r.db --labels scoreless.csv
refused 2 "none of 14 labelled items is left" r.db --labels labels.csv --where attack=T99
refused 2 "none of 14 labelled items is left" r.db --labels labels.csv --min-seconds 100
refused 2 "expected COLUMN=VALUE" r.db --labels labels.csv --where attack
refused 2 "--where nothing: neither a column" r.db --labels labels.csv --where nothing=1
refused 2 "--by nothing: neither a column" r.db --labels labels.csv --by nothing
refused 2 "--cluster nothing: neither a column" r.db --labels labels.csv --cluster nothing
refused 2 "expected mean, max or worst" r.db --labels labels.csv --file-score best
refused 2 "expected text or json" r.db --labels labels.csv --format xml
refused 1 "corpus/a/silent.wav" r.db --labels labels.csv --plot corpus/a/silent.wav
status 1 bash -c '"$1" eval r.db --labels labels.csv >/dev/full' bash "$VOXTRAWL"
says "No space left"
echo "ok"
