#!/usr/bin/env bash
# Runs the main job on a copy of the sample company, twice, and holds its outputs against each other.
# Usage: tests/sample_run.sh WORK_FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
work=$1
mkdir -p "$work"
rm -rf "$work/sample" "$work/again"
cp -r examples/sample-company "$work/sample"
rm -rf "$work/sample/out" "$work/sample/state"
mkdir -p "$work" "$work/elsewhere"
cp -r "$work/sample" "$work/again"
program=${HOLDOVER:-target/debug/holdover}
[ -x "$program" ] || cargo build --locked
program=$(realpath "$program")

run() { # run FOLDER FROM: scans FOLDER, started from FROM
  local code=0
  (cd "$2" && env -i "$program" scan --config "$1/holdover.yaml" --no-progress >"$1/table.txt" 2>"$1/errors.txt") || code=$?
  if [ "$code" -ne 4 ]; then
    echo "exit code $code, expected 4 (gaps and residual)"
    cat "$1/errors.txt"
    return 1
  fi
}
run "$work/sample" "$PWD"
# The key of pseudonyms is random by design; the same key makes the bytes comparable.
mkdir -m 0700 "$work/again/state"
cp -p "$work/sample/state/pseudonym.key" "$work/again/state/"
run "$work/again" "$work/elsewhere"
diff -r "$work/sample/out" "$work/again/out"
cmp "$work/sample/table.txt" "$work/again/table.txt"
"$program" ledger verify --config "$work/sample/holdover.yaml"
echo "exit code 4 twice, and the same bytes from two folders and two working directories"
