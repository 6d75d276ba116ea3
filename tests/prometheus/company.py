"""Runs of the real program whose metrics are scraped: the sample company, and one that is clean."""

import datetime
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess

from servers import Failed

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ROSTER_HEADER = "person_id,employment_type,status,display_name,work_email,start_date,end_date,time_zone,updated_at"


def program():
    """The program under test."""
    return os.path.abspath(os.environ.get("HOLDOVER", ROOT / "target/debug/holdover"))


def run(folder, expected, *arguments):
    """Runs `holdover scan` in a folder with nothing of our environment; gives what it said."""
    done = subprocess.run([program(), "scan", "--config", "holdover.yaml", "--no-progress", *arguments], cwd=folder,
                          env={"TZ": "UTC"}, capture_output=True, text=True, check=False)
    if done.returncode != expected:
        raise Failed(f"{folder.name}: exit code {done.returncode}, expected {expected}\n{done.stderr}")
    return done


def sample(place):
    """A fresh copy of the sample company."""
    folder = pathlib.Path(place) / "sample"
    shutil.copytree(ROOT / "examples/sample-company", folder)
    for left_over in ("out", "state"):
        shutil.rmtree(folder / left_over, ignore_errors=True)
    return folder


def shifted(text, now):
    """The sample judges at a chosen instant. Its times are moved, all by as much, so that its run ended just now."""
    ended = float(re.search(r"^holdover_run_last_completion_timestamp_seconds (\S+)$", text, re.M).group(1))
    move = now - ended
    line = re.compile(r"^(holdover_\w+_timestamp_seconds(?:\{[^\n]*\})?) (\S+)$", re.M)
    return line.sub(lambda found: f"{found.group(1)} {float(found.group(2)) + move:.0f}", text)


def before(text):
    """The same series with every counter at 0, as a store that has just begun would tell them: the step to the first
    figures has to show in the graphs."""
    counters = {name for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M) if kind in ("counter", "histogram")}

    def zero(found):
        family = re.sub(r"_(bucket|sum|count)$", "", found.group(1))
        return f"{found.group(1)}{found.group(2) or ''} 0" if {family, found.group(1)} & counters else found.group(0)

    return re.sub(r"^(holdover_\w+)(\{[^\n]*\})? (\S+)$", zero, text, flags=re.M)


class Clean:
    """Ana has left and everything of hers is gone; Bea works here. Judged by the real clock."""

    def __init__(self, place):
        self.folder = pathlib.Path(place) / "clean"
        self.folder.mkdir()
        self.now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        self.people = 4
        (self.folder / "holdover.yaml").write_text(CLEAN, encoding="utf-8")
        self.write_roster()
        self.write_export(stale=False)

    def stamp(self, **ago):
        return (self.now - datetime.timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def write_roster(self, people=None):
        """A roster of so many people besides Ana."""
        ended = self.stamp(days=40)[:10]
        rows = [f"p-0,employee,ended,Ana Silva,ana@acme.example,2020-01-01,{ended},UTC,{self.stamp(days=3)}"]
        for number in range(1, (people or self.people) + 1):
            rows.append(f"p-{number},employee,active,Bea {number},bea{number}@acme.example,2021-01-01,,UTC,{self.stamp(days=3)}")
        text = "\n".join([ROSTER_HEADER, *rows]) + "\n"
        (self.folder / "roster.csv").write_text(text)
        (self.folder / "roster.meta.json").write_text(json.dumps({
            "as_of": self.stamp(hours=1), "rows": len(rows), "sha256": hashlib.sha256(text.encode()).hexdigest(),
            "coverage": "full"}))

    def write_export(self, stale):
        """The accounts of those who work here; `stale` makes it too old to be believed."""
        lines = [{"record": "header", "format": "holdover-import", "version": 1, "system": "crm",
                  "as_of": self.stamp(days=9) if stale else self.stamp(minutes=30), "produced_by": "test",
                  "scopes": ["accounts"]}]
        for number in range(1, self.people + 1):
            lines.append({"record": "access", "scope": "accounts", "kind": "account", "grant_id": f"u-{number}",
                          "status": "enabled", "privilege": "write", "created_at": "2023-04-01T08:00:00Z",
                          "last_used_at": None, "expires_at": None,
                          "holders": [{"relation": "holder", "provider_id": f"u-{number}",
                                       "email": f"bea{number}@acme.example"}]})
        lines.append({"record": "end", "counts": {"accounts": self.people}})
        (self.folder / "crm.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines))


CLEAN = """\
version: 1
organisation: Acme
state_dir: state
roster:
  sources:
    - { id: hris, format: csv, path: roster.csv, manifest: roster.meta.json, coverage: full, default_time_zone: UTC, end_date_meaning: last_day_included, max_age: 26h, rank: 1 }
identity:
  domains: [{ name: acme.example }]
systems:
  - id: crm
    connector: import
    tier: tier1
    owner_team: sales-tools
    max_age: 26h
    scopes: [accounts]
    known_object: { scope: accounts, kind: account, grant_id: u-1 }
    files: [{ path: crm.ndjson, format: ndjson }]
outputs:
  - { format: json, path: out/report.json }
"""
