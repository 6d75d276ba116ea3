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
    empty = {}
    for board, panel, target in panels():
        where = f"{board['title']} / {panel['title']} / {target['refId']}"
        expression = substituted(target["expr"])
        check.servers.api("format_query", query=expression)
        names = {panel["title"], f"{panel['title']} / {target['refId']}"}
        needed = everything_there and not names & set(NOTHING_THERE)

        def answer(expression=expression, target=target, needed=needed):
            now = time.time()
            found = check.servers.ask(expression) if target["instant"] else check.servers.ask_range(
                expression, now - 30, now, 1)
            return [found] if found or not needed else None
        # A scrape that came too late is made up for by the next one.
        found = wait_for(f"{where}: {expression}", answer)[0]
        check.queries += 1
        check.answers += bool(found)
        for name in names:
            empty[name] = empty.get(name, True) and not found
        if found:
            labels = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            missing = labels - set(found[0][0])
            check.expect(not missing, f"{where}: the legend names {missing}, the answer has {set(found[0][0])}")
        else:
            check.expect(not needed, f"{where}: nothing for {expression}")
    if everything_there:
        wrong = [title for title in NOTHING_THERE if not empty[title]]
        check.expect(not wrong, f"said to be empty, and are not: {wrong}")
    for name in DASHBOARDS:
        board = json.loads((ROOT / "dashboards" / name).read_text(encoding="utf-8"))
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                selector, label = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"]).groups()
                # Grafana asks over the time that is shown, not for this moment.
                def values(selector=selector, label=label):
                    found = check.servers.ask(f"last_over_time({substituted(selector)}[1h])")
                    return {labels.get(label) for labels, _ in found} - {None}
                wait_for(f"{board['title']}: values of the variable {variable['name']}", values)
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
    def both():
        by_file, by_push = told("node"), told("holdover")
        if not by_file or by_file.keys() != by_push.keys():
            raise Failed(f"series differ: {set(by_file) ^ set(by_push)}")
        return by_file, by_push
    by_file, by_push = wait_for("the same series by both ways", both)
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


def two_more_scrapes(servers):
    """Waits until both jobs have told their series twice more."""
    def at():
        return {labels["job"]: when for labels, when in servers.ask("timestamp(holdover_run_exit_code)")}
    for _ in range(2):
        before = wait_for("both jobs", lambda: (lambda found: found if len(found) == 2 else None)(at()))
        wait_for("another scrape of each", lambda before=before: all(at().get(job, 0) > when for job, when in before.items()))


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
        two_more_scrapes(servers)  # On each side of the step, without which there is no increase.
    wait_for("the recording rules", lambda: servers.ask("job:holdover_scan_coverage:ratio"))
    wait_for("the textfile reader to report no error", lambda: servers.value("node_textfile_scrape_error") == 0)
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
        def told(title=title, expected=expected):
            found = [check.servers.value(substituted(target["expr"], job="node")) for _, panel, target in panels()
                     if panel["title"] == title]
            if found != [expected]:
                raise Failed(f"{found}, expected {expected}")
            return True
        wait_for(title, told)
    # Series of the systems of the bad night are gone; what was known of them counts for three days.
    check_alerts(check, {"HoldoverResidualCritical", "HoldoverUsedAfterEnd"})
    return clean, both


def held_roster(check, clean, both):
    clean.write_roster(people=1)
    company.run(clean.folder, 5, *both)
    scraped(check.servers, "holdover_run_exit_code", 5.0)
    check_queries(check, everything_there=False)
    def held():
        # One answer for both: that one alert fires and that the other is silent.
        states = check.servers.alerts()
        return states if "firing" in states.get("HoldoverRosterHeld", set()) else None
    states = wait_for("a held roster to be told", held)
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
    port = servers.ports["serve"]
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
    # While it is there: long enough for the rule to fire if it did not know better. A scrape that came too late is an
    # exporter that was not there, which is another matter.
    scrapes, quiet = set(), 0
    until = time.monotonic() + 4
    while time.monotonic() < until or quiet == 0 or len(scrapes) < 2:
        states = servers.alerts().get("HoldoverMetricsAbsent", set())
        found = servers.ask('min_over_time(up{job="node"}[20s])')
        was_there = bool(found) and found[0][1] == 1
        check.expect(not (was_there and "firing" in states), "the dead-man fires while the exporter is there")
        quiet += was_there and not states
        scrapes.update(when for _, when in servers.ask('timestamp(up{job="node"})'))
        check.expect(time.monotonic() < until + 180, f"the exporter was never there for a while; scrapes at {scrapes}")
        time.sleep(0.2)
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
