#!/usr/bin/env python3
"""Writes the two dashboards: dashboards/orphaned-access.json and dashboards/scanner-health.json.

This file is the source; the JSON is made from it and committed, so that nobody needs Python to use it.

    dashboards/source/make.py           writes both
    dashboards/source/make.py --check   fails if what is committed differs
"""

import json
import pathlib
import sys

from grafana import (ABOVE_ZERO_AMBER, ABOVE_ZERO_RED, SEVERITY_COLOURS, Dashboard, annotation, by_name, choice_variable,
                     label_variable, steps, words)

HERE = pathlib.Path(__file__).resolve().parent.parent
S = 'job=~"$job", system=~"$system"'
J = 'job=~"$job"'
SEVERITIES = ["critical", "high", "medium", "low", "info"]
RUNBOOKS = "https://runbooks.example.org/holdover"
TO_HEALTH = "/d/holdover-health/?${__url_time_range}&var-datasource=${datasource}&${job:queryparam}"
TO_RESIDUAL = "/d/holdover-residual/?${__url_time_range}&var-datasource=${datasource}&${job:queryparam}"
DAY = 86400
FAILED = {0: ("failed", "red"), 1: ("ok", "green")}
SCAN = {"mappings": [{"type": "value", "options": {"0": {"index": 0, "text": "failed", "color": "red"},
                                                   "1": {"index": 1, "text": "ok", "color": "green"}}}],
        "custom__cellOptions": {"type": "color-text"}, "custom__width": 90}
COVERAGE_COLOURS = {"denied": "orange", "failed": "red", "interrupted": "purple", "not_attempted": "#808080",
                    "partial": "yellow"}


def link(title, url):
    return [{"title": title, "url": url, "targetBlank": False}]


ANNOTATIONS = [
    annotation("Runs", f"changes(holdover_run_last_completion_timestamp_seconds{{{J}}}[$__interval]) > 0", "run ended",
               "#808080"),
    annotation("Configuration", f"changes(holdover_config_last_change_timestamp_seconds{{{J}}}[$__interval]) > 0",
               "configuration changed", "purple"),
]
SYSTEM = label_variable("system", "System", f"holdover_scan_success{{{J}}}")
SEVERITY = choice_variable("severity", "Severity", SEVERITIES)

READING = """\
- **Lower bounds.** What was not looked at is not in these figures. While *Not looked at* is above 0, every other figure is a lower bound: open *Scanner health and coverage* first.
- **Periods.** Figures stand still between two runs. Red and amber begin at values for a nightly run.
- **"No data" is not 0.** After a run that failed, counts are withdrawn rather than shown as if they were fresh.
- **Time to revoke** is known to within one period, and leaves out both what was gone before the first scan and what is still open: read it beside *Leavers clean at first check* and *Oldest*.
- **Never shown here:** people, accounts, keys, hosts, tickets, exceptions by name, and departures that lie ahead. Who and what is in the reports: `holdover report`, `holdover explain FINGERPRINT`.
"""


