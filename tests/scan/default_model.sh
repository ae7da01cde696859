#!/usr/bin/env bash
# default_model.sh - which model is taken when none is named: VOXTRAWL_MODEL, the installed one, the source tree's
. "$(dirname "$0")/lib.sh"
need sqlite3

make_speech corpus
make_model own
status 0 "$VOXTRAWL" model other --generate atto --seed 8

# a copy of the program far from any model
mkdir -p far/bin
cp "$VOXTRAWL" far/bin/voxtrawl
far=$PWD/far/bin/voxtrawl
for command in "scan -o none.db corpus" "inspect corpus/a/one.wav -o none.png" "bench --seconds 0.01 --rounds 1 --batch 1" "model"; do
    # shellcheck disable=SC2086 # a command line
    status 2 "$far" $command
    says "no model: --model DIR (or the variable VOXTRAWL_MODEL)"
done
[ ! -e none.db ] && [ ! -e none.db.work ] && [ ! -e none.png ] || fail "without a model something was written"

# DIR of the last `voxtrawl model`
shown() {
    awk '$1 == "model" { print $2 }' last.out
}
took() { # DB MODEL: the scan's model
    equal "model of $1" "$(realpath "$2")" "$(sql "$1" 'SELECT model_path FROM runs')"
}

# as built, in a source tree; presets build in build/NAME
source=$(realpath "$HERE/../..")
case $(dirname "$VOXTRAWL") in
"$source"/build/*)
    mkdir -p tree/model tree/build/some
    cp "$VOXTRAWL" tree/build/some/voxtrawl
    cp -r own tree/model/default
    status 0 tree/build/some/voxtrawl model
    equal "model of the source tree" "$(realpath tree/model/default)" "$(shown)"
    ;;
esac

# as installed; what is installed may be moved
mkdir -p prefix/bin prefix/share/voxtrawl/model
cp "$VOXTRAWL" prefix/bin/voxtrawl
cp -r other prefix/share/voxtrawl/model/default
status 0 prefix/bin/voxtrawl model
equal "installed model" "$(realpath prefix/share/voxtrawl/model/default)" "$(shown)"
status 0 prefix/bin/voxtrawl scan -o installed.db corpus
says "voxtrawl's own small default model"
says "share/voxtrawl/model/default"
took installed.db prefix/share/voxtrawl/model/default
status 0 "$VOXTRAWL" scan --quiet --model other -o named.db corpus
diff <(scores installed.db) <(scores named.db) || fail "the default model scores otherwise than the same one named"
mv prefix moved
status 0 moved/bin/voxtrawl model
equal "moved model" "$(realpath moved/share/voxtrawl/model/default)" "$(shown)"
ln -s moved/bin/voxtrawl linked
status 0 ./linked model
equal "model through a link" "$(realpath moved/share/voxtrawl/model/default)" "$(shown)"
rm moved/share/voxtrawl/model/default/config.json
status 2 moved/bin/voxtrawl model

# the variable goes before both, --model before the variable
mkdir -p moved/share/voxtrawl/model
cp -r other/. moved/share/voxtrawl/model/default
export VOXTRAWL_MODEL=own
status 0 moved/bin/voxtrawl model
equal "model of the variable" own "$(shown)"
status 0 moved/bin/voxtrawl scan -o variable.db corpus
! grep -q "small default model" last.err || fail "a user's model is called voxtrawl's own"
took variable.db own
status 0 moved/bin/voxtrawl scan --quiet --model other -o option.db corpus
took option.db other
status 0 moved/bin/voxtrawl inspect corpus/a/one.wav -o one.png
status 0 moved/bin/voxtrawl bench --seconds 0.01 --rounds 1 --batch 1
export VOXTRAWL_MODEL=nowhere
status 1 moved/bin/voxtrawl scan -o none.db corpus
says "VOXTRAWL_MODEL: open nowhere/config.json"
export VOXTRAWL_MODEL= # empty is unset
status 0 moved/bin/voxtrawl model
equal "model" "$(realpath moved/share/voxtrawl/model/default)" "$(shown)"
[ ! -e none.db ] || fail "a scan that could not begin left none.db"
echo "ok"
