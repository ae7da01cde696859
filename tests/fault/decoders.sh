#!/usr/bin/env bash
# decoders.sh - decoder processes that crash, hang, eat memory or try what they must not: each costs its own item, and nothing is
# left of any of them, however the scan ends
. "$(dirname "$0")/lib.sh"
make_corpus 12

# a name of its own, by which its processes can be told from other tests'
cp "$VOXTRAWL" scanner
VOXTRAWL=$PWD/scanner
left() {
    ls -l /proc/[0-9]*/exe 2>/dev/null | grep -c -- "-> $VOXTRAWL\$" || true
}
nothing_left() { # WHEN
    for _ in $(seq 1 100); do
        [ "$(left)" = 0 ] && break
        sleep 0.05
    done
    equal "processes left $1" 0 "$(left)"
    equal "shared memory left $1" "$shm" "$(find /dev/shm -newer whole.db -name '*voxtrawl*' | wc -l)"
}
shm=$(find /dev/shm -newer whole.db -name '*voxtrawl*' | wc -l)
nothing_left "by the first scan"

error_of() { # FILE
    sql bad.db "SELECT error FROM items WHERE path LIKE '%/$1' AND status = 'failed'"
}

sandboxed=1
status 0 "$VOXTRAWL" scan --model model -o quiet.db corpus
grep -q 'without sandbox' last.err && sandboxed=0
for name in crashes aborts exits killed hangs; do make_noise "corpus/$name.wav" 1500; done
for name in connects writes executes forks reads; do [ $sandboxed = 0 ] || make_noise "corpus/$name.wav" 1500; done
# a sanitizer's own memory would count
[ $sandboxed = 0 ] || make_noise "corpus/eats.wav" 1500
status 3 "$VOXTRAWL" scan --model model -o bad.db --quiet --decode-timeout 1 --decode-memory 256 corpus
equal "a crash" "decoder killed by SIGSEGV" "$(error_of crashes.wav)"
equal "an abort" "decoder killed by SIGABRT" "$(error_of aborts.wav)"
equal "an exit" "decoder ended with status 3" "$(error_of exits.wav)"
equal "a kill" "decoder killed by SIGKILL" "$(error_of killed.wav)"
equal "a hang" "decoder gave no sound for 1 s" "$(error_of hangs.wav)"
if [ $sandboxed = 1 ]; then
    forbidden="decoder killed by SIGSYS: it tried what the sandbox forbids"
    equal "a connection" "$forbidden" "$(error_of connects.wav)"
    equal "writing" "$forbidden" "$(error_of writes.wav)"
    equal "another program" "$forbidden" "$(error_of executes.wav)"
    equal "another process, refused" "decoder ended with status 4" "$(error_of forks.wav)"
    equal "another file, refused" "decoder ended with status 4" "$(error_of reads.wav)"
    equal "a memory bomb" "decoder killed by SIGABRT" "$(error_of eats.wav)"
    [ ! -e written ] && [ ! -e executed ] || fail "a decoder wrote a file"
    # the same without sandbox: these tests can fail
    rm -f bad.db
    status 3 "$VOXTRAWL" scan --model model -o bad.db --quiet --decode-timeout 1 --decode-memory 256 --sandbox off corpus
    [ -e written ] || fail "without sandbox it wrote none"
    rm written
    equal "what connects, without sandbox" "" "$(error_of connects.wav)"
    # a member that has to be unpacked into more memory than there may be, between two others
    mkdir packed
    make_noise packed/a.wav 1500
    make_noise packed/c.wav 1500
    { head -c 44 packed/a.wav && head -c 100000000 /dev/zero; } >packed/b.wav
    tar -czf packed.tar.gz packed/a.wav packed/b.wav packed/c.wav
    rm -f bad.db
    status 3 "$VOXTRAWL" scan --model model -o bad.db --quiet --decode-memory 64 packed.tar.gz
    equal "what is too large" "packed/b.wav|decoder passed its memory limit of 64 MiB" \
        "$(sql bad.db "SELECT member, error FROM items WHERE status = 'failed'")"
    equal "its neighbours" 2 "$(sql bad.db "SELECT count(*) FROM items WHERE status = 'scored'")"
    rm -r packed
    rm -f bad.db # the corpus once more, for what follows
    status 3 "$VOXTRAWL" scan --model model -o bad.db --quiet --decode-timeout 1 --decode-memory 256 corpus
else
    echo "SKIP of the sandbox and of memory: $(grep 'without sandbox' last.err)"
    status 1 "$VOXTRAWL" scan --model model -o no.db --quiet --sandbox on corpus
    says "--sandbox on"
fi
mkdir rest
mv corpus/[a-z]*.wav rest
nothing_left "by crashes"
sql bad.db "SELECT path, status FROM items WHERE status = 'scored'" | grep -c "corpus/[0-9]*.wav" >good.txt || true
equal "the good files" 12 "$(cat good.txt)"
scores bad.db | grep -E '^[0-9]' | diff whole.scores - >this.diff || fail "scores differ beside bad files: $(head -5 this.diff)"

# in threads: the same to the last bit
status 0 "$VOXTRAWL" scan --model model -o killed.db --quiet --decode-in threads corpus
same_as_whole "decoded in threads"
rm killed.db

# the rank is killed, or told to stop, in the middle: its decoders go too
make_noise corpus/long.wav 600000
for signal in KILL INT TERM; do
    # a shell has its background jobs ignore SIGINT
    VX_FAKE_WINDOW_MS=50 env --default-signal=INT "$VOXTRAWL" scan --model model -o killed.db --work w --quiet corpus >ranks.out 2>&1 &
    rank=$!
    for _ in $(seq 1 100); do
        [ "$(left)" -ge 3 ] && break
        sleep 0.05
    done
    [ "$(left)" -ge 3 ] || fail "no decoder process is seen: $(cat ranks.out)"
    sleep 0.2
    kill -$signal $rank
    wait $rank || true
    nothing_left "by SIG$signal"
done
# Ctrl-C goes to all of them: it is for the rank to decide
set -m
VX_FAKE_WINDOW_MS=50 "$VOXTRAWL" scan --model model -o killed.db --work w --quiet corpus >ranks.out 2>&1 &
rank=$!
set +m
sleep 1
kill -INT -$rank
got=0
wait $rank || got=$?
[ $got = 4 ] || fail "Ctrl-C ends with status $got: $(cat ranks.out)"
nothing_left "by Ctrl-C"
rm corpus/long.wav
echo ok
