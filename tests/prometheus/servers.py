"""Starts the real programs on free ports of 127.0.0.1, and speaks to them. Ends what it started, by process id."""

import json
import os
import pathlib
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

PATIENCE = float(os.environ.get("HOLDOVER_CHECK_PATIENCE", "180"))


class Failed(Exception):
    """What did not hold."""


# A proxy that the environment names is not asked for what is on this machine.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_ports(count):
    """So many ports nobody listens on now. Each is held until all are drawn, so that no two are the same."""
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def fetch(url, method="GET", body=None):
    """Status and text of one answer."""
    request = urllib.request.Request(url, data=body, method=method)
    try:
        with OPENER.open(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def wait_for(what, condition):
    """Asks again and again until the condition gives something true."""
    deadline = time.monotonic() + PATIENCE
    last = None
    while time.monotonic() < deadline:
        try:
            last = condition()
            if last:
                return last
        except (OSError, Failed) as error:
            last = error
        time.sleep(0.2)
    raise Failed(f"waited {PATIENCE:.0f} s for {what}; last: {last}")


class Servers:
    """Node exporter, Pushgateway, Alertmanager and Prometheus over one folder."""

    def __init__(self, place, rules):
        self.place = pathlib.Path(place)
        self.rules = pathlib.Path(rules)
        self.running = {}
        names = ("node", "gateway", "alertmanager", "prometheus", "serve")
        self.ports = dict(zip(names, free_ports(len(names))))
        self.textfiles = self.place / "textfiles"
        self.textfiles.mkdir(parents=True, exist_ok=True)
        self.targets = self.place / "targets.json"
        self.targets.write_text("[]")

    def url(self, name, path=""):
        """Address of one of them."""
        return f"http://127.0.0.1:{self.ports[name]}{path}"

    def begin(self, name, command):
        """Starts a program; its output goes to a file."""
        log = open(self.place / f"{name}.log", "w", encoding="utf-8")
        self.running[name] = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=self.place)

    def end(self, name):
        """Ends one program and waits for it."""
        process = self.running.pop(name)
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def stop(self):
        """Ends everything."""
        for name in list(self.running):
            self.end(name)

    def start_exporter(self):
        """The node exporter, with nothing but its textfile reader."""
        self.begin("node", ["prometheus-node-exporter", "--collector.disable-defaults", "--collector.textfile",
                            f"--collector.textfile.directory={self.textfiles}",
                            f"--web.listen-address=127.0.0.1:{self.ports['node']}"])

    def start(self, data="data", retention="400d"):
        """All of them; returns once each answers."""
        self.start_exporter()
        self.begin("gateway", ["prometheus-pushgateway", f"--web.listen-address=127.0.0.1:{self.ports['gateway']}"])
        (self.place / "alertmanager.yml").write_text("route: {receiver: nobody, group_wait: 0s}\nreceivers: [{name: nobody}]\n")
        self.begin("alertmanager", [
            "prometheus-alertmanager", "--config.file=alertmanager.yml", "--storage.path=alertmanager",
            f"--web.listen-address=127.0.0.1:{self.ports['alertmanager']}", "--cluster.listen-address="])
        self.use_rules(self.rules.read_text(encoding="utf-8"))
        (self.place / "prometheus.yml").write_text(f"""
global: {{scrape_interval: 3s, scrape_timeout: 3s, evaluation_interval: 1s}}
rule_files: [rules.yaml]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{self.ports['alertmanager']}']}}]}}]}}
scrape_configs:
- {{job_name: node, static_configs: [{{targets: ['127.0.0.1:{self.ports['node']}']}}]}}
- {{job_name: pushgateway, honor_labels: true, static_configs: [{{targets: ['127.0.0.1:{self.ports['gateway']}']}}]}}
- {{job_name: holdover, file_sd_configs: [{{files: ['{self.targets}'], refresh_interval: 1s}}]}}
""")
        self.begin("prometheus", [
            "prometheus", "--config.file=prometheus.yml", f"--storage.tsdb.path={data}",
            f"--storage.tsdb.retention.time={retention}", "--storage.tsdb.allow-overlapping-blocks",
            f"--web.listen-address=127.0.0.1:{self.ports['prometheus']}", "--web.enable-lifecycle"])
        for name, path in [("node", "/metrics"), ("gateway", "/-/ready"), ("alertmanager", "/-/ready"),
                           ("prometheus", "/-/ready")]:
            wait_for(f"{name} to answer", lambda url=self.url(name, path): fetch(url)[0] == 200)

    def use_rules(self, text):
        """Puts rules in place; a Prometheus that runs is told to read them anew."""
        (self.place / "rules.yaml").write_text(text)
        if "prometheus" in self.running:
            status, says = fetch(self.url("prometheus", "/-/reload"), "POST", b"")
            if status != 200:
                raise Failed(f"reloading the rules: {status} {says}")

    def api(self, path, **parameters):
        """The `data` of one answer of Prometheus' API."""
        url = self.url("prometheus", f"/api/v1/{path}")
        body = urllib.parse.urlencode(parameters).encode() if parameters else None
        status, text = fetch(url, "POST" if body else "GET", body)
        try:
            answer = json.loads(text)
        except json.JSONDecodeError:
            raise Failed(f"{path}: {status} {text}") from None
        if status != 200 or answer["status"] != "success":
            raise Failed(f"{path} {parameters}: {answer.get('error', text)}")
        return answer["data"]

    def ask(self, expression, at=None):
        """An instant query: list of (labels, value)."""
        parameters = {"query": expression}
        if at is not None:
            parameters["time"] = at
        data = self.api("query", **parameters)
        if data["resultType"] == "scalar":
            return [({}, float(data["result"][1]))]
        return [(one["metric"], float(one["value"][1])) for one in data["result"]]

    def ask_range(self, expression, start, end, step):
        """A range query: list of (labels, [(time, value)])."""
        data = self.api("query_range", query=expression, start=start, end=end, step=step)
        return [(one["metric"], [(float(at), float(value)) for at, value in one["values"]]) for one in data["result"]]

    def value(self, expression):
        """The one value of a query; None where there is none."""
        found = self.ask(expression)
        return found[0][1] if found else None

    def alerts(self):
        """Active alerts: name to set of states. A rule that cannot be evaluated is a failure."""
        states = {}
        for group in self.api("rules")["groups"]:
            for rule in group["rules"]:
                if rule["health"] == "err":
                    raise Failed(f"rule {rule['name']}: {rule.get('lastError')}")
                for alert in rule.get("alerts", []):
                    states.setdefault(rule["name"], set()).add(alert["state"])
        return states
