"""Parts of Grafana dashboards in the classic JSON model, so that a dashboard reads as a list of questions.

Only what our two dashboards need. Every query is instant unless a history is drawn: a figure that has stopped coming
must not go on standing there as if it were the present one.
"""

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
ABOVE_ZERO_RED = [("green", None), ("red", 1)]
ABOVE_ZERO_AMBER = [("green", None), ("orange", 1)]
PLAIN = [("text", None)]
SEVERITY_COLOURS = {
    "critical": "dark-red",
    "high": "orange",
    "medium": "yellow",
    "low": "blue",
    "info": "#808080",
}


def steps(pairs):
    """Thresholds: colours from a value on."""
    return {"mode": "absolute", "steps": [{"color": colour, "value": value} for colour, value in pairs]}


def words(mapping):
    """Value mappings: number to text and colour."""
    options = {str(value): {"index": index, "text": text, "color": colour}
               for index, (value, (text, colour)) in enumerate(mapping.items())}
    return [{"type": "value", "options": options}]


def target(expr, legend="", ref="A", instant=True, form="time_series"):
    """One query."""
    return {"datasource": DATASOURCE, "editorMode": "code", "expr": expr, "format": form, "instant": instant,
            "range": not instant, "legendFormat": legend or "__auto", "refId": ref}


def series(queries, instant=True):
    """Several queries, given as (expression, legend)."""
    return [target(expr, legend, chr(ord("A") + index), instant) for index, (expr, legend) in enumerate(queries)]


class Dashboard:
    """A dashboard under construction. Panels are numbered in the order in which they are added."""

    def __init__(self, uid, title, description, job_metric, variables, annotations):
        self.panels = []
        self.head = {
            "annotations": {"list": annotations},
            "description": description,
            "editable": False,
            "fiscalYearStartMonth": 0,
            "graphTooltip": 1,
            "id": None,
            "links": [{
                "asDropdown": True, "icon": "external link", "includeVars": True, "keepTime": True,
                "tags": ["offboarding"], "targetBlank": False, "title": "Offboarding", "tooltip": "",
                "type": "dashboards", "url": "",
            }],
            "liveNow": False,
            "refresh": "5m",
            "schemaVersion": 39,
            "tags": ["offboarding"],
            "templating": {"list": [datasource_variable(), label_variable("job", "Job", job_metric)] + variables},
            "time": {"from": "now-30d", "to": "now"},
            "timepicker": {},
            "timezone": "utc",
            "title": title,
            "uid": uid,
            "version": 1,
            "weekStart": "monday",
        }

    def add(self, kind, title, description, place, targets, defaults, options, **rest):
        """Adds a panel at (x, y, width, height)."""
        x, y, width, height = place
        panel = {
            "id": len(self.panels) + 1,
            "type": kind,
            "title": title,
            "description": description,
            "datasource": DATASOURCE,
            "gridPos": {"x": x, "y": y, "w": width, "h": height},
            "targets": targets,
            "fieldConfig": {"defaults": defaults, "overrides": rest.pop("overrides", [])},
            "options": options,
        }
        panel.update(rest)
        self.panels.append(panel)

    def stat(self, title, description, place, queries, unit="none", thresholds=PLAIN, no_value="no data",
             mappings=None, links=None, colour="value", decimals=None, overrides=None):
        """Large figures."""
        defaults = {"unit": unit, "thresholds": steps(thresholds), "mappings": words(mappings or {}),
                    "noValue": no_value, "color": {"mode": "thresholds"}}
        if decimals is not None:
            defaults["decimals"] = decimals
        if links:
            defaults["links"] = links
        options = {"colorMode": colour, "graphMode": "none", "justifyMode": "center", "orientation": "auto",
                   "percentChangeColorMode": "standard", "reduceOptions": REDUCE, "showPercentChange": False,
                   "textMode": "value_and_name" if len(queries) > 1 or "{{" in queries[0][1] else "value",
                   "wideLayout": True}
        self.add("stat", title, description, place, series(queries), defaults, options, overrides=overrides or [])

    def lines(self, title, description, place, queries, unit="short", stacked=False, colours=None, bars=False,
              no_value="no data", least=0, most=None):
        """Figures over time. Samples stand still between two runs, so steps are drawn rather than slopes."""
        custom = {"drawStyle": "bars" if bars else "line", "lineInterpolation": "stepAfter", "lineWidth": 1,
                  "fillOpacity": 60 if bars else 25 if stacked else 5, "gradientMode": "none", "showPoints": "never",
                  "pointSize": 4, "spanNulls": False, "axisPlacement": "auto", "axisLabel": "",
                  "stacking": {"group": "A", "mode": "normal" if stacked else "none"}}
        defaults = {"unit": unit, "min": least, "custom": custom, "noValue": no_value, "thresholds": steps(PLAIN),
                    "mappings": [], "color": {"mode": "palette-classic"}}
        if most is not None:
            defaults["max"] = most
        overrides = [by_name(name, color={"mode": "fixed", "fixedColor": colour})
                     for name, colour in (colours or {}).items()]
        options = {"legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True},
                   "tooltip": {"mode": "multi", "sort": "desc"}}
        self.add("timeseries", title, description, place, series(queries, instant=False), defaults, options,
                 overrides=overrides)

    def bars(self, title, description, place, expr, legend, no_value="none"):
        """One bar a label."""
        defaults = {"unit": "short", "min": 0, "thresholds": steps([("orange", None)]), "mappings": [],
                    "noValue": no_value, "color": {"mode": "thresholds"}}
        options = {"displayMode": "basic", "maxVizHeight": 32, "minVizHeight": 12, "minVizWidth": 8,
                   "namePlacement": "left", "orientation": "horizontal", "reduceOptions": REDUCE,
                   "showUnfilled": True, "sizing": "auto", "valueMode": "color"}
        self.add("bargauge", title, description, place, series([(expr, legend)]), defaults, options)

    def table(self, title, description, place, join, columns, no_value, sort=None, descending=True):
        """One row a value of the label `join`. Columns are (heading, expression, settings of the field); an expression
        of None is a label of the first query."""
        queries = [(heading, expr) for heading, expr, _ in columns if expr]
        targets = [target(expr, "", chr(ord("A") + index), form="table") for index, (_, expr) in enumerate(queries)]
        names = {}
        for heading, expr, _ in columns:
            if expr is None:
                names[heading[0]] = heading[1]
        value_of = (lambda index: "Value") if len(queries) == 1 else (lambda index: f"Value #{chr(ord('A') + index)}")
        hidden = {"Time": True}
        for index, (heading, _) in enumerate(queries):
            if len(queries) > 1:
                hidden[f"Time {index + 1}"] = True
            if heading is None:
                hidden[value_of(index)] = True
            else:
                names[value_of(index)] = heading
        order = {}
        for heading, expr, _ in columns:
            raw = heading[0] if expr is None else next((key for key, name in names.items() if name == heading), None)
            if raw:
                order[raw] = len(order)
        overrides = []
        for heading, expr, field in columns:
            shown = heading[1] if expr is None else heading
            if shown and field:
                overrides.append(by_name(shown, **field))
        transformations = [{"id": "joinByField", "options": {"byField": join, "mode": "outer"}}] if len(queries) > 1 else []
        transformations.append({"id": "organize", "options": {
            "excludeByName": hidden, "indexByName": order, "renameByName": names}})
        defaults = {"unit": "short", "custom": {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": False,
                                                "inspect": False},
                    "noValue": no_value, "thresholds": steps(PLAIN), "mappings": [], "color": {"mode": "thresholds"}}
        options = {"cellHeight": "sm", "footer": {"show": False, "countRows": False, "fields": "", "reducer": ["sum"]},
                   "showHeader": True, "sortBy": [{"displayName": sort, "desc": descending}] if sort else []}
        self.add("table", title, description, place, targets, defaults, options, overrides=overrides,
                 transformations=transformations)

    def timeline(self, title, description, place, expr, legend, mappings):
        """States over time, one line a label."""
        defaults = {"unit": "none", "custom": {"fillOpacity": 80, "lineWidth": 0, "spanNulls": False},
                    "mappings": words(mappings), "noValue": "no data", "thresholds": steps(PLAIN),
                    "color": {"mode": "thresholds"}}
        options = {"alignValue": "left", "mergeValues": True, "rowHeight": 0.85, "showValue": "never",
                   "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
                   "tooltip": {"mode": "single", "sort": "none"}}
        self.add("state-timeline", title, description, place, series([(expr, legend)], instant=False), defaults, options)

    def text(self, title, description, place, content):
        """Prose."""
        self.add("text", title, description, place, [], {}, {
            "code": {"language": "plaintext", "showLineNumbers": False, "showMiniMap": False},
            "content": content, "mode": "markdown"})

    def whole(self):
        """The finished model."""
        return {**self.head, "panels": self.panels}


