#!/usr/bin/env python3
"""Draws both dashboards as Grafana would lay them out, from their JSON and the answers of a real Prometheus.

For developers: there is no Grafana in the package registries, so this is the nearest look there is. It is no proof that
Grafana draws the same. Takes Chromium, and the programs of tests/check_prometheus.sh.

    tests/prometheus/preview.py FOLDER [STATE...]      writes FOLDER/STATE-DASHBOARD.png

States: normal, gaps, held, failed, empty. The last night is a real run; the thirty nights before it are made from it, so that
graphs have something to show.
"""

import html
import json
import math
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import company
from check import DASHBOARDS, substituted
from company import ROOT
from servers import Servers, wait_for

NIGHTS = 30
# Writing the past takes promtool a pass over the whole file for every two hours.
STEP_HOURS = 8
WIDTH, ROW, GAP = 1560, 30, 8
PALETTE = ["#7eb26d", "#eab839", "#6ed0e0", "#ef843c", "#e24d42", "#1f78c1", "#ba43a9", "#705da0", "#508642", "#cca300",
           "#447ebc", "#c15c17", "#890f02", "#0a437c", "#6d1f62"]
COLOURS = {"green": "#73bf69", "red": "#f2495c", "dark-red": "#c4162a", "orange": "#ff9830", "yellow": "#fade2a",
           "blue": "#5794f2", "purple": "#b877d9", "text": "#d8d9da"}


def colour(name):
    return COLOURS.get(name, name)


# --- history ------------------------------------------------------------------------------------------------------

def samples(text):
    for line in text.splitlines():
        if line and not line.startswith("#"):
            series, value = line.rsplit(" ", 1)
            yield series, float(value)


def history(text, now):
    """OpenMetrics text: a few samples of each of the thirty nights that lead to this one."""
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
    families = {}
    for series, value in samples(text):
        name = series.split("{")[0]
        family = name if name in kinds else re.sub(r"_(bucket|sum|count)$", "", name)
        families.setdefault(family, []).append((series, value))
    lines = []
    hours = [int(now) - 3600 * hour for hour in range(NIGHTS * 24, 0, -STEP_HOURS)]
    for family, rows in families.items():
        kind = kinds[family]
        plain = family[:-6] if kind == "counter" else family
        lines.append(f"# TYPE {plain} {kind}")
        for number, (series, value) in enumerate(rows):
            name, _, labels = series.rstrip("}").partition("{")
            of_job = name + "{" + ",".join(filter(None, [labels, 'job="node"', 'instance="audit1"'])) + "}"
            for at in hours:
                night = (now - at) // 86400
                lines.append(f"{of_job} {past(family, kind, series, value, night, number):g} {at}")
    return "\n".join(lines) + "\n# EOF\n"


def past(family, kind, series, value, night, number):
    """A plausible figure of so many nights ago."""
    share = max(0.0, 1 - night / NIGHTS)
    if kind in ("counter", "histogram"):
        return math.floor(value * share)
    if family.endswith("_timestamp_seconds") and "oldest" not in family:
        return value - night * 86400
    if family == "holdover_scan_success":
        return 0.0 if (number * 7 + int(night)) % 23 == 5 else value
    if re.match(r"holdover_(residual_findings|people|scan_api|scan_objects|remnants|residual_exposure)", family):
        return round(value * (0.55 + 0.45 * share + 0.2 * math.sin(night / 3 + number)))
    return value


# --- answers to drawings ------------------------------------------------------------------------------------------

def number_text(value, unit, decimals=None, now=0.0):
    if math.isnan(value):
        return "NaN"
    if unit == "percentunit":
        return f"{value * 100:.{1 if decimals is None else decimals}f}%"
    if unit == "bool_yes_no":
        return "Yes" if value else "No"
    if unit == "dateTimeFromNow":
        return ("in " if value / 1000 > now else "") + span(abs(now - value / 1000), 0) + (" ago" if value / 1000 <= now else "")
    if unit in ("s", "dtdurations"):
        return span(value, decimals)
    for size, word in ((1e9, " Bil"), (1e6, " Mil"), (1e3, " K")):
        if unit == "short" and abs(value) >= size:
            return f"{value / size:.3g}{word}"
    return f"{value:g}"


