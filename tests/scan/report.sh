#!/usr/bin/env bash
# report.sh - the page that report makes, opened in a browser, and the review file that it saves taken into the result
. "$(dirname "$0")/lib.sh"
need sqlite3 python3

# enough of both verdicts: recordings of people and of a synthesiser, one with a name that is markup
prompts=$(find /usr/share/asterisk/sounds/ -maxdepth 1 -name 'en*' -print -quit 2>/dev/null || true)
[ -n "$prompts" ] || skip "the recorded prompts of asterisk-core-sounds-en-wav are not installed"
need espeak-ng
mkdir -p corpus/people corpus/machine
find -L "$prompts" -maxdepth 1 -name '*.wav' -size +40k | sort >prompts.txt
head -n 8 prompts.txt | xargs -I{} cp {} corpus/people
for i in 1 2 3 4 5 6; do
    espeak-ng -w "corpus/machine/$i.wav" "Recording number $i was made by a machine, and everybody should be able to hear that it was."
done
cp corpus/machine/1.wav 'corpus/machine/<img src=x onerror=alert(1)>.wav'
cp corpus/machine/2.wav "corpus/machine/<script>'\"&amp;.wav"
echo "no sound" >corpus/people/broken.wav
{
    echo "path,desk"
    find corpus -name '[0-9]*.wav' | sort | sed 's/.*/"&",<b>radio<\/b>/'
    find corpus/people -name '*.wav' | sort | sed 's/.*/"&",archive/'
    printf '"%s",archive\n' 'corpus/machine/<img src=x onerror=alert(1)>.wav' "corpus/machine/<script>'\"\"&amp;.wav"
} >list.csv
status 3 "$VOXTRAWL" scan -q -o r.db list.csv

# the command
status 2 "$VOXTRAWL" report
status 1 "$VOXTRAWL" report nowhere.db
says "nowhere.db"
status 2 "$VOXTRAWL" report r.db --group-by nothing -o x.html
says "no recording has such a column"
[ ! -e x.html ] && [ ! -e x.html.part ] || fail "a report that failed left a file"
status 0 "$VOXTRAWL" report r.db --listen 3 -o report.html
says "without a network"
status 2 "$VOXTRAWL" report r.db -o report.html
says "report.html"
status 0 "$VOXTRAWL" report r.db --overwrite -o report.html --listen 3
status 2 "$VOXTRAWL" report r.db --overwrite -o r.db # the result itself
says "is no report"
equal "the result" ok "$(sql r.db "PRAGMA quick_check")"
grep -qF '<img' report.html && fail "a name of a file is markup in the page"
equal "script elements" 2 "$(grep -o '<script' report.html | wc -l)"

# a recording that is gone is said to be, the rest stays
mv corpus/machine/3.wav gone.wav
status 0 "$VOXTRAWL" report r.db --listen 50 -o less.html
says "cannot be read (any more)"
status 2 "$VOXTRAWL" report r.db --root nothing -o x.html
mkdir moved
mv corpus moved
status 0 "$VOXTRAWL" report r.db --root =moved --listen 50 -o moved.html
equal "clips of what was moved" "$(grep -o '"uri"' less.html | wc -l)" "$(grep -o '"uri"' moved.html | wc -l)"
mv moved/corpus corpus
cp corpus/machine/1.wav kept.wav
cat corpus/machine/[12].wav >other.wav # another recording under its name is not taken for it
mv other.wav corpus/machine/1.wav
status 0 "$VOXTRAWL" report r.db --listen 50 -o other.html
says "had $(stat -c %s kept.wav) when it was scanned"
grep -q "{\"error\":\"has [0-9]* bytes" other.html || fail "the spectrogram is another recording's"
mv kept.wav corpus/machine/1.wav
mv gone.wav corpus/machine/3.wav

