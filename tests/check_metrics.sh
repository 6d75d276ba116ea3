#!/bin/sh
# Holds the expected metrics file against the tools that will read it: promtool's lint, and the textfile reader of the
# node exporter. Fails where a tool is missing; installs nothing (Debian: prometheus, prometheus-node-exporter).
# Usage: tests/check_metrics.sh [FILE.prom]
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
file=${1:-$root/tests/golden/metrics.prom}
port=${METRICS_CHECK_PORT:-$(python3 -c 'import socket; one = socket.socket(); one.bind(("127.0.0.1", 0)); print(one.getsockname()[1])')}

fail() { echo "check_metrics: $*" >&2; exit 1; }

for tool in promtool prometheus-node-exporter curl python3; do
    command -v "$tool" >/dev/null || fail "$tool is missing"
done
[ -s "$file" ] || fail "$file is missing or empty"

promtool check metrics < "$file" || fail "promtool does not accept $file"
# The lint must be able to fail.
if printf 'holdover_bad_seconds_total 1\n# TYPE holdover_bad gauge\nholdover_bad{ 1\n' | promtool check metrics >/dev/null 2>&1; then
    fail "promtool accepts what is no metrics file"
fi

place=$(mktemp -d)
exporter=
stop() {
    if [ -n "$exporter" ]; then kill "$exporter" 2>/dev/null || true; wait "$exporter" 2>/dev/null || true; fi
    rm -rf "$place"
}
trap stop EXIT INT TERM

mkdir "$place/read"
cp "$file" "$place/read/holdover.prom"
prometheus-node-exporter --collector.disable-defaults --collector.textfile \
    --collector.textfile.directory="$place/read" --web.listen-address="127.0.0.1:$port" >"$place/log" 2>&1 &
exporter=$!

curl -sS --noproxy '*' --retry 20 --retry-delay 1 --retry-connrefused --max-time 60 "http://127.0.0.1:$port/metrics" >"$place/scraped" \
    || { cat "$place/log" >&2; fail "the exporter does not answer"; }
kill -0 "$exporter" 2>/dev/null || { cat "$place/log" >&2; fail "the exporter ended (is port $port taken?)"; }

grep -q '^node_textfile_scrape_error 0$' "$place/scraped" || { cat "$place/log" >&2; fail "the textfile reader refuses $file"; }
grep -q 'node_textfile_mtime_seconds{file=".*holdover.prom"}' "$place/scraped" || fail "the file was not read"

# Every sample of the file must come out again; the reader prints numbers in its own way, so series are compared.
series() { grep -v '^#' "$1" | grep '^holdover_' | sed 's/ [^ ]*$//' | sort; }
series "$file" >"$place/wanted"
# The exporter sorts labels by name and writes bounds such as 2.592e+06; both sides are brought into one form.
one_form() {
    awk '{
        open = index($0, "{")
        if (!open) { print; next }
        count = split(substr($0, open + 1, length($0) - open - 1), label, ",")
        for (i = 1; i <= count; i++)
            if (label[i] ~ /^le="[0-9]/) label[i] = sprintf("le=\"%d\"", substr(label[i], 5))
        for (i = 1; i < count; i++)
            for (j = i + 1; j <= count; j++)
                if (label[j] < label[i]) { other = label[i]; label[i] = label[j]; label[j] = other }
        line = substr($0, 1, open) label[1]
        for (i = 2; i <= count; i++) line = line "," label[i]
        print line "}"
    }' "$1" | sort
}
series "$place/scraped" >"$place/given"
one_form "$place/wanted" >"$place/wanted.form"
one_form "$place/given" >"$place/given.form"
diff "$place/wanted.form" "$place/given.form" || fail "not every series came through"

# And the check must be able to fail: one timestamp spoils the whole file.
echo 'holdover_spoilt 1 1785555250000' >>"$place/read/holdover.prom"
curl -sS --noproxy '*' --max-time 10 "http://127.0.0.1:$port/metrics" >"$place/spoilt"
grep -q '^node_textfile_scrape_error 1$' "$place/spoilt" || fail "a file with a timestamp was not refused"

echo "check_metrics: $(wc -l <"$place/wanted") series read back"