def span(seconds, decimals):
    for size, word in ((31536000, "year"), (2592000, "month"), (604800, "week"), (86400, "day"), (3600, "hour"),
                       (60, "minute")):
        if abs(seconds) >= size:
            count = seconds / size
            shown = f"{count:.0f}" if decimals == 0 else f"{count:.2g}"
            return f"{shown} {word}{'' if shown == '1' else 's'}"
    return f"{seconds:.3g} s"


def mapped(value, field):
    for mapping in field.get("mappings", []):
        found = mapping.get("options", {}).get(f"{value:g}")
        if found:
            return found["text"], colour(found["color"])
    return None


def threshold(value, field):
    shown = "#d8d9da"
    for step in field.get("thresholds", {}).get("steps", []):
        if step["value"] is None or value >= step["value"]:
            shown = colour(step["color"])
    return shown


def settings(panel, name):
    """Settings of one field: defaults, and what is laid over them."""
    field = json.loads(json.dumps(panel["fieldConfig"]["defaults"]))
    for override in panel["fieldConfig"]["overrides"]:
        matcher = override["matcher"]
        if (matcher["id"] == "byName" and matcher["options"] == name) or (
                matcher["id"] == "byRegexp" and re.fullmatch(matcher["options"], name)):
            for prop in override["properties"]:
                at, key = field, prop["id"]
                if key.startswith("custom."):
                    at, key = field.setdefault("custom", {}), key[7:]
                at[key] = prop["value"]
    return field


def legend(target, labels):
    if target["legendFormat"] == "__auto":
        return ", ".join(f'{key}="{value}"' for key, value in sorted(labels.items())) or "value"
    return re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found.group(1), ""), target["legendFormat"])


def shown(value, field, now):
    text = mapped(value, field)
    if text:
        return text
    return number_text(value, field.get("unit", "none"), field.get("decimals"), now), threshold(value, field)


def nothing(panel):
    return f'<div class="none">{html.escape(panel["fieldConfig"]["defaults"].get("noValue", "No data"))}</div>'


