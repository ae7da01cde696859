# demo-corpus.sh - the small corpus of the demo and of the shipped model's test; to be sourced
# shellcheck shell=bash

# The same sentences three times: recorded prompts, and two synthesisers; and a list that says which is which.
make_demo_corpus() { # DIR
    local prompts=/usr/share/asterisk/sounds/en_US_f_Allison name text sentences
    sentences=$(dirname "${BASH_SOURCE[0]}")/demo-sentences.tsv
    mkdir -p "$1/recorded" "$1/espeak-ng" "$1/flite"
    echo "path,label,source" >"$1/corpus.csv"
    while IFS=$'\t' read -r name text; do
        cp "$prompts/$name.wav" "$1/recorded/$name.wav"
        [ -s "$1/espeak-ng/$name.wav" ] || espeak-ng -v en-us -w "$1/espeak-ng/$name.wav" "$text"
        [ -s "$1/flite/$name.wav" ] || flite -voice slt -t "$text" -o "$1/flite/$name.wav"
        printf '%s\n' "recorded/$name.wav,real,recorded prompts" "espeak-ng/$name.wav,fake,espeak-ng" \
            "flite/$name.wav,fake,flite" >>"$1/corpus.csv"
    done <"$sentences"
}
