#!/usr/bin/env bash
# export.sh - voxtrawl export: what it writes read back by strict readers, clips bit by bit, hostile names, sources that are gone
. "$(dirname "$0")/lib.sh"
need sqlite3 python3 sndfile-convert
CHECK=$(realpath "$HERE/export_check.py")

# Recordings of noise, so that every sample tells its place; and the same as WAV for Python to read.
python3 - <<'PYTHON'
import json, os, random, tarfile, wave
random.seed(8)
print("seed 8")
def make(path, rate, channels, width, seconds):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with wave.open(path, "wb") as w:
        w.setnchannels(channels); w.setsampwidth(width); w.setframerate(rate)
        w.writeframes(random.randbytes(int(rate * seconds) * channels * width))
hostile = ["=cmd|' /C calc'!A0.wav", "<img src=x onerror=alert(1)>.wav", "line\nbreak, \"quoted\".wav", "-rf.wav", "...wav",
           "a" * 200 + ".wav", "no utf-8 \udcff\udcfe.wav"]
originals = {}
for i, name in enumerate(hostile):
    make("corpus/b/" + name, 8000, 1, 2, 9.3)
make("corpus/a/stereo.wav", 44100, 2, 3, 9.3)
make("corpus/a/gone.wav", 8000, 1, 2, 9.3)
make("corpus/a/changed.wav", 8000, 1, 2, 9.3)
make("inside/one.wav", 16000, 1, 2, 9.3)
with tarfile.open("corpus/c.tar", "w") as t:
    for name in "../../../tmp/vx-evil.wav", "/etc/@evil.wav", "=sum(1).wav":
        t.add("inside/one.wav", arcname=name, filter=lambda info, name=name: setattr(info, "name", name) or info)
PYTHON
sndfile-convert corpus/a/stereo.wav corpus/a/stereo.flac
make_model model
status 0 "$VOXTRAWL" scan --model model -o r.db corpus
# where each item's samples can be read as WAV
sqlite3 r.db "SELECT item, hex(coalesce(path_raw, path)), member IS NOT NULL FROM items" | python3 -c '
import json, sys
out = {}
for line in sys.stdin:
    item, name, member = line.strip().split("|")
    path = bytes.fromhex(name).decode("utf-8", "surrogateescape")
    out[item] = "inside/one.wav" if member == "1" else path.replace(".flac", ".wav")
json.dump(out, open("originals.json", "w"))'
# p of the five windows: 0.9 0.1 0.8 0.8 0.1; the last one is padded
sql r.db "UPDATE windows SET logit_real = 0, logit_fake = CASE WHEN idx = 0 THEN 2.1972 WHEN idx IN (2, 3) THEN 1.3863 ELSE -2.1972 END;
    UPDATE items SET max_fake = 0.9; UPDATE runs SET fake_from = 0.6, calibration_scale = 1, calibration_offset = 0"

status 0 "$VOXTRAWL" export r.db -o all --clips wav
[ ! -s last.out ] || fail "stdout is for results alone"
says "28 stretches of 14 recordings, 1 min 24 s in all: all"
python3 "$CHECK" all r.db "$VOXTRAWL"
equal "places" "0.000-2.000 4.000-8.000" "$(sed -n 's/.*"start_s":\([0-9.]*\),"end_s":\([0-9.]*\),.*/\1-\2/p' all/stretches.jsonl | sort -u | xargs)"
sqlite3 import.db ".import --csv all/stretches.csv s" "SELECT 1" >/dev/null
equal "as SQLite reads it" "28|14" "$(sql import.db "SELECT count(*), count(DISTINCT item) FROM s")"
[ ! -e /tmp/vx-evil.wav ] && [ "$(find all/clips -type f | wc -l)" -eq 28 ] || fail "clips lie elsewhere"

status 0 "$VOXTRAWL" export r.db -o merged --clips flac --gap 2 --pad 0.25 --min-length 4.5 --threshold 0.55
python3 "$CHECK" merged
equal "one stretch each" "0.000 8.250" "$(sed -n 's/.*"clip_start_s":\([0-9.]*\),"clip_end_s":\([0-9.]*\),.*/\1 \2/p' merged/stretches.jsonl | sort -u)"
status 0 "$VOXTRAWL" export r.db -o none --min-length 60
says "0 stretches of 0 recordings"
equal "a header alone" 1 "$(wc -l <none/stretches.csv)"

sql r.db "UPDATE windows SET logit_fake = 3 WHERE item = 5 AND idx = 0; UPDATE windows SET logit_fake = 4 WHERE item = 7 AND idx = 0"
status 0 "$VOXTRAWL" export r.db -o top --top 2 --clips flac --format csv
equal "the worst two" "5,2 7,1" "$(python3 -c '
import csv
print(*sorted(row["item"] + "," + row["rank"] for row in csv.DictReader(open("top/stretches.csv"))))')"
equal "only what was asked for" "clips stretches.csv" "$(ls top | xargs)"
[ -e top/clips/0001-000007-*-00h00m00.000s.flac ] || fail "the worst clip is not the first: $(ls top/clips)"

# gone and changed since: a row with the reason, the others done
rm corpus/a/gone.wav
head -c 100 /dev/zero >>corpus/a/changed.wav
status 3 "$VOXTRAWL" export r.db -o part --clips wav
says "4 of 28 clips could not be cut"
python3 "$CHECK" part
equal "reasons" 4 "$(grep -cE '"error":"(corpus/a/gone.wav: cannot open: No such file|.*had 148844 when it was scanned)' part/stretches.jsonl)"
equal "other clips" 24 "$(find part/clips -type f | wc -l)"
status 0 "$VOXTRAWL" export r.db -o labels --format audacity # needs no recordings
mv corpus/b moved
status 0 "$VOXTRAWL" export r.db -o elsewhere --clips flac --top 2 --root corpus/b=moved
rm corpus/c.tar
status 3 "$VOXTRAWL" export r.db -o part2 --clips wav --format jsonl --root corpus/b=moved
says "10 of 28 clips"

status 2 "$VOXTRAWL" export r.db -o never --clips wav --root moved
says "expected OLD=NEW"
status 2 "$VOXTRAWL" export r.db -o part
says "part is not empty"
status 3 "$VOXTRAWL" export r.db -o part --overwrite --clips wav
for words in "--format xml:\"xml\" is none of" "--format csv,:\"\" is none of" "--clips mp3:expected flac or wav" "--threshold 1.5:--threshold" \
    "--top 0:--top" "--pad -1:--pad"; do
    # shellcheck disable=SC2086 # an option and its value
    status 2 "$VOXTRAWL" export r.db -o never ${words%%:*}
    says "${words#*:}"
done
status 2 "$VOXTRAWL" export r.db
status 2 "$VOXTRAWL" export -o never
status 2 "$VOXTRAWL" export model -o never
status 1 "$VOXTRAWL" export nowhere.db -o never
status 2 "$VOXTRAWL" export originals.json -o never
status 1 "$VOXTRAWL" export r.db -o r.db/x
[ ! -e never ] || fail "a mistake made a folder"
# a full disk: nothing looks complete
mkdir full && ln -s /dev/full full/stretches.csv.part
status 1 "$VOXTRAWL" export r.db -o full --overwrite
says "No space left"
[ ! -e full/stretches.csv ] || fail "a table that could not be written has its name"
echo "ok"