class Drawing:
    """One dashboard, asked at one time."""

    def __init__(self, servers, board, now):
        self.servers, self.board, self.now = servers, board, now
        self.start = now - NIGHTS * 86400
        self.records = dict(re.findall(r"- record: (\S+)\n\s+expr: (?:\|2\n)?((?:.+\n)(?:\s{10,}.+\n)*)", (
            ROOT / "dashboards/rules.yaml").read_text(encoding="utf-8")))

    def expression(self, text):
        """Recordings have no past here: what they record is asked instead."""
        for record, inner in self.records.items():
            text = re.sub(re.escape(record) + r"\{[^}]*\}", lambda _, inner=inner: "(" + " ".join(inner.split()) + ")", text)
        return substituted(text)

    def instant(self, panel):
        for target in panel["targets"]:
            for labels, value in self.servers.ask(self.expression(target["expr"]), self.now):
                yield legend(target, labels), value

    def history(self, panel):
        for target in panel["targets"]:
            for labels, points in self.servers.ask_range(self.expression(target["expr"]), self.start, self.now, 7200):
                points = [(at, value) for at, value in points if not math.isnan(value)]
                if points:
                    yield legend(target, labels), points

    def stat(self, panel, width, height):
        values = list(self.instant(panel))
        if not values:
            return nothing(panel)
        named = panel["options"]["textMode"] == "value_and_name"
        cells = []
        for name, value in values:
            text, tint = shown(value, settings(panel, name), self.now)
            size = min(40 if named else 46, (width / len(values) - 12) / max(len(text), 1) * 1.7)
            label = f'<div class="label">{html.escape(name)}</div>' if named else ""
            style = f"background:{tint};color:#111" if panel["options"]["colorMode"] == "background" else f"color:{tint}"
            cells.append(f'<div class="cell" style="{style}">{label}<div style="font-size:{size:.0f}px">{html.escape(text)}</div></div>')
        return f'<div class="cells">{"".join(cells)}</div>'

    def timeseries(self, panel, width, height):
        lines = list(self.history(panel))
        if not lines:
            return nothing(panel)
        custom = panel["fieldConfig"]["defaults"]["custom"]
        stacked = custom["stacking"]["mode"] == "normal"
        names = [(name, points) for name, points in lines]
        tints = [self.tint(panel, name, index) for index, (name, _) in enumerate(names)]
        left, bottom, top = 62, height - 44, 6
        times = sorted({at for _, points in names for at, _ in points})
        base = {at: 0.0 for at in times}
        layers = []
        for name, points in names:
            layer = []
            for at, value in points:
                low = base[at] if stacked else 0.0
                layer.append((at, low, low + value))
                if stacked:
                    base[at] += value
            layers.append(layer)
        highest = panel["fieldConfig"]["defaults"].get("max") or max(high for layer in layers for _, _, high in layer) or 1
        x = lambda at: left + (at - self.start) / (self.now - self.start) * (width - left - 10)
        y = lambda value: bottom - value / highest * (bottom - top) * 0.94
        unit = panel["fieldConfig"]["defaults"]["unit"]
        parts = []
        for share in (0, 0.5, 1):
            parts.append(f'<line x1="{left}" x2="{width - 10}" y1="{y(highest * share):.0f}" y2="{y(highest * share):.0f}" stroke="#333"/>'
                         f'<text x="{left - 6}" y="{y(highest * share) + 4:.0f}" text-anchor="end">{number_text(highest * share, unit)}</text>')
        for day in range(0, NIGHTS + 1, 10):
            at = self.start + day * 86400
            parts.append(f'<text x="{x(at):.0f}" y="{bottom + 14:.0f}" text-anchor="middle">{time.strftime("%m/%d", time.gmtime(at))}</text>')
        for layer, tint in zip(layers, tints):
            up = " ".join(f"{x(at):.1f},{y(high):.1f}" for at, _, high in layer)
            down = " ".join(f"{x(at):.1f},{y(low):.1f}" for at, low, _ in reversed(layer))
            parts.append(f'<polygon points="{up} {down}" fill="{tint}" fill-opacity="{custom["fillOpacity"] / 100}"/>'
                         f'<polyline points="{up}" fill="none" stroke="{tint}" stroke-width="1.5"/>')
        keys = "".join(f'<span><i style="background:{tint}"></i>{html.escape(name)}</span>' for (name, _), tint in zip(names, tints))
        return f'<svg width="{width}" height="{height - 26}">{"".join(parts)}</svg><div class="legend">{keys}</div>'

    def tint(self, panel, name, index):
        fixed = settings(panel, name).get("color", {})
        return colour(fixed["fixedColor"]) if fixed.get("mode") == "fixed" else PALETTE[index % len(PALETTE)]

    def bargauge(self, panel, width, height):
        values = list(self.instant(panel))
        if not values:
            return nothing(panel)
        most = max(value for _, value in values) or 1
        each = min(32, (height - 8) / len(values))
        rows = []
        for name, value in values:
            text, tint = shown(value, settings(panel, name), self.now)
            rows.append(f'<div class="bar" style="height:{each - 4:.0f}px"><span>{html.escape(name)}</span>'
                        f'<b style="width:{value / most * (width - 300):.0f}px;background:{tint}"></b><em>{text}</em></div>')
        return "".join(rows)

    def table(self, panel, width, height):
        rows, columns = {}, {}
        for target in panel["targets"]:
            value_name = "Value" if len(panel["targets"]) == 1 else f"Value #{target['refId']}"
            join = panel["transformations"][0]["options"].get("byField") if len(panel["targets"]) > 1 else None
            for index, (labels, value) in enumerate(self.servers.ask(self.expression(target["expr"]), self.now)):
                row = rows.setdefault(labels[join] if join else index, {})
                row.update(labels)
                row[value_name] = value
        organize = panel["transformations"][-1]["options"]
        for raw in sorted({key for row in rows.values() for key in row} | set(organize["indexByName"]),
                          key=lambda key: organize["indexByName"].get(key, 99)):
            if not organize["excludeByName"].get(raw):
                columns[raw] = organize["renameByName"].get(raw, raw)
        if not rows:
            return nothing(panel)
        listed = list(rows.values())
        for sort in panel["options"]["sortBy"]:
            raw = next(key for key, name in columns.items() if name == sort["displayName"])
            listed.sort(key=lambda row: (raw in row) * (row.get(raw, 0) or 0), reverse=sort["desc"])
        head = "".join(f"<th>{html.escape(name)}</th>" for name in columns.values())
        body = []
        for row in listed:
            cells = []
            for raw, name in columns.items():
                field = settings(panel, name)
                if raw not in row:
                    cells.append(f'<td class="absent">{html.escape(field.get("noValue", ""))}</td>')
                elif isinstance(row[raw], str):
                    linked = "text-decoration:underline" if "links" in field else ""
                    cells.append(f'<td style="{linked}">{html.escape(row[raw])}</td>')
                else:
                    text, tint = shown(row[raw], field, self.now)
                    tinted = f"color:{tint}" if field.get("custom", {}).get("cellOptions", {}).get("type") == "color-text" else ""
                    cells.append(f'<td style="{tinted}">{html.escape(text)}</td>')
            body.append(f"<tr>{''.join(cells)}</tr>")
        return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"

    def state_timeline(self, panel, width, height):
        lines = list(self.history(panel))
        if not lines:
            return nothing(panel)
        each = (height - 50) / len(lines)
        parts = []
        for index, (name, points) in enumerate(lines):
            top = index * each
            parts.append(f'<text x="112" y="{top + each / 2 + 4:.0f}" text-anchor="end">{html.escape(name)}</text>')
            for at, value in points:
                _, tint = mapped(value, panel["fieldConfig"]["defaults"]) or ("", "#888")
                x = 120 + (at - self.start) / (self.now - self.start) * (width - 130)
                parts.append(f'<rect x="{x:.1f}" y="{top + 1:.0f}" width="{7200 / (self.now - self.start) * (width - 130) + 0.5:.1f}" height="{each - 3:.1f}" fill="{tint}"/>')
        keys = "".join(f'<span><i style="background:{colour(one["color"])}"></i>{one["text"]}</span>'
                       for one in panel["fieldConfig"]["defaults"]["mappings"][0]["options"].values())
        return f'<svg width="{width}" height="{height - 46}">{"".join(parts)}</svg><div class="legend">{keys}</div>'

    def text(self, panel, width, height):
        content = html.escape(panel["options"]["content"])
        content = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", content)
        content = re.sub(r"(?<!\*)\*([^*]+)\*", r"<i>\1</i>", content)
        content = re.sub("`(.+?)`", r"<code>\1</code>", content)
        return f'<div class="prose">{content}</div>'

    def page(self):
        column = (WIDTH + GAP) / 24
        drawn = []
        bottom = 0
        for panel in self.board["panels"]:
            grid = panel["gridPos"]
            width, height = grid["w"] * column - GAP, grid["h"] * (ROW + GAP) - GAP
            inside = getattr(self, panel["type"].replace("-", "_"))(panel, width - 16, height - 34)
            bottom = max(bottom, (grid["y"] + grid["h"]) * (ROW + GAP))
            drawn.append(f'<section style="left:{grid["x"] * column:.0f}px;top:{grid["y"] * (ROW + GAP) + 40}px;width:{width:.0f}px;'
                         f'height:{height:.0f}px"><h2>{html.escape(panel["title"])}</h2>{inside}</section>')
        title = f'<h1>{html.escape(self.board["title"])} <small>preview, not Grafana</small></h1>'
        return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><body>{title}{''.join(drawn)}", bottom + 50