# reviews by hand
uuid=$(sql r.db "SELECT uuid FROM runs")
mark() { # PATH LABEL START END
    printf '{"run":"%s","item":%s,"path":"%s","member":null,"channel":0,"start_s":%s,"end_s":%s,"label":"%s","remark":"","reviewed":"2026-01-05T10:00:00Z"}' \
        "$uuid" "$(sql r.db "SELECT item FROM items WHERE path = '$1'")" "$1" "$3" "$4" "$2"
}
review_file() { # REVIEWER MARK...
    local reviewer=$1
    shift
    (IFS=, && printf '{"voxtrawl_review":1,"reviewer":"%s","marks":[%s]}\n' "$reviewer" "$*")
}
person=$(sql r.db "SELECT path FROM items WHERE path LIKE 'corpus/people/%' AND status = 'scored' LIMIT 1")
review_file Anna "$(mark corpus/machine/1.wav real 0 2)" "$(mark corpus/machine/2.wav fake 0 2)" "$(mark "$person" real 0 1)" >anna.json
review_file Ben "$(mark corpus/machine/1.wav fake 1 3)" "$(mark corpus/machine/4.wav unsure 0 1)" >ben.json
before=$(sql r.db "SELECT group_concat(logit_fake) FROM windows")
status 0 "$VOXTRAWL" review r.db --import anna.json --import ben.json
says "anna.json: 3 marks taken, 0 there before"
status 0 "$VOXTRAWL" review r.db --import anna.json
says "0 marks taken, 3 there before"
equal "marks" 5 "$(sql r.db "SELECT count(*) FROM reviews")"
equal "scores" "$before" "$(sql r.db "SELECT group_concat(logit_fake) FROM windows")"
status 0 "$VOXTRAWL" review r.db --format csv
equal "listed" 6 "$(wc -l <last.out)"
status 0 "$VOXTRAWL" query r.db --named disagreements --format csv
grep -q "^real,fake,.*machine/1.wav" last.out || fail "the model's fake that Anna calls real is no disagreement"
# 1.wav: two reviewers differ about 1 to 2 s; 4.wav: unsure
status 0 "$VOXTRAWL" eval r.db --reviews --bootstrap 0
grep -q "2 labelled" last.out || fail "not the two labels that are without dispute"
# Anna changes her mind about 2.wav: her later word counts, for labels and disagreements, and the earlier one stays
cp r.db mind.db
later=$(mark corpus/machine/2.wav real 0 2)
review_file Anna "${later/10:00:00Z/10:00:01Z}" >later.json
status 0 "$VOXTRAWL" review mind.db --import later.json
equal "marks" 6 "$(sql mind.db "SELECT count(*) FROM reviews")"
status 0 "$VOXTRAWL" eval mind.db --reviews --bootstrap 0 --format json
grep -q '"files":{"bona_fide":2,"spoof":0,' last.out || fail "her earlier word is a label"
status 0 "$VOXTRAWL" query mind.db --named disagreements --format csv
grep -q "^real,fake,.*machine/2.wav" last.out || fail "Anna's later word does not count"
status 2 "$VOXTRAWL" eval r.db --reviews --labels list.csv

wrong() { # SAYS FILE: it is refused as a whole
    status 1 "$VOXTRAWL" review r.db --import "$2"
    says "$1"
    equal "marks" 5 "$(sql r.db "SELECT count(*) FROM reviews")"
}
good=$(mark corpus/machine/5.wav fake 0 2)
review_file Carl "$good" "$(mark corpus/machine/5.wav maybe 0 2)" >x.json && wrong "mark 2: its label" x.json
review_file Carl "$good" "$(mark corpus/machine/5.wav fake 2 2)" >x.json && wrong "mark 2: start_s and end_s" x.json
review_file Carl "$good" "$(mark corpus/machine/5.wav fake 900 901)" >x.json && wrong "mark 2: it goes from 900.00 to 901.00 s" x.json
review_file Carl "$good" "$(mark corpus/machine/5.wav fake 1 99)" >x.json && wrong "mark 2: it goes from 1.00 to 99.00 s" x.json
review_file Carl "${good/\"channel\":0/\"channel\":2}" >x.json && wrong "it is of channel 2, in a recording of 1" x.json
review_file Carl "${good/2026-01-05/2026-02-29}" >x.json && wrong "reviewed must be a time" x.json
review_file 'Carl\u001b[2J' "$good" >x.json && wrong "reviewer must be a name" x.json
review_file Carl '"text"' >x.json && wrong "it is no object" x.json
review_file $'Carl\xff' "$good" >x.json && wrong "not text in UTF-8" x.json
review_file " " "$good" >x.json && wrong "reviewer must be a name" x.json
review_file Carl "${good/machine\/5/machine\/77}" >x.json && wrong "no recording" x.json
review_file Carl "${good/$uuid/0123}" >x.json && wrong "no recording" x.json
review_file Carl "${good/10:00:00Z/ten}" >x.json && wrong "reviewed must be a time" x.json
review_file Carl "${good/\"item\":/\"item\":\"}" >x.json && wrong "not JSON" x.json
review_file Carl 7 >x.json && wrong "it is no object" x.json
echo '[1]' >x.json && wrong "not a review file of version 1" x.json
head -c 100 /dev/zero >x.json && wrong "not text" x.json

# in a browser
python=python3 # not necessarily the distribution's, whose selenium it is
$python -c "import selenium" 2>/dev/null || python=/usr/bin/python3
"$python" "$HERE/report_browser.py" report.html "$PWD" || case $? in
77) skip "python3-selenium, chromium or chromium-driver is not installed, or localhost has no address" ;;
*) fail "the page in a browser" ;;
esac
status 0 "$VOXTRAWL" review r.db --import downloads/review.json
says "2 marks taken, 0 there before"
equal "the remark" "<b>hiss</b>" "$(sql r.db "SELECT remark FROM reviews WHERE reviewer = 'Dora' AND label = 'fake'")"
