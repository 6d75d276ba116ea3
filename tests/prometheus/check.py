#!/usr/bin/env python3
"""Holds metrics, rules and dashboards against the real Prometheus, node exporter, Pushgateway and Alertmanager.

Called by tests/check_prometheus.sh. Every query of both dashboards is parsed and asked, over a bad night (the sample
company), a clean run, a held roster and a run that failed; alerts are expected to fire, and not to fire, in each.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import company
from company import ROOT
from servers import Failed, Servers, fetch, wait_for

DASHBOARDS = ["orphaned-access.json", "scanner-health.json"]

# Queries that the bad night has nothing for, and why. One that does give something is a mistake of this list.
NOTHING_THERE = {
    "Time to revoke and to detect, 30 days / A": "the first run over the sample company closes nothing",
    "Time to revoke and to detect, 30 days / B": "the first run over the sample company closes nothing",
    "Tickets": "the sample company has no tracker",
    "Calls to trackers per day": "the sample company has no tracker",
    "Requests per run": "the sample company is read from files",
    "Waiting for limits": "the sample company is read from files",
    "Our own credentials": "files are read with no credential",
    "Service": "nothing is served in this state",
    "Next runs": "nothing is served in this state",
    "Configuration of the service": "nothing is served in this state",
    "Leavers clean at first check": "every leaver of the sample company has a gap somewhere",
    "The same over time": "every leaver of the sample company has a gap somewhere",
}

# Alerts of each state of affairs, by name; every other one has to be silent.
BAD_NIGHT = {"HoldoverResidualCritical", "HoldoverUsedAfterEnd", "HoldoverResidualOverdue", "HoldoverExceptionLapsed"}
BAD_NIGHT_PENDING = {"HoldoverCoverageGap"}


class Check:
    """Counts what was held against what."""

    def __init__(self, servers):
        self.servers = servers
        self.queries = 0
        self.answers = 0

    def expect(self, holds, says):
        if not holds:
            raise Failed(says)


def substituted(expression, job=".+"):
    """A query with the variables of Grafana put in."""
    for name, value in {"$job": job, "$system": ".+", "$severity": ".+", "$__rate_interval": "1m", "$__interval": "1m",
                        "$__range": "1h"}.items():
        expression = expression.replace(name, value)
    return expression


def panels():
    """(dashboard, panel, target) of both dashboards."""
    for name in DASHBOARDS:
        board = json.loads((ROOT / "dashboards" / name).read_text(encoding="utf-8"))
        for panel in board["panels"]:
            for target in panel["targets"]:
                yield board, panel, target


def check_queries(check, everything_there):
    """Every query parses and answers. With `everything_there` each gives something, except those of the list."""
    now = time.time()
    empty = {}
    for board, panel, target in panels():
        where = f"{board['title']} / {panel['title']} / {target['refId']}"
        expression = substituted(target["expr"])
        check.servers.api("format_query", query=expression)
        found = check.servers.ask(expression) if target["instant"] else check.servers.ask_range(
            expression, now - 30, now, 1)
        check.queries += 1
        check.answers += bool(found)
        names = {panel["title"], f"{panel['title']} / {target['refId']}"}
        for name in names:
            empty[name] = empty.get(name, True) and not found
        if found:
            labels = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            missing = labels - set(found[0][0])
            check.expect(not missing, f"{where}: the legend names {missing}, the answer has {set(found[0][0])}")
        else:
            check.expect(not everything_there or names & set(NOTHING_THERE), f"{where}: nothing for {expression}")
    if everything_there:
        wrong = [title for title in NOTHING_THERE if not empty[title]]
        check.expect(not wrong, f"said to be empty, and are not: {wrong}")
    for name in DASHBOARDS:
        board = json.loads((ROOT / "dashboards" / name).read_text(encoding="utf-8"))
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                selector, label = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"]).groups()
                # Grafana asks over the time that is shown, not for this moment.
                found = check.servers.ask(f"last_over_time({substituted(selector)}[1h])")
                names = {labels.get(label) for labels, _ in found}
                check.expect(names - {None}, f"{board['title']}: the variable {variable['name']} has no values")
                check.queries += 1
        for mark in board["annotations"]["list"]:
            check.servers.api("format_query", query=substituted(mark["expr"]))
            check.queries += 1


def check_same_by_both_ways(check):
    """What the textfile and the Pushgateway told is the same, series by series."""
    def told(job):
        found = check.servers.ask(f'{{__name__=~"holdover_.+", job="{job}"}}')
        drop = {"job", "instance"}
        return {tuple(sorted((key, value) for key, value in labels.items() if key not in drop)): value
                for labels, value in found}
    by_file, by_push = told("node"), told("holdover")
    check.expect(by_file and by_file.keys() == by_push.keys(),
                 f"series differ: {set(by_file) ^ set(by_push)}")
    # The run is not told at the same second twice; everything else is equal.
    other = {key: (by_file[key], by_push[key]) for key in by_file
             if by_file[key] != by_push[key] and "_timestamp_seconds" not in dict(key)["__name__"]}
    check.expect(not other, f"values differ: {other}")
    return len(by_file)


def check_alerts(check, firing, pending=frozenset()):
    """Exactly these alerts fire, and exactly these wait."""
    def settled():
        states = check.servers.alerts()
        now_firing = {name for name, states in states.items() if "firing" in states}
        waiting = {name for name, states in states.items() if "pending" in states}
        if now_firing != set(firing) or not set(pending) <= waiting | now_firing:
            raise Failed(f"firing {sorted(now_firing)}, expected {sorted(firing)}; waiting {sorted(waiting)}, "
                         f"expected {sorted(pending)}")
        return True
    wait_for("the expected alerts", settled)


def lint():
    """What needs no server."""
    dashboards = ROOT / "dashboards"
    for command in (["promtool", "check", "rules", "--lint=all", "rules.yaml"], ["promtool", "test", "rules", "rules_test.yaml"],
                    [sys.executable, "-B", "source/make.py", "--check"]):
        done = subprocess.run(command, cwd=dashboards, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(f"{' '.join(command)}: {done.stdout}{done.stderr}")


def put(servers, text):
    """Writes the textfile as the scanner does: beside, then renamed."""
    beside = servers.textfiles / "holdover.new"
    beside.write_text(text)
    beside.rename(servers.textfiles / "holdover.prom")
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"promtool check metrics: {done.stdout}{done.stderr}")


def push(servers, text):
    """Hands a text to the Pushgateway as it stands (the shifted sample; everything else is pushed by the scanner)."""
    status, says = fetch(servers.url("gateway", "/metrics/job/holdover"), "PUT", text.encode())
    if status != 200:
        raise Failed(f"Pushgateway: {status} {says}")


def scraped(servers, expression, value):
    """Waits until both jobs tell this value."""
    wait_for(f"{expression} to be {value}", lambda: [number for _, number in servers.ask(expression)] == [value, value])


def bad_night(check, place):
    servers = check.servers
    folder = company.sample(place)
    company.run(folder, 4, "--push-metrics", servers.url("gateway"))
    text = (folder / "out/holdover.prom").read_text()
    # The program's own push: taken by the real gateway, series for series what the file holds.
    status, gateway = fetch(servers.url("gateway", "/metrics"))
    sent = len([line for line in text.splitlines() if not line.startswith("#")])
    came = len([line for line in gateway.splitlines() if line.startswith("holdover_")])
    check.expect(status == 200 and came == sent, f"the file holds {sent} series, the gateway {came}")
    text = company.shifted(text, time.time())
    for stage, exit_code in [(company.before(text).replace("holdover_run_exit_code 4", "holdover_run_exit_code 0"), 0.0),
                             (text, 4.0)]:
        put(servers, stage)
        push(servers, stage)
        scraped(servers, "holdover_run_exit_code", exit_code)
        time.sleep(2.5)  # Two scrapes on each side of the step, without which there is no increase.
    wait_for("the recording rules", lambda: servers.ask("job:holdover_scan_coverage:ratio"))
    check.expect(servers.value("node_textfile_scrape_error") == 0, "the textfile reader reports an error")
    check_queries(check, everything_there=True)
    series = check_same_by_both_ways(check)
    check_alerts(check, BAD_NIGHT, BAD_NIGHT_PENDING)
    return series


def clean_run(check, place):
    servers = check.servers
    clean = company.Clean(place)
    both = ("--metrics-file", str(servers.textfiles / "holdover.prom"), "--push-metrics", servers.url("gateway"))
    company.run(clean.folder, 0, *both)
    scraped(servers, "holdover_run_exit_code", 0.0)
    # Ana's first complete check falls into this run: one leaver, clean.
    wait_for("the share of clean leavers",
             lambda: [value for _, value in servers.ask("job:holdover_leavers_clean:ratio_increase30d")] == [1, 1])
    check_queries(check, everything_there=False)
    for title, expected in [("Critical open", 0), ("Oldest", -1), ("Not looked at", 0), ("Used after the end", 0),
                            ("Coverage", 1), ("Roster held", 0), ("How it ended", 0)]:
        found = [check.servers.value(substituted(target["expr"], job="node")) for _, panel, target in panels()
                 if panel["title"] == title]
        check.expect(found == [expected], f"{title}: {found}, expected {expected}")
    # Series of the systems of the bad night are gone; what was known of them counts for three days.
    check_alerts(check, {"HoldoverResidualCritical", "HoldoverUsedAfterEnd"})
    return clean, both


def held_roster(check, clean, both):
    clean.write_roster(people=1)
    company.run(clean.folder, 5, *both)
    scraped(check.servers, "holdover_run_exit_code", 5.0)
    check_queries(check, everything_there=False)
    states = wait_for("a held roster to be told",
                      lambda: "firing" in check.servers.alerts().get("HoldoverRosterHeld", set()) and check.servers.alerts())
    check.expect("HoldoverRosterStale" not in states, "the age of a held roster is not known")


def failed_run(check, clean, both):
    """A configuration that cannot be read: the counts are withdrawn, and the alert over them stays."""
    (clean.folder / "holdover.yaml").write_text(company.CLEAN.replace("rank: 1", "rank: many"), encoding="utf-8")
    company.run(clean.folder, 2, *both)
    scraped(check.servers, "holdover_run_exit_code", 2.0)
    check.expect(check.servers.ask("holdover_residual_findings") == [], "counts of findings are told by a failed run")
    check_queries(check, everything_there=False)
    wait_for("the failed run to be told", lambda: "firing" in check.servers.alerts().get("HoldoverRunFailed", set()))
    check.expect("firing" in check.servers.alerts().get("HoldoverResidualCritical", set()),
                 "an alert went silent because a run failed")


def service(check, clean):
    """`holdover serve`, where this build has it: scraped, and missed when it is gone."""
    servers = check.servers
    asked = subprocess.run([company.program(), "serve", "--help"], capture_output=True, check=False)
    if asked.returncode != 0:
        return "no serve in this build"
    (clean.folder / "holdover.yaml").write_text(company.CLEAN, encoding="utf-8")
    port = __import__("servers").free_port()
    with open(clean.folder / "holdover.yaml", "a", encoding="utf-8") as file:
        file.write(f'serve: {{ listen: "127.0.0.1:{port}", schedule: [{{ cron: "30 2 * * *", time_zone: UTC }}] }}\n')
    command = [company.program(), "serve", "--config", str(clean.folder / "holdover.yaml")]
    log = open(servers.place / "serve.log", "w", encoding="utf-8")
    servers.running["serve"] = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env={"TZ": "UTC"})
    servers.targets.write_text(json.dumps([{"targets": [f"127.0.0.1:{port}"]}]))
    wait_for("serve to be scraped", lambda: servers.value('up{job="holdover"}') == 1)
    found = servers.ask(f'holdover_build_info{{instance="127.0.0.1:{port}"}}')
    check.expect(len(found) == 1, f"serve tells no build: {found}")
    served = [(panel["title"], substituted(target["expr"], job="holdover")) for _, panel, target in panels()
              if panel["title"] in ("Service", "Next runs", "Configuration of the service")]
    for title, expression in served:
        wait_for(f"{title}: {expression}", lambda expression=expression: servers.ask(expression))
    check.queries += len(served)
    check.answers += len(served)
    servers.end("serve")
    wait_for("serve to be missed", lambda: servers.value('up{job="holdover"}') == 0)
    servers.targets.write_text("[]")
    wait_for("serve to be forgotten", lambda: servers.ask('up{job="holdover"}') == [])
    return "serve scraped, and missed when it was gone"


def dead_man(check):
    """Silence is an alert, when the exporter is gone and only then. The wait of the rule is cut short in a copy."""
    servers = check.servers
    rules = servers.rules.read_text(encoding="utf-8")
    servers.use_rules(rules.replace("for: 15m", "for: 2s"))
    # The gateway forgets nothing by itself: what it was told last would stand there for ever.
    status, _ = fetch(servers.url("gateway", "/metrics/job/holdover"), "DELETE")
    check.expect(status == 202, f"deleting the group: {status}")
    wait_for("the group to be gone", lambda: len(servers.ask("holdover_build_info")) == 1)
    time.sleep(4)
    check.expect("HoldoverMetricsAbsent" not in servers.alerts(), "the dead-man fires while the exporter is there")
    servers.end("node")
    wait_for("the dead-man to fire", lambda: "firing" in servers.alerts().get("HoldoverMetricsAbsent", set()))
    def arrived():
        _, text = fetch(servers.url("alertmanager", "/api/v2/alerts"))
        return [alert for alert in json.loads(text) if alert["labels"]["alertname"] == "HoldoverMetricsAbsent"]
    wait_for("it to reach Alertmanager", arrived)
    servers.start_exporter()
    wait_for("the dead-man to be silent again", lambda: "HoldoverMetricsAbsent" not in servers.alerts())


def main():
    lint()
    with tempfile.TemporaryDirectory(prefix="holdover-prometheus-") as place:
        servers = Servers(place, ROOT / "dashboards/rules.yaml")
        check = Check(servers)
        try:
            servers.start()
            series = bad_night(check, place)
            clean, both = clean_run(check, place)
            held_roster(check, clean, both)
            failed_run(check, clean, both)
            told = service(check, clean)
            dead_man(check)
        except Failed as failed:
            for log in sorted(pathlib.Path(place).glob("*.log")):
                lines = log.read_text(errors="replace").splitlines()[-5:]
                print(f"--- {log.name}", *lines, sep="\n", file=sys.stderr)
            sys.exit(f"check_prometheus: {failed}")
        finally:
            servers.stop()
    if not (check.queries and check.answers and series):
        sys.exit("check_prometheus: nothing was asked")
    rules = (ROOT / "dashboards/rules.yaml").read_text(encoding="utf-8").count("- alert:")
    print(f"check_prometheus: {check.queries} queries answered, {check.answers} of them with figures; {series} series "
          f"by both ways; {rules} alerts, the dead-man fired when the exporter was gone and only then; {told}")


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
