#!/usr/bin/env bash
# Checks examples/deploy by programs we did not write: systemd's own verifier, hadolint, helm, and the published schemas of
# Kubernetes (kubernetes-validate). Usage: tests/check_deploy.sh PYTHON_BIN_FOLDER [HELM]
# PYTHON_BIN_FOLDER holds kubernetes-validate and hadolint. HELM is the helm program; no package registry has one, so without
# it the values are held against the chart's schema, and rendering is skipped by name. By hand:
#   GOBIN=/tmp/bin go install helm.sh/helm/v3/cmd/helm@v3.18.6 && tests/check_deploy.sh FOLDER /tmp/bin/helm
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$1
helm=${2:-}
deploy=examples/deploy
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
checks=0
fail() {
  echo "FAILED: $*" >&2
  exit 1
}
checked() {
  checks=$((checks + 1))
  echo "ok: $*"
}

# Units. The program itself is not installed where this runs; its place is taken by one that is.
version=$(systemd-analyze --version | awk 'NR == 1 { print $2 }')
for unit in "$deploy"/systemd/*; do
  sed 's#/usr/bin/holdover#/bin/true#' "$unit" >"$work/$(basename "$unit")"
done
if [ "$version" -lt 253 ]; then
  # What the unit itself says to do on an older systemd.
  sed -i 's#^Type=notify-reload#Type=notify\nExecReload=/bin/kill -HUP $MAINPID#' "$work/holdover.service"
  echo "systemd $version is older than 253: Type=notify-reload is checked as Type=notify with ExecReload"
fi
for unit in "$work"/*.service "$work"/*.timer; do
  # Other units of the machine may be at fault too; only ours count.
  systemd-analyze verify --man=no "$unit" >"$work/said" 2>&1 || true
  if grep -F "$(basename "$unit" | sed 's/\..*//')" "$work/said"; then fail "$unit"; fi
  checked "systemd-analyze verify $(basename "$unit")"