STYLE = """
body{background:#111217;color:#d8d9da;font:13px sans-serif;margin:8px;position:relative}h1{font-size:18px;margin:4px}h1 small{color:#777}
section{position:absolute;background:#181b1f;border:1px solid #2a2d33;box-sizing:border-box;overflow:hidden;padding:2px 8px}
h2{font-size:13px;font-weight:600;margin:5px 0}.none{display:flex;height:70%;align-items:center;justify-content:center;color:#8e8e8e;font-size:18px;text-align:center}
.cells{display:flex;height:calc(100% - 32px);gap:4px}.cell{flex:1;display:flex;flex-direction:column;align-items:center;justify-content:center;text-align:center;min-width:0}
.label{font-size:12px;opacity:.85}svg text{fill:#9a9ca0;font-size:11px}.legend{font-size:11px;overflow:hidden;height:28px}.legend span{margin-right:12px}
.legend i{display:inline-block;width:12px;height:4px;margin-right:4px;vertical-align:middle}table{width:100%;border-collapse:collapse;font-size:12px}
th{text-align:left;color:#6e9fff;font-weight:600}td,th{padding:3px 6px;border-bottom:1px solid #25282d;white-space:nowrap}.absent{color:#8e8e8e}
.bar{display:flex;align-items:center;gap:8px;margin-bottom:4px}.bar span{width:210px;text-align:right;font-size:12px}.bar b{display:block;height:100%}.bar em{font-style:normal}
.prose{white-space:pre-line;line-height:1.45}code{background:#25282d;padding:0 3px}
"""


