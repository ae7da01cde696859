#!/usr/bin/env bash
# points.sh - a calibrated profile with operating points: what a scan makes of its scores, and what it calls them
. "$(dirname "$0")/lib.sh"
need sqlite3

make_speech corpus
rm corpus/b/deeper/four.flac # the same sound as three.wav: no threshold lies between them
make_model model

status 0 "$VOXTRAWL" scan --model model -o raw.db corpus
says "scores   not probabilities (the profile has no calibration for windows of 2 s)"
says "verdicts balanced: real below a mean of 0.5, fake from 0.5"
! grep -q "uncertain between" last.err || fail "there is nothing between 0.5 and 0.5"
! grep -qF "P(fake)" last.err || fail "a score that is none is called a probability"
status 0 "$VOXTRAWL" query raw.db --named runs --format csv
grep -q "scores, not probabilities" last.out || fail "query --named runs does not say what the scores are"
printf '%s\n' "$(sql raw.db "SELECT profile FROM runs")" >plain.json
equal "profile's hash" "$(sha256sum <plain.json | cut -c1-64)" "$(sql raw.db "SELECT profile_sha256 FROM runs")"

# profile FILE CALIBRATION: the plain one with more keys
profile() {
    { sed '$d' plain.json | sed '$s/$/,/' && printf '%s}\n' "$2"; } >"$1"
}

# a calibration that spreads the untrained model's scores about their middle
calibration=$(sql raw.db "SELECT printf('\"calibration_scale\": %.6f, \"calibration_offset\": %.6f', 3 / (max(s) - min(s)),
    -1.5 * (max(s) + min(s)) / (max(s) - min(s))) FROM (SELECT avg(score) AS s FROM window_scores GROUP BY item)")
profile calibrated.json "$calibration, \"calibrated_on\": \"five clips\""
status 0 "$VOXTRAWL" scan --model model --profile calibrated.json -o calibrated.db corpus
says "scores   P(fake), calibrated on five clips"
diff <(scores raw.db) <(scores calibrated.db) || fail "a calibration changed what the model gave"
equal "runs" "five clips|$(sed 's/.*scale": \([^,]*\), .*offset": \(.*\)/\1|\2/' <<<"$calibration")" \
    "$(sql calibrated.db "SELECT calibrated_on, printf('%.6f', calibration_scale), printf('%.6f', calibration_offset) FROM runs")"
status 0 "$VOXTRAWL" query --format csv calibrated.db "SELECT count(*) AS n, sum(abs(mean_fake - mean) > 1e-12) AS off
    FROM items JOIN (SELECT item, avg(sigmoid(-llr)) AS mean FROM window_scores GROUP BY item) USING (item)"
equal "means that are not those of the calibrated windows" "5,0" "$(tail -n 1 last.out)"
status 0 "$VOXTRAWL" scan --model model --profile calibrated.json --window 1 -o short.db corpus
says "not probabilities (the profile has no calibration for windows of 1 s)"
equal "calibration on other windows" 1 "$(sql short.db "SELECT calibrated_on IS NULL FROM runs")"
status 2 "$VOXTRAWL" merge -o both.db raw.db calibrated.db
says "cannot be merged"
says " / 1.0, calibration_offset "
status 0 "$VOXTRAWL" inspect corpus/a/two.WAV -o two.png --model model --profile calibrated.json
equal "inspect and scan" "$("$VOXTRAWL" query --format csv calibrated.db "SELECT printf('%.6f', sigmoid(-llr)) AS p FROM window_scores
    WHERE llr IS NOT NULL AND name LIKE '%two.WAV' ORDER BY idx" | tail -n +2)" "$(tail -n +2 last.out | cut -f5 | grep .)"

# thresholds that part the five recordings
between() { # N: halfway from the Nth lowest mean to the next
    sql calibrated.db "SELECT printf('%.9f', avg(mean_fake)) FROM (SELECT mean_fake FROM items ORDER BY 1 LIMIT 2 OFFSET $(($1 - 1)))"
}
point() { # N M
    printf '{"real_below": %s, "fake_from": %s}' "$(between "$1")" "$(between "$2")"
}
sed -e "s/\"real_below\": 0.5/\"real_below\": $(between 2)/" -e "s/\"fake_from\": 0.5/\"fake_from\": $(between 3)/" plain.json >points.json
mv points.json plain.json
profile model/profile.json "$calibration, \"calibrated_on\": \"five clips\", \"high_precision\": $(point 1 4),
    \"measured\": {\"level_dbfs\": [-60, -3]}"

# verdicts DB: how many are real, uncertain, fake
counts() {
    sql "$1" "SELECT sum(verdict = 'real'), sum(verdict = 'uncertain'), sum(verdict = 'fake') FROM items"
}
scan() { # OUT OPTION...
    local out=$1
    shift
    status 0 "$VOXTRAWL" scan --model model -o "$out" "$@" corpus
}
scan balanced.db
equal "balanced" "2|1|2" "$(counts balanced.db)"
says "verdicts balanced: real below a mean of"
says "uncertain between"
says "  verdicts  fake 2, uncertain 1, real 2"
says "  scores    P(fake), calibrated on five clips"
scan same.db --operating-point balanced
equal "balanced, named" "2|1|2" "$(counts same.db)"
equal "one fingerprint" 1 "$(sql balanced.db "ATTACH 'same.db' AS b; SELECT main.runs.fingerprint = b.runs.fingerprint FROM main.runs, b.runs")"
scan precise.db --operating-point high-precision
equal "high-precision" "1|3|1" "$(counts precise.db)"
equal "recorded" "high-precision|1" "$(sql precise.db "SELECT json_extract(config, '\$.verdict_by'), fake_from > 0.5 FROM runs")"
equal "two fingerprints" 0 "$(sql balanced.db "ATTACH 'precise.db' AS b; SELECT main.runs.fingerprint = b.runs.fingerprint FROM main.runs, b.runs")"
diff <(scores raw.db) <(scores precise.db) || fail "an operating point changed what the model gave"
scan threshold.db --threshold "$(between 1)"
equal "threshold" "1|0|4" "$(counts threshold.db)"
says "verdicts threshold: real below a mean of"

for words in "high-recall:no \"high_recall\"" "high-recall:profile mel-16k-grey" "sometimes:expected balanced, high-precision or high-recall"; do
    status 2 "$VOXTRAWL" scan --model model -o none.db --operating-point "${words%%:*}" corpus
    says "--operating-point ${words%%:*}: "
    says "${words#*:}"
done
status 2 "$VOXTRAWL" scan --model model -o none.db --operating-point balanced --threshold 0.5 corpus
says "exclude each other"
[ ! -e none.db ] && [ ! -e none.db.work ] || fail "a scan that could not begin left something"

status 0 "$VOXTRAWL" model model
for line in "scores       P(fake), calibrated on five clips" "log-likelihood ratio = " "  high-recall     not set" "measured     level -60 to -3 dBFS"; do
    grep -qF "$line" last.out || fail "voxtrawl model does not say \"$line\""
done
grep -q "^  high-precision  real below 0\.[0-9]*, fake from 0\.[0-9]*$" last.out || fail "voxtrawl model does not show the point"
status 0 "$VOXTRAWL" model model --profile mel-16k-plain
grep -qF "scores       not probabilities" last.out || fail "voxtrawl model --profile shows another profile's calibration"
sed 's/"fake_from": 0[^}]*}/"fake_from": 2}/' model/profile.json >broken.json
status 1 "$VOXTRAWL" scan --model model --profile broken.json -o none.db corpus
says 'broken.json: key "high_precision.fake_from": expected a number from'
echo "ok"
