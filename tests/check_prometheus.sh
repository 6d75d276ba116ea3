#!/usr/bin/env bash
# Holds the metrics, the rules and the dashboards against the programs that will read them: promtool, Prometheus, the node
# exporter, the Pushgateway and Alertmanager, on free ports of 127.0.0.1. Fails where one of them is missing; installs nothing
# (Debian: prometheus, prometheus-node-exporter, prometheus-pushgateway, prometheus-alertmanager).
# Usage: tests/check_prometheus.sh        HOLDOVER names another program than target/debug/holdover.
set -euo pipefail
cd "$(dirname "$0")/.."
for tool in promtool prometheus prometheus-node-exporter prometheus-pushgateway prometheus-alertmanager python3; do
  command -v "$tool" >/dev/null || { echo "check_prometheus: $tool is missing" >&2; exit 1; }
done
[ -x "${HOLDOVER:-target/debug/holdover}" ] || cargo build --locked
exec python3 -B tests/prometheus/check.py