REDUCE = {"calcs": ["lastNotNull"], "fields": "", "values": False}


def by_name(name, **properties):
    """Settings of one field. `custom__x` is a setting of the panel type."""
    listed = [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()]
    return {"matcher": {"id": "byName", "options": name}, "properties": listed}


def datasource_variable():
    """Where queries go."""
    return {"current": {}, "hide": 0, "includeAll": False, "label": "Data source", "multi": False,
            "name": "datasource", "options": [], "query": "prometheus", "refresh": 1, "regex": "",
            "skipUrlSync": False, "type": "datasource"}


def label_variable(name, label, selector):
    """A choice among the values of a label."""
    query = f"label_values({selector}, {name})"
    return {"allValue": ".+", "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
            "datasource": DATASOURCE, "definition": query, "hide": 0, "includeAll": True, "label": label,
            "multi": True, "name": name, "options": [],
            "query": {"qryType": 1, "query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"},
            "refresh": 2, "regex": "", "skipUrlSync": False, "sort": 1, "type": "query"}


def choice_variable(name, label, values):
    """A choice among fixed words."""
    options = [{"selected": False, "text": value, "value": value} for value in values]
    return {"allValue": ".+", "current": {"selected": True, "text": ["All"], "value": ["$__all"]}, "hide": 0,
            "includeAll": True, "label": label, "multi": True, "name": name, "options": options,
            "query": ",".join(values), "skipUrlSync": False, "type": "custom"}


def annotation(name, expr, title, colour):
    """Marks in all graphs."""
    return {"datasource": DATASOURCE, "enable": True, "expr": expr, "hide": False, "iconColor": colour, "name": name,
            "step": "5m", "tagKeys": "", "titleFormat": title, "textFormat": "", "useValueForTime": False}
