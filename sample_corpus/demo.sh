#!/bin/sh
# Ingest the sample corpus and ask four questions, of three formats and two languages; the last one has no answer in it.
# RAGCLI names the program; DEMO names a folder for the index.
set -eu
ragcli=${RAGCLI:-ragcli}
index=${DEMO:-build/demo}/.ragcli
docs=$(dirname "$0")/docs
mkdir -p "$(dirname "$index")"

show() {
    printf '\n$ ragcli'
    for word in "$@"; do
        case $word in
            *[!A-Za-z0-9_./-]*) printf ' "%s"' "$word" ;;
            *) printf ' %s' "$word" ;;
        esac
    done
    printf '\n'
}

# run WANTED_EXIT ARGUMENT...: print the command, run it, compare its exit code
run() {
    wanted=$1
    shift
    show "$@"
    code=0
    "$ragcli" "$@" || code=$?
    if [ "$code" -ne "$wanted" ]; then
        printf 'demo: exit %s where %s was expected\n' "$code" "$wanted" >&2
        exit 1
    fi
    [ "$wanted" -ne 3 ] || printf 'exit 3: not in the documents\n'
}

run 0 ingest "$docs" --index "$index"
run 0 ask "Warum wird von einer Sprinkleranlage abgeraten?" --index "$index"
run 0 ask "By how much does one copper penny on the tray change the rate?" --index "$index"
run 0 ask "What bit through the cable on the stair?" --index "$index"
run 3 ask "What salary does the keeper of the clock receive per month?" --index "$index"