def residual():
    board = Dashboard(
        "holdover-residual", "Orphaned access",
        "Access that outlived employment: what is open, since when, and how much of it nobody looked at.",
        "holdover_build_info", [SYSTEM, SEVERITY], ANNOTATIONS)
    board.stat(
        "Critical open", "Open findings of severity critical. Anything above 0 wants somebody today: list them with "
        "`holdover report --format table`.", (0, 0, 4, 4),
        [(f'sum(holdover_residual_findings{{{S}, severity="critical"}})', "")], thresholds=ABOVE_ZERO_RED,
        colour="background")
    board.stat(
        "People with residual access", "People who left and still have a way in. One person with ten grants is one.",
        (4, 0, 4, 4), [(f"sum(holdover_people_with_residual_access{{{J}}})", "")], thresholds=ABOVE_ZERO_AMBER)
    board.stat(
        "Oldest", "How long ago the oldest open access should have ended. Amber from a day, red from three.",
        (8, 0, 4, 4),
        [(f"max(time() - holdover_oldest_residual_access_end_timestamp_seconds{{{S}}})"
          f" or (sum(holdover_residual_findings{{{S}}}) * 0 - 1)", "")],
        unit="dtdurations", thresholds=[("green", None), ("orange", DAY), ("red", 3 * DAY)],
        mappings={-1: ("none", "green")}, decimals=0)
    board.stat(
        "Used after the end", "Open findings of access that was certainly used after it should have ended. Treat each as "
        "an incident; record what was done with `holdover incidents acknowledge`.", (12, 0, 4, 4),
        [(f"sum(holdover_residual_findings_used_after_end{{{S}}})", "")], thresholds=ABOVE_ZERO_RED, colour="background")
    board.stat(
        "Not looked at", "Declared scopes that the last run did not read to their end. Above 0, all figures of this page are "
        "lower bounds. The link leads to what is missing.", (16, 0, 4, 4),
        [(f'sum(holdover_scan_scopes{{{S}, state!="complete"}})', "")], thresholds=ABOVE_ZERO_AMBER, colour="background",
        links=link("Coverage", TO_HEALTH))
    board.stat(
        "Since the last run without gaps", "Time since a run looked at everything, with an accepted roster. Red from 26 h, "
        "which suits a nightly run.", (20, 0, 4, 4),
        [(f"time() - max(holdover_run_last_success_timestamp_seconds{{{J}}})"
          f" or (max(holdover_run_last_completion_timestamp_seconds{{{J}}}) * 0 - 1)", "")],
        unit="dtdurations", thresholds=[("green", None), ("red", 26 * 3600)], mappings={-1: ("never", "red")}, decimals=0)

    board.lines(
        "Open findings by severity", "Residual access over time. A step down is closure that was proven, or a run that "
        "failed: then the area is missing rather than 0.", (0, 4, 12, 8),
        [(f'sum by (severity) (holdover_residual_findings{{{S}, severity=~"$severity"}})', "{{severity}}")],
        stacked=True, colours=SEVERITY_COLOURS)
    board.lines(
        "Opened, closed and came back in seven days", "Findings that were opened, closed with proof, and reopened in the "
        "seven days before each point. More opened than closed for weeks means that offboarding falls behind.",
        (12, 4, 12, 8),
        [(f'sum(increase(holdover_findings_{word}_total{{{J}, severity=~"$severity"}}[7d]))', legend)
         for word, legend in [("opened", "opened"), ("closed", "closed"), ("reopened", "came back")]],
        colours={"opened": "orange", "closed": "green", "came back": "dark-red"})

    count = {"thresholds": {"mode": "absolute", "steps": [{"color": "text", "value": None}]}}
    red = {"custom__cellOptions": {"type": "color-text"},
           "thresholds": {"mode": "absolute", "steps": [{"color": "text", "value": None}, {"color": "red", "value": 1}]}}
    amber = {"custom__cellOptions": {"type": "color-text"},
             "thresholds": {"mode": "absolute", "steps": [{"color": "text", "value": None}, {"color": "orange", "value": 1}]}}
    age = {"unit": "dtdurations", "decimals": 0, "custom__width": 120, "custom__cellOptions": {"type": "color-text"},
           "mappings": [{"type": "value", "options": {"-1": {"index": 0, "text": "none", "color": "green"}}}],
           "thresholds": {"mode": "absolute", "steps": [{"color": "text", "value": None}, {"color": "orange", "value": DAY},
                                                        {"color": "red", "value": 3 * DAY}]}}
    findings = lambda severity: f'sum by (system) (holdover_residual_findings{{{S}, severity=~"{severity}"}})'
    board.table(
        "By system", "Each configured system: what is open, how old the oldest is, and how many scopes were not read. Click a "
        "system for its coverage.", (0, 12, 16, 12), "system",
        [(("system", "System"), None, {"links": link("Coverage of this system", TO_HEALTH + "&var-system=${__data.fields.System}"),
                                       "custom__width": 140}),
         (("provider", "Provider"), None, {}),
         (("tier", "Tier"), None, {}),
         (None, f"max by (system, provider, tier) (holdover_system_info{{{S}}})", {}),
         ("Scan", f"min by (system) (holdover_scan_success{{{S}}})", SCAN),
         ("Critical", findings("critical"), red),
         ("High", findings("high"), amber),
         ("Medium to info", findings("medium|low|info"), count),
         ("Oldest", f"max by (system) (time() - holdover_oldest_residual_access_end_timestamp_seconds{{{S}}})"
                    f" or (sum by (system) (holdover_residual_findings{{{S}}}) * 0 - 1)", age),
         ("Not read", f'sum by (system) (holdover_scan_scopes{{{S}, state!="complete"}})', amber),
         ("Last complete", f"max by (system) (holdover_scan_last_complete_timestamp_seconds{{{S}}}) * 1000",
          {"unit": "dateTimeFromNow", "noValue": "never", "custom__width": 130})],
        "no data", sort="Oldest")
    board.bars(
        "By rule", "Open findings by the rule that leads. `holdover rules explain RULE` says what each means and what to do.",
        (16, 12, 8, 12),
        f'sort_desc(sum by (rule) (holdover_residual_findings_by_rule{{{J}, severity=~"$severity"}} > 0))', "{{rule}}",
        no_value="no data, none open, or left out by metrics.min_detail")
    board.bars(
        "By kind of access", "Open findings by kind of access. Kinds that show up again and again name the step that is "
        "missing in offboarding.", (0, 24, 8, 8),
        f"sort_desc(sum by (kind) (holdover_residual_findings_by_kind{{{S}}}) > 0)", "{{kind}}",
        no_value="no data, none open, or left out by metrics.min_detail")
    delay = lambda quantile, metric, extra: (
        f"histogram_quantile({quantile}, sum by (le) (increase(holdover_{metric}_bucket{{{J}{extra}}}[30d]))) >= 0")
    board.lines(
        "Time to revoke and to detect, 30 days", "From the end of access due to the first read that proved it gone "
        "(revoke) or showed it as residual (detect). The true time lies between two reads; we record the later one. "
        "Access that was gone before the first scan, and what is still open, are not in it.", (8, 24, 8, 8),
        [(delay(0.5, "revocation_delay_seconds", ', severity=~"$severity"'), "revoke, half within"),
         (delay(0.9, "revocation_delay_seconds", ', severity=~"$severity"'), "revoke, 90 % within"),
         (delay(0.9, "detection_delay_seconds", ""), "detect, 90 % within")], unit="s",
        no_value="no data, or nothing closed in 30 days")
    board.stat(
        "Leavers clean at first check", "Of the leavers whose first complete check fell into the last 30 days: the share for "
        "whom nothing was open. This is the figure that says how well offboarding works.", (16, 24, 8, 4),
        [(f"min(job:holdover_leavers_clean:ratio_increase30d{{{J}}})", "")], unit="percentunit",
        thresholds=[("red", None), ("orange", 0.9), ("green", 0.98)], no_value="no data, or no leaver checked in 30 days",
        decimals=1)
    board.lines(
        "The same over time", "Share of clean leavers, each point over the 30 days before it.", (16, 28, 8, 4),
        [(f"min(job:holdover_leavers_clean:ratio_increase30d{{{J}}})", "clean")], unit="percentunit", most=1,
        no_value="no data, or no leaver checked in 30 days")

    board.stat(
        "Exceptions", "Exceptions on file by state, and how many have ended while access they covered is still open. An "
        "invalid one suppresses nothing. `holdover exceptions list` names them.", (0, 32, 12, 4),
        [(f"sum by (state) (holdover_exceptions{{{J}}})", "{{state}}"),
         (f"sum(holdover_exceptions_lapsed_open{{{J}}})", "ended, access open"),
         (f"sum(holdover_exceptions_expiring{{{J}}})", "ending soon"),
         (f"sum(holdover_exceptions_review_overdue{{{J}}})", "review overdue")],
        overrides=[{"matcher": {"id": "byRegexp", "options": "ended, access open|invalid|review overdue"},
                    "properties": [{"id": "thresholds", "value": {"mode": "absolute", "steps": [
                        {"color": "text", "value": None}, {"color": "red", "value": 1}]}}]}])
    board.stat(
        "Tickets", "Own tickets: open in the tracker, waiting to be sent, held by the breaker until a person releases them, "
        "and closed by hand while the access is still there. `holdover tickets plan` shows what would be sent.",
        (12, 32, 12, 4),
        [(f"sum(holdover_tickets_open{{{J}}})", "open"),
         (f"sum(holdover_tickets_pending{{{J}}})", "waiting"),
         (f"sum(holdover_tickets_held_by_breaker{{{J}}})", "held"),
         (f"sum(holdover_tickets_contradicted{{{J}}})", "done, but still there"),
         (f"sum(holdover_tickets_disputed{{{J}}})", "disputed")], no_value="no data, or no tracker")
    board.stat(
        "Findings by state", "`observed` waits for a second look, `confirmed` had it, `unverified` is open but could not be "
        "read again, `closing` was not seen in the last look, `ambiguous` may belong to somebody who left, `suppressed` is "
        "covered by an exception.", (0, 36, 12, 4),
        [(f"sum by (state) (holdover_residual_findings_by_state{{{J}}})", "{{state}}")])
    board.stat(
        "Not residual, but there", "Within the agreed time: ends later than employment, as agreed. Remnants: switched off or "
        "dead. Licences: paid seats of people who left, a cost. Leavers not yet checked: no complete look since they left.",
        (12, 36, 12, 4),
        [(f"sum(holdover_residual_findings_within_time{{{S}}})", "within time"),
         (f"sum(holdover_remnants{{{S}}})", "remnants"),
         (f"sum(holdover_licenses_of_leavers{{{S}}})", "licences"),
         (f"sum(holdover_leavers_unverified{{{J}}})", "leavers not yet checked")])
    board.lines(
        "Exposure", "Sum over open findings of the time since access should have ended, as of each run. It grows while "
        "nothing is closed, also when no finding is new.", (0, 40, 12, 8),
        [(f'sum by (severity) (holdover_residual_exposure_seconds{{{J}, severity=~"$severity"}})', "{{severity}}")], unit="dtdurations",
        stacked=True, colours=SEVERITY_COLOURS)
    board.lines(
        "Calls to trackers per day", "What `holdover tickets sync` did and how it ended.", (12, 40, 12, 8),
        [(f"sum by (operation, outcome) (increase(holdover_ticket_operations_total{{{J}}}[1d]))",
          "{{operation}} {{outcome}}")], no_value="no data, or no tracker")
    board.text("How to read this", "Lower bounds, periods, and what is never shown.", (0, 48, 24, 6), READING)
    return board.whole()


