#!/usr/bin/env bash
# deb.sh - the Debian package holds what it should and nothing else, and what is in it works from any folder; so does an
# installation that has been moved. packaging/try-deb.sh installs the package in a clean system.
. "$(dirname "$0")/../scan/lib.sh"
build=$3 cmake=$4
need dpkg-deb dpkg-shlibdeps file cpack gzip espeak-ng
[ -d "$build/manual/man" ] || skip "the manual has not been built: build the target all"

# installed, then moved as a whole
status 0 "$cmake" --install "$build" --prefix "$PWD/first" --strip
mv first moved
for file in bin/voxtrawl share/voxtrawl/model/default/config.json share/voxtrawl/slurm/site.example share/voxtrawl/demo.sh \
    share/man/man1/voxtrawl.1.gz share/man/man1/voxtrawl-scan.1.gz share/bash-completion/completions/voxtrawl \
    share/zsh/site-functions/_voxtrawl share/doc/voxtrawl/LICENSE share/doc/voxtrawl/README.md share/doc/voxtrawl/docs/README.md; do
    [ -s "moved/$file" ] || fail "not installed: $file"
done
mkdir corpus
espeak-ng -w corpus/one.wav "A sentence that is spoken by nobody, and goes on for a while."
status 0 moved/bin/voxtrawl scan -o moved.db corpus
says "$PWD/moved/share/voxtrawl/model/default"
status 0 moved/bin/voxtrawl submit --dry-run -o submitted.db corpus

status 0 cpack --config "$build/CPackConfig.cmake" -B "$PWD" -D CPACK_DEBIAN_COMPRESSION_TYPE=gzip # faster than xz
debs=(*.deb)
equal "packages" 1 "${#debs[@]}"
dpkg-deb --extract "${debs[0]}" tree
dpkg-deb --field "${debs[0]}" >control
for field in "Package: voxtrawl" "Section: sound" "Recommends: openmpi-bin" "Architecture: $(dpkg --print-architecture)"; do
    grep -qx "$field" control || fail "the control file does not say: $field"
done
for library in libsndfile libopenmpi libsqlite3 libc6; do
    grep -q "^Depends:.*$library" control || fail "does not depend on $library"
done
for file in usr/bin/voxtrawl usr/share/doc/voxtrawl/copyright usr/share/doc/voxtrawl/changelog.Debian.gz \
    usr/share/man/man1/voxtrawl-doctor.1.gz usr/share/zsh/vendor-completions/_voxtrawl; do
    [ -s "tree/$file" ] || fail "not in the package: $file"
done
dpkg-deb --contents "${debs[0]}" | awk '{ print $1, $2, $6 }' >contents
grep -vE '^(-rw-r--r--|-rwxr-xr-x|drwxr-xr-x) root/root \./(usr/(bin/(voxtrawl)?|share/((bash-completion|doc|man|voxtrawl|zsh)/.*)?)?)?$' contents >strange &&
    fail "strange files in the package: $(cat strange)"
grep -qF "$(realpath "$HERE/../..")" tree/usr/bin/voxtrawl && fail "the program in the package names the source folder"

# the scan from the package is the scan from the build, bit for bit
status 0 tree/usr/bin/voxtrawl scan -o packaged.db corpus
says "$PWD/tree/usr/share/voxtrawl/model/default"
status 0 "$VOXTRAWL" scan -o built.db corpus
for db in packaged moved; do
    diff <("$VOXTRAWL" query $db.db "SELECT * FROM window_scores") <("$VOXTRAWL" query built.db "SELECT * FROM window_scores") ||
        fail "$db scores differently"
done