done
# A wrong line is found, or the check above says nothing.
sed 's/^ProtectSystem=.*/ProtectSystem=somewhat/' "$work/holdover.service" >"$work/holdover-wrong.service"
systemd-analyze verify --man=no "$work/holdover-wrong.service" >"$work/said" 2>&1 || true
grep -q 'holdover-wrong.service.*somewhat' "$work/said" || fail "the verifier does not see a wrong line"
rm "$work/holdover-wrong.service"
for unit in "$work"/*.service; do
  # In tenths; 2.0 and more is what the tool calls medium.
  exposure=$(systemd-analyze security --offline=true "$unit" | awk '/Overall exposure level/ { for (i = 1; i <= NF; i++) if ($i ~ /^[0-9]+\.[0-9]$/) print $i * 10 }')
  [ -n "$exposure" ] && [ "$exposure" -lt 20 ] || fail "$(basename "$unit"): exposure ${exposure:-unknown} tenths"
  checked "systemd-analyze security $(basename "$unit"): exposure $exposure tenths"
done
for timer in "$deploy"/systemd/*.timer; do
  systemd-analyze calendar "$(sed -n 's/^OnCalendar=//p' "$timer")" >/dev/null || fail "$timer: OnCalendar"
  [ -f "${timer%.timer}.service" ] || fail "$timer has no service"
  checked "calendar of $(basename "$timer")"
done

# A check before the run would keep the run from telling that it failed.
if grep -l '^ExecStartPre=.*config check' "$deploy"/systemd/*.service; then fail "a unit checks before it runs"; fi
checked "no unit keeps a failed run from telling so"

# The cron file: settings, or five fields of time, a user and an absolute program.
lines=0
while IFS= read -r line; do
  case $line in '' | '#'*) continue ;; esac
  if [[ $line =~ ^[A-Z_]+= ]]; then continue; fi
  read -r minute hour day month weekday user program rest <<<"$line"
  for field in "$minute" "$hour" "$day" "$month" "$weekday"; do
    [[ $field =~ ^[0-9*,/-]+$ ]] || fail "cron: $field in: $line"
  done
  [ "$user" = holdover ] && [ "${program:0:1}" = / ] || fail "cron: $line"
  # A bare percent sign is a line end to cron.
  [[ $line != *%* ]] || fail "cron: a percent sign in: $line"
  sh -n -c "$program $rest" || fail "cron: the shell does not read: $line"
  lines=$((lines + 1))
done <"$deploy/cron/holdover.cron"
[ "$lines" -ge 2 ] || fail "cron: no lines"
checked "$lines cron lines"

"$tools/hadolint" "$deploy/Containerfile" || fail Containerfile
checked "hadolint Containerfile"

validate() { # validate NAME FILE
  "$tools/kubernetes-validate" --strict "$2" >"$work/said" 2>&1 || { cat "$work/said"; fail "$1"; }
  local passed
  passed=$(grep -c ' passed for resource ' "$work/said")
  [ "$passed" -ge 1 ] || fail "$1: nothing was validated"
  checked "$1: $passed resources fit the schemas of Kubernetes"
}
validate "CronJob by hand" "$deploy/kubernetes/cronjob.yaml"

# A run that cannot read its configuration has no other way to know where its figures go.
for file in "$deploy/systemd/holdover-scan.service" "$deploy/cron/holdover.cron"; do
  grep -qE '^(Environment=)?HOLDOVER_METRICS_FILE=/.*[.]prom$' "$file" || fail "$file: nothing tells of a configuration that cannot be read"
done
checked "a configuration that cannot be read is told by metrics"

# The alert looks for a job of this name; without a label the job is called as the Service, which is named after the release.
grep -q 'up{job="holdover"}' dashboards/rules.yaml || fail "HoldoverServeDown looks for another job"
grep -qx '  jobLabel: app.kubernetes.io/name' "$deploy/helm/holdover/templates/monitoring.yaml" || fail "the ServiceMonitor does not name its job"
grep -qx 'name: holdover' "$deploy/helm/holdover/Chart.yaml" || fail "the label of that name is not holdover"
checked "the job that HoldoverServeDown looks for"

# The values against the schema of the chart, without helm.
chart=$deploy/helm/holdover
"$tools/python" - "$chart" "$deploy/helm/extremes.yaml" <<'PY' || fail "values.schema.json"
import json, sys, yaml
from jsonschema import Draft7Validator
chart, extremes = sys.argv[1:]
schema = json.load(open(f"{chart}/values.schema.json"))
Draft7Validator.check_schema(schema)
validator = Draft7Validator(schema)
defaults = yaml.safe_load(open(f"{chart}/values.yaml"))
def merged(base, over):
    both = dict(base)
    for key, value in over.items():
        both[key] = merged(both[key], value) if isinstance(value, dict) and isinstance(both.get(key), dict) else value
    return both
for values in (defaults, merged(defaults, yaml.safe_load(open(extremes)))):
    validator.validate(values)
assert set(schema["properties"]) - {"global"} == set(defaults), "a value without a default, or without a schema"
wrong = [{"mode": "daemon"}, {"image": {"tag": "latest"}}, {"image": {"digest": "sha256:12"}}, {"unknown": 1},
         {"persistence": {"size": "2"}}, {"persistence": {"accessModes": ["ReadWriteMany"]}}, {"cronjob": {"schedule": "nightly"}}]
for over in wrong:
    assert not validator.is_valid(merged(defaults, over)), f"the schema takes {over}"
PY
checked "the chart's values and its schema"

finish() {
  echo "$checks checks of examples/deploy passed"
  [ "$checks" -ge "$1" ] || fail "only $checks checks ran"
  exit
}
if [ -z "$helm" ]; then
  echo "skipped: rendering the chart, there is no helm"
  finish 16
fi

# The chart: defaults and extremes render and fit; what the schema forbids does not render.
printf 'version: 1\n# a "quote", a { brace } and a %% sign\n' >"$work/holdover.yaml"
"$helm" lint --strict --quiet "$chart" --set-file config="$work/holdover.yaml" || fail "helm lint"
checked "helm lint"
render() { # render NAME ARGUMENTS...
  local name=$1
  shift
  "$helm" template audit --kube-version 1.33 "$chart" --namespace security --set-file config="$work/holdover.yaml" "$@" >"$work/$name.yaml" || fail "$name does not render"
  # The Prometheus operator's kinds have no schema there.
  python3 - "$work/$name.yaml" "$work/$name-core.yaml" <<'PY'
import sys, yaml
documents = [one for one in yaml.safe_load_all(open(sys.argv[1])) if one]
for one in documents:
    assert one["metadata"]["labels"]["app.kubernetes.io/name"] == "holdover", one["metadata"]
core = [one for one in documents if not one["apiVersion"].startswith("monitoring.coreos.com")]
yaml.safe_dump_all(core, open(sys.argv[2], "w"))
PY
  validate "chart $name" "$work/$name-core.yaml"
}
render serve-defaults
render cronjob-defaults --set mode=cronjob
render serve-extremes --values "$deploy/helm/extremes.yaml"
render cronjob-extremes --values "$deploy/helm/extremes.yaml" --set mode=cronjob
grep -q 'kind: ServiceMonitor' "$work/serve-extremes.yaml" || fail "no ServiceMonitor"
grep -q 'kind: PrometheusRule' "$work/serve-extremes.yaml" || fail "no PrometheusRule"
python3 - "$work/serve-extremes.yaml" <<'PY'
import sys, yaml
kinds = {one["kind"]: one for one in yaml.safe_load_all(open(sys.argv[1])) if one}
label = kinds["ServiceMonitor"]["spec"]["jobLabel"]
assert kinds["Service"]["metadata"]["labels"][label] == "holdover", "the job is not called holdover"
assert kinds["Service"]["metadata"]["name"] != "holdover", "the control: the name of the Service would not do"
PY
checked "the job of the ServiceMonitor"
python3 - "$work/serve-defaults.yaml" "$work/holdover.yaml" <<'PY'
import sys, yaml
documents = [one for one in yaml.safe_load_all(open(sys.argv[1])) if one]
kinds = {one["kind"]: one for one in documents}
assert kinds["ConfigMap"]["data"]["holdover.yaml"] == open(sys.argv[2]).read(), "the configuration changed on its way"
assert "Secret" not in kinds, "the chart makes a secret"
pod = kinds["Deployment"]["spec"]["template"]["spec"]
container = pod["containers"][0]
assert kinds["Deployment"]["spec"]["strategy"]["type"] == "Recreate" and kinds["Deployment"]["spec"]["replicas"] == 1
assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"]
assert container["securityContext"]["readOnlyRootFilesystem"] and container["securityContext"]["capabilities"]["drop"] == ["ALL"]
assert container["args"][0] == "serve"
PY
checked "what the chart promises"
for wrong in 'mode=daemon' 'image.tag=latest' 'image.digest=sha256:12' 'persistence.size=2' 'unknown=1' 'cronjob.schedule=nightly' 'persistence.accessModes={ReadWriteMany}'; do
  if "$helm" template audit --kube-version 1.33 "$chart" --set-file config="$work/holdover.yaml" --set "$wrong" >"$work/said" 2>&1; then
    fail "the schema takes $wrong"
  fi
  grep -q 'values don.t meet the specifications of the schema' "$work/said" || { cat "$work/said"; fail "$wrong is refused for another reason"; }
done
if "$helm" template audit --kube-version 1.33 "$chart" >"$work/said" 2>&1; then fail "the chart renders without a configuration"; fi
checked "what the chart refuses"

finish 24