def states(place):
    """Text of the last night in each state; None where nothing is told."""
    folder = company.sample(place)
    company.run(folder, 4)
    gaps = (folder / "out/holdover.prom").read_text()
    roster = folder / "roster/hris.csv"
    rows = roster.read_bytes().splitlines(keepends=True)
    roster.write_bytes(b"".join(rows[: len(rows) // 2]))
    company.run(folder, 5)
    held = (folder / "out/holdover.prom").read_text()
    (folder / "policy.yaml").write_text("version: 1\nrules: nonsense\n")
    company.run(folder, 2)
    failed = (folder / "out/holdover.prom").read_text()
    now = time.time()
    normal = re.sub(r'(holdover_scan_scopes\{system="[^"]+",state="(?!complete)\w+"\}) \S+', r"\1 0", gaps)
    normal = re.sub(r"(holdover_scan_success\{[^}]+\}) 0", r"\1 1", normal)
    normal = re.sub(r"(holdover_residual_findings(?:_used_after_end)?\{[^}]*(?:critical|used)?[^}]*\}) (\d+)",
                    lambda found: f"{found.group(1)} {int(found.group(2)) // 4}", normal)
    ended = re.search(r"^holdover_run_last_completion_timestamp_seconds (\S+)$", normal, re.M).group(1)
    normal = normal.replace("holdover_run_exit_code 4", "holdover_run_exit_code 1").replace('{flag="gaps"} 1', '{flag="gaps"} 0')
    normal += f"# TYPE holdover_run_last_success_timestamp_seconds gauge\nholdover_run_last_success_timestamp_seconds {ended}\n"
    shift = lambda text: company.shifted(text, now - 4 * 3600)
    return {"normal": shift(normal), "gaps": shift(gaps), "held": shift(held), "failed": shift(failed), "empty": None}, shift(gaps)


def main():
    out = pathlib.Path(sys.argv[1]).resolve()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="holdover-preview-") as place:
        texts, background = states(place)
        for state in sys.argv[2:] or texts:
            draw(pathlib.Path(place) / state, texts[state], background, out, state)


def draw(place, text, background, out, state):
    place.mkdir()
    now = time.time()
    if text is not None:
        (place / "history.txt").write_text(history(background if state == "failed" else text, now - 2 * 3600))
        subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", "history.txt", "data"], cwd=place,
                       check=True, capture_output=True)
    servers = Servers(place, ROOT / "dashboards/rules.yaml")
    try:
        # Samples are far apart, which the usual look-back of five minutes would take for gaps.
        servers.start()
        servers.end("prometheus")
        command = ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data", "--query.lookback-delta=9h",
                   "--storage.tsdb.retention.time=400d", f"--web.listen-address=127.0.0.1:{servers.ports['prometheus']}"]
        servers.begin("prometheus", command)
        wait_for("prometheus", lambda: servers.api("status/buildinfo"))
        if text is not None:
            (servers.textfiles / "holdover.prom").write_text(text)
            wait_for("the figures", lambda: servers.ask('holdover_build_info{job="node"}'))
            time.sleep(3)
        for name in DASHBOARDS:
            board = json.loads((ROOT / "dashboards" / name).read_text(encoding="utf-8"))
            page, height = Drawing(servers, board, time.time()).page()
            target = out / f"{state}-{name.removesuffix('.json')}"
            target.with_suffix(".html").write_text(page, encoding="utf-8")
            subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
                            f"--user-data-dir={place / 'chromium'}", f"--window-size={WIDTH + 24},{height}",
                            f"--screenshot={target.with_suffix('.png')}", target.with_suffix(".html").as_uri()],
                           check=True, capture_output=True, timeout=120)
            print(target.with_suffix(".png"))
    finally:
        servers.stop()


if __name__ == "__main__":
    main()
