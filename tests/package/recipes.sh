#!/usr/bin/env bash
# recipes.sh - as far as can be told without Apptainer and Spack: the recipes are well-formed, name what is there, and have every
# library that CMake asks for
. "$(dirname "$0")/../scan/lib.sh"
need python3
source=$(realpath "$HERE/../..")

# Apptainer: known sections, a source for each stage, files that exist, shell that parses
definition=$source/packaging/voxtrawl.def
grep -E '^%' "$definition" | awk '{ print $1 }' | sort -u >sections
for section in $(cat sections); do
    case $section in
    %files | %post | %environment | %runscript | %test | %labels | %help) ;;
    *) fail "voxtrawl.def: $section is no section" ;;
    esac
done
equal "stages with a source" "$(grep -c '^Stage:' "$definition")" "$(grep -c '^From:' "$definition")"
awk '/^%/ { on = /^%files$/ } /^Bootstrap:/ { on = 0 } on && NF == 2 && !/^%/ { print $1, $2 }' "$definition" >files
[ -s files ] || fail "voxtrawl.def copies nothing"
while read -r from to; do
    [ -e "$source/$from" ] || fail "voxtrawl.def copies $from, which is not there"
    equal "where voxtrawl.def copies $from" "/src/$from" "$to"
done <files
for folder in $(cd "$source" && git ls-files 2>/dev/null | grep -oE '^[^./][^/]*/' | sort -u | tr -d /); do
    [ "$folder" = tests ] || grep -q "^$folder /src/$folder\$" files || fail "voxtrawl.def does not copy $folder/"
done
for section in post runscript test environment; do
    awk -v wanted="%$section" '/^%/ || /^Bootstrap:/ { on = $1 == wanted; next } on' "$definition" >"$section.sh"
    [ -s "$section.sh" ] || fail "voxtrawl.def has no $section"
    bash -n "$section.sh" || fail "voxtrawl.def: $section is no shell"
done

# Spack: Python that parses, the project's version, and every library of CMakeLists.txt
for recipe in "$source"/packaging/spack/packages/*/package.py; do
    python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' "$recipe" || fail "$recipe is no Python"
done
recipe=$source/packaging/spack/packages/voxtrawl/package.py
version=$(sed -nE 's/^project\(voxtrawl VERSION ([0-9.]+).*/\1/p' "$source/CMakeLists.txt")
grep -q "version(\"$version\")" "$recipe" || fail "the recipe's version is not $version"
head -n 1 "$source/packaging/debian/changelog" | grep -qF "($version-1)" || fail "the Debian changelog's version is not $version"
package_of() { # PKG-CONFIG MODULE
    case $1 in
    libcjson) echo cjson ;; libcrypto) echo openssl ;; zlib) echo zlib-api ;; libpng) echo libpng ;; libjpeg) echo jpeg ;;
    sndfile) echo libsndfile ;; soxr) echo soxr ;; libarchive) echo libarchive ;; sqlite3) echo sqlite ;; kissfft-float) echo kissfft ;;
    libxxhash) echo xxhash ;; *) fail "what is $1 called in Spack? tell recipes.sh and the recipe" ;;
    esac
}
for module in $(sed -nE 's/^pkg_check_modules\([A-Z0-9]+ REQUIRED IMPORTED_TARGET ([a-z0-9-]+).*/\1/p' "$source/CMakeLists.txt"); do
    package=$(package_of "$module")
    grep -qE "depends_on\(\"$package[\"@ +]" "$recipe" || fail "the recipe does not depend on $package"
done
for package in mpi onednn ffmpeg cuda; do
    grep -q "depends_on(\"$package" "$recipe" || fail "the recipe does not depend on $package"
done