def health():
    board = Dashboard(
        "holdover-health", "Scanner health and coverage",
        "Whether the audit runs, what it could not see, and whether its roster can be believed.",
        "holdover_build_info", [SYSTEM], ANNOTATIONS)
    board.stat(
        "Coverage", "Share of declared scopes that the last run read to their end. Green only at 100 %: what is missing is "
        "listed below.", (0, 0, 4, 4), [(f"min(job:holdover_scan_coverage:ratio{{{J}}})", "")], unit="percentunit",
        thresholds=[("red", None), ("orange", 0.9), ("green", 1)], colour="background", decimals=1)
    board.stat(
        "Roster age", "Time since the cut-off that the oldest roster source states. Newer leavers are invisible. Amber from "
        "26 h, red from 36 h. While a roster is held, its age is not shown.", (4, 0, 4, 4),
        [(f"max(time() - holdover_roster_as_of_timestamp_seconds{{{J}}})", "")], unit="dtdurations",
        thresholds=[("green", None), ("orange", 26 * 3600), ("red", 36 * 3600)], no_value="not known", decimals=0)
    board.stat(
        "Roster held", "Whether the newest roster failed a gate, so that an older one, or none, is in force. "
        "`holdover roster validate` names the gate; `holdover roster accept DIGEST` accepts it.", (8, 0, 4, 4),
        [(f"max(holdover_roster_held{{{J}}})", "")], mappings={0: ("no", "green"), 1: ("yes", "red")},
        thresholds=ABOVE_ZERO_RED, colour="background")
    board.stat(
        "Since the last run", "Time since a run ended, whatever its outcome. Red from 26 h, which suits a nightly run.",
        (12, 0, 4, 4), [(f"time() - max(holdover_run_last_completion_timestamp_seconds{{{J}}})", "")],
        unit="dtdurations", thresholds=[("green", None), ("red", 26 * 3600)], decimals=0)
    board.stat(
        "How it ended", "Exit code of the last run.", (16, 0, 4, 4), [(f"max(holdover_run_exit_code{{{J}}})", "")],
        mappings={0: ("clean", "green"), 1: ("residual", "orange"), 2: ("configuration", "red"), 3: ("gaps", "orange"),
                  4: ("gaps, residual", "orange"), 5: ("roster", "red"), 6: ("store", "red"), 7: ("busy", "red")},
        colour="background")
    board.stat(
        "Series left out", "Series that were left out because there were too many. Above 0, panels of this and the other "
        "dashboard are incomplete: `docs/metrics.md` says which families go first.", (20, 0, 4, 4),
        [(f"max(holdover_metrics_series_dropped{{{J}}})", "")], thresholds=ABOVE_ZERO_AMBER)

    board.timeline(
        "Scan result per system", "Whether the scanner of each system came to its own end in each run.", (0, 4, 24, 9),
        f"min by (system) (holdover_scan_success{{{S}}})", "{{system}}", FAILED)
    board.lines(
        "Gaps by state", "Scopes that were not read to their end. `denied`: a right is missing, ask for it. `partial`: a "
        "limit or a fault. `failed`: nothing came. `not_attempted`: excluded, or the run never got there.", (0, 13, 12, 8),
        [(f'sum by (state) (holdover_scan_scopes{{{S}, state!="complete"}})', "{{state}}")], stacked=True,
        colours=COVERAGE_COLOURS)
    board.table(
        "Systems with gaps", "Empty is good. `holdover systems list` names the scopes and what to do about each. Excluded scopes "
        "are part of `not_attempted`: somebody decided not to look there.", (12, 13, 12, 8), "system",
        [(("system", "System"), None, {"links": link("What is open there", TO_RESIDUAL + "&var-system=${__data.fields.System}")}),
         (("state", "State"), None, {}),
         ("Scopes", f'sum by (system, state) (holdover_scan_scopes{{{S}, state!="complete"}} > 0)', {})],
        "no gaps, or no data", sort="Scopes")
    when = {"unit": "dateTimeFromNow", "noValue": "never", "custom__width": 150}
    last = lambda what: f"max by (system) (holdover_scan_last_{what}_timestamp_seconds{{{S}}}) * 1000"
    board.table(
        "Systems", "When each system was last tried, read to the scanner's own end, and read without any gap.",
        (0, 21, 24, 12), "system",
        [(("system", "System"), None, {"custom__width": 160}),
         ("Last scan", f"min by (system) (holdover_scan_success{{{S}}})", SCAN),
         ("Tried", last("attempt"), when),
         ("Read to its end", last("success"), when),
         ("Read without a gap", last("complete"), when),
         ("Excluded scopes", f"sum by (system) (holdover_scan_excluded_scopes{{{S}}})", {}),
         ("Objects of nobody", f"sum by (system) (holdover_scan_unattributed_objects{{{S}}})", {"noValue": "not read"}),
         ("Matched people", f"min by (system) (holdover_scan_matched_person_ratio{{{S}}})",
          {"unit": "percentunit", "noValue": "not read"})],
        "no data", sort="Read without a gap", descending=False)

    board.lines(
        "Duration", "Wall time of the last scan of each system, and of the whole run.", (0, 33, 12, 8),
        [(f"max by (system) (holdover_scan_duration_seconds{{{S}}})", "{{system}}"),
         (f"max(holdover_run_duration_seconds{{{J}}})", "whole run")], unit="s")
    board.lines(
        "Requests per run", "What systems that are read live were asked. Failures got no usable answer after all repeats.",
        (12, 33, 12, 8),
        [(f"sum(holdover_scan_api_requests{{{S}}})", "requests"),
         (f"sum(holdover_scan_api_retries{{{S}}})", "repeats"),
         (f"sum(holdover_scan_api_throttled{{{S}}})", "told to wait"),
         (f"sum(holdover_scan_api_failures{{{S}}})", "failures")], no_value="no data, or nothing is read live")
    board.lines(
        "Waiting for limits", "Time that scans spent waiting because a service asked for it. Long waits call for a longer "
        "deadline or a schedule of their own.", (0, 41, 8, 8),
        [(f"max by (system) (holdover_scan_api_wait_seconds{{{S}}})", "{{system}}")], unit="s",
        no_value="no data, or nothing is read live")
    board.lines(
        "Objects read", "Distinct objects in completely read scopes. A cliff is a fault or a lost right until somebody "
        "proves otherwise.", (8, 41, 8, 8), [(f"sum by (system) (holdover_scan_objects{{{S}}})", "{{system}}")])
    board.lines(
        "Matched people", "Share of the people on the roster who have an identity in the system. A fall means that names no "
        "longer meet: leavers there become invisible.", (16, 41, 8, 8),
        [(f"min by (system) (holdover_scan_matched_person_ratio{{{S}}})", "{{system}}")], unit="percentunit", most=1)

    roster = lambda metric: f"max by (roster) (holdover_roster_{metric}{{{J}}})"
    board.table(
        "Roster sources", "What each source said last. Rejected records and contradictions hide leavers.", (0, 49, 12, 6),
        "roster",
        [(("roster", "Source"), None, {}),
         ("Held", roster("held"), {"unit": "bool_yes_no"}),
         ("Cut-off", roster("as_of_timestamp_seconds") + " * 1000", {"unit": "dateTimeFromNow", "noValue": "not known"}),
         ("Accepted", roster("accepted_timestamp_seconds") + " * 1000", {"unit": "dateTimeFromNow", "noValue": "never"}),
         ("Records", roster("records"), {"noValue": "not known"}),
         ("Rejected", roster("rejected_records"), {}),
         ("Contradictions", roster("ambiguous_people"), {})], "no data")
    board.table(
        "Our own credentials", "When the credential of a system ends, and how many rights it has beyond need, where the "
        "system says so. `holdover check-permissions` names the rights.", (12, 49, 12, 6), "system",
        [(("system", "System"), None, {}),
         ("Ends", f"min by (system) (holdover_credential_expiry_timestamp_seconds{{{S}}}) * 1000",
          {"unit": "dateTimeFromNow", "noValue": "not known"}),
         ("Rights beyond need", f"max by (system) (holdover_credential_excess_permissions{{{S}}})", {"noValue": "not known"})],
        "no data, or no system says it")
    board.stat(
        "Overrides in force", "What operators decided: scopes that are not looked at, a roster that was accepted by word, drops "
        "that were accepted. Each is a reason to doubt a clean picture.", (0, 55, 8, 5),
        [(f"sum by (kind) (holdover_override_active{{{J}}})", "{{kind}}")])
    board.stat(
        "Flags of the last run", "All flags that are set; the exit code is the most urgent one. None is good.", (8, 55, 8, 5),
        [(f"max by (flag) (holdover_run_verdict{{{J}}} == 1)", "{{flag}}")], mappings={1: ("set", "orange")},
        no_value="none, or no data")
    board.table(
        "Build", "Which build wrote the figures. Several versions side by side are drift.", (16, 55, 8, 5), "version",
        [(("version", "Version"), None, {}), (("revision", "Revision"), None, {}), (("job", "Job"), None, {}),
         ((None), f"max by (version, revision, job) (holdover_build_info{{{J}}})", {})], "no data")
    board.stat(
        "Service", "Of `holdover serve` alone. Skipped starts got no run of their own: they overlapped, or were missed and "
        "caught up by one run.", (0, 60, 8, 5),
        [(f"time() - max(holdover_serve_start_timestamp_seconds{{{J}}})", "up for"),
         (f"max(holdover_serve_run_in_progress{{{J}}})", "run going on"),
         (f"sum(increase(holdover_serve_runs_skipped_total{{{J}}}[7d]))", "skipped in 7 days")],
        no_value="no data, or no service", decimals=0,
        overrides=[by_name("up for", unit="dtdurations"), by_name("run going on", unit="bool_yes_no"),
                   by_name("skipped in 7 days", thresholds=steps(ABOVE_ZERO_AMBER))])
    board.table(
        "Next runs", "When each entry of the schedule starts next.", (8, 60, 8, 5), "schedule",
        [(("schedule", "Schedule"), None, {}),
         ("Starts", f"min by (schedule) (holdover_serve_next_run_timestamp_seconds{{{J}}}) * 1000",
          {"unit": "dateTimeFromNow"})], "no data, or no service")
    board.stat(
        "Configuration of the service", "Whether the last change of the configuration was taken over, and how long ago that "
        "last succeeded. Refused: the one before stays in force; the log of the service says why.", (16, 60, 8, 5),
        [(f"min(holdover_config_reload_success{{{J}}})", "last change"),
         (f"time() - max(holdover_config_reload_last_success_timestamp_seconds{{{J}}})", "in force for")],
        no_value="no data, or no service", decimals=0,
        overrides=[by_name("last change", mappings=words({0: ("refused", "red"), 1: ("taken over", "green")})),
                   by_name("in force for", unit="dtdurations")])
    return board.whole()


def main():
    stale = []
    for name, board in [("orphaned-access.json", residual()), ("scanner-health.json", health())]:
        text = json.dumps(board, indent=2, ensure_ascii=False) + "\n"
        path = HERE / name
        if "--check" in sys.argv:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                stale.append(name)
        else:
            path.write_text(text, encoding="utf-8")
    if stale:
        sys.exit(f"not current: {', '.join(stale)}; run dashboards/source/make.py")


if __name__ == "__main__":
    main()
