#!/usr/bin/env bash
# images.sh - pictures skip the audio front end: what inspect draws for a profile, scanned as a picture, scores the same
. "$(dirname "$0")/lib.sh"
need sqlite3

make_model model
cp "$HERE/picture.png" picture.png
cp "$HERE/picture.jpg" picture.jpg
status 0 "$VOXTRAWL" scan --model model -o pictures.db picture.png picture.jpg
equal "pictures scored" 2 "$(sql pictures.db "SELECT count(*) FROM items WHERE kind = 'image' AND status = 'scored' AND n_windows = 1")"
equal "no sound was read" 0 "$(sql pictures.db "SELECT count(*) FROM items WHERE coalesce(duration_s, 0) > 0")"
# a profile changes nothing for a picture
status 0 "$VOXTRAWL" scan --model model -o other.db --profile mel-22k-magma picture.png picture.jpg
scores pictures.db >a
scores other.db >b
diff a b || fail "a profile changed a picture's score"
echo "ok"
