#!/usr/bin/env bash
# manual.sh - every command has a page that mandoc finds nothing wrong with, and it has every option that --help shows
. "$(dirname "$0")/../scan/lib.sh"
need mandoc

status 0 "$VOXTRAWL" manual -o manual
status 0 "$VOXTRAWL" --help
commands=$(awk '/^$/ { part++ } part == 2 && /^  / { print $1 }' last.out)
[ "$(wc -w <<<"$commands")" -ge 12 ] || fail "--help lists only: $commands"

pages=(manual/man/man1/*.1)
equal "pages" "$(wc -w <<<"$commands")" "$((${#pages[@]} - 1))"
mandoc -T lint -W warning "${pages[@]}" >lint.out || {
    cat lint.out >&2
    fail "mandoc finds fault with the pages"
}

plain() { # PAGE: without the overstrikes that stand for bold and italic
    mandoc -O width=200 -T ascii "$1" | sed 's/.\x08//g'
}

plain manual/man/man1/voxtrawl.1 >page
for command in $commands; do
    grep -q "voxtrawl-$command(1)" page || fail "voxtrawl(1) does not name $command"
done
for command in $commands; do
    plain "manual/man/man1/voxtrawl-$command.1" >page
    status 0 "$VOXTRAWL" "$command" --help
    grep -oE '^  (-., |    )--[a-z0-9-]+( [^ ]+)?' last.out | sed 's/^ *//; s/-h, --help.*/-h, --help/' >options
    [ -s options ] || fail "$command --help shows no options"
    while IFS= read -r option; do
        grep -qE -- "^ +$(sed 's/[.|[*]/\\&/g' <<<"$option")( |\$)" page || fail "voxtrawl-$command(1) does not have: $option"
    done <options
    for section in NAME SYNOPSIS DESCRIPTION OPTIONS "EXIT STATUS" ENVIRONMENT FILES "SEE ALSO"; do
        grep -qx "$section" page || fail "voxtrawl-$command(1) has no $section"
    done
    grep -qF "voxtrawl-$command - " page || fail "voxtrawl-$command(1) does not say what it is"
done

# man itself, where it is installed
if command -v man >/dev/null; then
    MANPATH=$PWD/manual/man MANWIDTH=100 man voxtrawl-scan >page 2>man.err || fail "man voxtrawl-scan: $(cat man.err)"
    [ ! -s man.err ] || fail "man voxtrawl-scan says: $(cat man.err)"
    grep -q -- "--operating-point" page || fail "man voxtrawl-scan shows no options"
fi

# stdout
"$VOXTRAWL" manual scan | cmp - manual/man/man1/voxtrawl-scan.1 || fail "manual scan prints another page"
"$VOXTRAWL" manual --zsh | cmp - manual/zsh/site-functions/_voxtrawl || fail "manual --zsh prints another one"
status 2 "$VOXTRAWL" manual nonsense
says 'no command "nonsense"'
status 2 "$VOXTRAWL" manual scan --bash
status 1 bash -c '"$1" manual >/dev/full' bash "$VOXTRAWL"
says "No space left"
touch file
status 1 "$VOXTRAWL" manual -o file/in
says "file: Not a directory"
