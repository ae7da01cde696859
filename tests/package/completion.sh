#!/usr/bin/env bash
# completion.sh - what bash offers behind voxtrawl, asked as readline asks; zsh's script parses, and both have every option
. "$(dirname "$0")/../scan/lib.sh"

status 0 "$VOXTRAWL" manual -o manual
script=manual/bash-completion/completions/voxtrawl
mkdir -p folder
touch "a file.db" notes.txt

# offers WORD...: what is offered for the last word, one a line, sorted
offers() {
    bash --norc -c '
        source "$1"
        shift
        COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1))
        _voxtrawl
        printf "%s\n" "${COMPREPLY[@]}"' bash "$script" "$@" | sort
}
expect() { # EXPECTED WORD...: EXPECTED's words apart by |
    local expected=$1
    shift
    equal "offered behind: $*" "$expected" "$(offers "$@" | paste -sd '|')"
}
expect "scan" voxtrawl sc
expect "submit" voxtrawl su
expect "--operating-point|--output|--overwrite" voxtrawl scan --o
expect "auto|cpu|cuda" voxtrawl scan --device ""
expect "cpu|cuda" voxtrawl scan --device = c
expect "auto|cpu|cuda" voxtrawl scan --device =
expect "--device=cpu|--device=cuda" voxtrawl scan --device=c
expect "folder|manual" voxtrawl scan --model ""
expect "a file.db" voxtrawl scan -o a
expect "a file.db|folder|last.err|last.out|manual|notes.txt" voxtrawl scan ""
expect "notes.txt" voxtrawl scan --quiet n
expect "" voxtrawl scan --threads ""
expect "" voxtrawl scan -- --o
expect "json|text" voxtrawl status folder --format ""
expect "--launcher" voxtrawl submit --la
expect "--operating-point|--output|--overwrite" voxtrawl submit --o
expect "" voxtrawl nonsense --o

status 0 "$VOXTRAWL" --help
for command in $(awk '/^$/ { part++ } part == 2 && /^  / { print $1 }' last.out); do
    status 0 "$VOXTRAWL" "$command" --help
    grep -oE '^  (-., |    )--[a-z0-9-]+' last.out | grep -oE -- '--.*' | sort >help
    offers voxtrawl "$command" -- >offered || fail "$command: nothing is offered"
    [ -z "$(comm -23 help offered)" ] || fail "not offered behind $command: $(comm -23 help offered)"
    while IFS= read -r option; do
        grep -qE -- "$option[='{\[,]|$option\}" manual/zsh/site-functions/_voxtrawl || fail "zsh is not offered $command $option"
    done <help
done

# in a real bash with readline, on a terminal of its own
if command -v script >/dev/null; then
    printf 'source %q\n%q scan --operating-point high-p\t; exit\n' "$PWD/$script" voxtrawl >typed
    PATH=$(dirname "$VOXTRAWL"):$PATH INPUTRC=/dev/null PS1='' script -qec "bash --norc --noprofile -i" /dev/null <typed >screen 2>&1 || true
    grep -q "high-precision" screen || {
        cat screen >&2
        fail "the tabulator completes nothing"
    }
fi
if command -v zsh >/dev/null; then
    zsh -n manual/zsh/site-functions/_voxtrawl || fail "zsh cannot read its completion"
fi
if command -v shellcheck >/dev/null; then
    shellcheck "$script" || fail "shellcheck finds fault with bash's completion"
fi
