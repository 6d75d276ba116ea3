#!/usr/bin/env bash
# Looks at the web page in a real browser: every page of the sample company in headless Chromium, with a name resolver
# that knows nothing but this machine. Fails on a page without its heading, on anything the content policy refused, on a
# picture that is empty, and on a person shown to somebody who did not sign in. Debian: chromium, curl.
# Usage: tests/check_page.sh [FOLDER FOR PICTURES]      HOLDOVER names another program than target/debug/holdover.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x "${HOLDOVER:-target/debug/holdover}" ] || cargo build --locked
program=$(realpath "${HOLDOVER:-target/debug/holdover}")
work=$(mktemp -d)
pictures=${1:-$work/pictures}
mkdir -p "$pictures"
service=
profiles=0
stop() {
  [ -z "$service" ] || { kill "$service" 2>/dev/null || true; wait "$service" 2>/dev/null || true; }
  rm -rf "$work"
}
trap stop EXIT
fail() { echo "check_page: $*" >&2; exit 1; }
command -v chromium >/dev/null || fail "chromium is missing"

cp -r examples/sample-company "$work/company"
rm -rf "$work/company/out" "$work/company/state"
secret=0123456789abcdef0123456789abcdef
configuration=$work/company/holdover.yaml

scan() { # scan CODE: one more run
  local code=0
  "$program" scan --config "$configuration" --quiet >/dev/null 2>&1 || code=$?
  [ "$code" -eq "$1" ] || fail "a scan ended with $code, expected $1"
}
start() { # start KEY: with or without a bearer; sets address
  printf 'serve:\n  listen: 127.0.0.1:0\n  watch: 0s\n%s  schedule: [{ cron: "0 0 29 2 *", name: leap-day }]\n' "$1" >"$work/serve"
  cat "$work/plain" "$work/serve" >"$configuration"
  TOKEN_FOR_PAGE=$secret "$program" serve --config "$configuration" >/dev/null 2>"$work/told" &
  service=$!
  address=
  for _ in $(seq 300); do
    address=$(sed -n 's/^listening on http:\/\///p' "$work/told" | head -1)
    [ -z "$address" ] || return 0
    kill -0 "$service" 2>/dev/null || { cat "$work/told" >&2; fail "the service ended"; }
    sleep 0.1
  done
  fail "the service does not listen"
}
end() { kill "$service"; wait "$service" 2>/dev/null || true; service=; }
browse() { # browse ADDRESS ARGUMENT...
  local at=$1
  shift
  # A profile of its own each time: one that was left in the middle of something is not read again. (Debian's start script
  # of chromium may say "unexpected operator" where /dev/shm is very large; that is its own, and harmless.)
  profiles=$((profiles + 1))
  timeout 90 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
    --no-proxy-server --disable-dev-shm-usage --disable-component-update --disable-sync --host-resolver-rules='MAP * ~NOTFOUND, EXCLUDE 127.0.0.1' \
    --enable-logging=stderr --user-data-dir="$work/profile-$profiles" "$@" "$at" 2>"$work/console"
  ! grep -E 'CONSOLE' "$work/console" || fail "$at: the browser complains"
}

cp "$configuration" "$work/plain"
scan 4
finding=$(grep -o -m 1 'ra1:[0-9a-f]\{32\}' "$work/company/out/report.json" | sed -n 1p)
[ -n "$finding" ] || fail "the sample has no finding"

# The roster is cut: held, and everything stays open.
start $'  bearer: { env: TOKEN_FOR_PAGE }\n'
looked=0
look() { # look PATH HEADING NAME
  browse "http://x:$secret@$address$1" --window-size=1280,1600 --dump-dom >"$work/dom"
  grep -q "<h1[^>]*>.*$2" "$work/dom" || { head -c 2000 "$work/dom" >&2; fail "$1: no heading $2"; }
  ! grep -qE '<script|style="| on[a-z]+="' "$work/dom" || fail "$1: something inline"
  browse "http://x:$secret@$address$1" --window-size=1280,1600 --screenshot="$pictures/$3.png" >/dev/null
  [ "$(stat -c %s "$pictures/$3.png")" -gt 20000 ] || fail "$1: an empty picture"
  looked=$((looked + 1))
}
look / 'Residual access' overview
look '/findings?severity=critical' 'Residual access' findings
look "/findings/$finding" ' in ' finding
look /leavers Leavers leavers
look /coverage Coverage coverage
look /runs Runs runs
grep -q 'p-0011' <(curl -s --noproxy '*' -u "x:$secret" "http://$address/leavers") || fail "who signs in sees persons"
[ "$(curl -s --noproxy '*' -o "$work/refused" -w '%{http_code}' "http://$address/leavers")" = 401 ] || fail "persons without signing in"
! grep -q 'p-00' "$work/refused" || fail "a refusal names a person"
end

# Without anybody who could sign in: figures, and no person.
start ''
browse "http://$address/" --dump-dom >"$work/dom"
grep -q 'Residual access' "$work/dom" || fail "no page without signing in"
! grep -qE 'p-00|bo\.chen|ra1:' "$work/dom" || fail "a person without signing in"
end

# Nothing read yet.
rm -rf "$work/company/state"
start $'  bearer: { env: TOKEN_FOR_PAGE }\n'
grep -q 'No run has ended yet' <(curl -s --noproxy '*' -u "x:$secret" "http://$address/") || fail "an empty state is not told"
end
echo "check_page: $looked pages looked at in $(chromium --version | head -1)"
