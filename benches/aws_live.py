#!/usr/bin/env python3
"""The live AWS benchmark: our scanner beside a bare client that asks in bulk first, on the same endpoint in the same run.

    benches/aws_live.py [--program PATH] [--users 5000] [--leavers 250] [--latency 50] [--only NAME...]

Needs no account: the endpoint is the stub of the test kit with a latency. `--program` is the bench target `live` of
scan-aws, built by `cargo bench -p scan-aws --bench live --no-run` (or `cargo test ... --bench live --no-run`); without
it, it is built. Figures: calls as the client counts them, wall, peak memory. Nothing here runs in CI.
"""

import argparse
import base64
import concurrent.futures
import csv
import http.client
import io
import json
import pathlib
import re
import subprocess
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
SIGNED = "AWS4-HMAC-SHA256 Credential=AKIASCANNER000000000/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0"
THREADS = 16


def main():
    arguments = parse()
    program = arguments.program or build()
    cases = {
        "bulk": lambda: beside(program, arguments, arguments.users, 0),
        "leavers": lambda: beside(program, arguments, arguments.users, arguments.leavers),
        "everyone": lambda: beside(program, arguments, arguments.users, None),
        "growth": lambda: growth(program, arguments),
        "limited": lambda: limited(program, arguments),
        "throttled": lambda: throttled(program, arguments),
    }
    for name in arguments.only or cases:
        print(f"\n== {name}")
        cases[name]()


def parse():
    parser = argparse.ArgumentParser(description="A live read of AWS beside a bare client.")
    parser.add_argument("--program")
    parser.add_argument("--users", type=int, default=5000)
    parser.add_argument("--leavers", type=int, default=250)
    parser.add_argument("--latency", type=int, default=50)
    parser.add_argument("--only", nargs="*")
    return parser.parse_args()


def build():
    command = ["cargo", "bench", "-p", "scan-aws", "--bench", "live", "--no-run", "--message-format", "json"]
    out = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    made = [json.loads(line) for line in out.splitlines()]
    return next(m["executable"] for m in made if m.get("executable") and m["target"]["name"] == "live")


class Service:
    """The stub with a latency, as a process of its own."""

    def __init__(self, program, users, latency, *rest):
        command = [program, "serve", str(users), str(latency), *map(str, rest)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()

    def __enter__(self):
        return self.address

    def __exit__(self, *_):
        self.process.kill()


class Bare:
    """Asks in bulk, then for the details of some; nothing is told, judged or kept."""

    def __init__(self, address):
        self.host = urllib.parse.urlparse(address).netloc
        self.local = threading.local()
        self.calls = 0
        self.lock = threading.Lock()

    def ask(self, action, **fields):
        version = "2011-06-15" if action == "GetCallerIdentity" else "2010-05-08"
        body = urllib.parse.urlencode({"Action": action, "Version": version, **fields})
        headers = {"Authorization": SIGNED, "Content-Type": "application/x-www-form-urlencoded"}
        with self.lock:
            self.calls += 1
        connection = getattr(self.local, "connection", None)
        if connection is None:
            connection = self.local.connection = http.client.HTTPConnection(self.host, timeout=60)
        connection.request("POST", "/", body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        if answer.status != 200:
            raise RuntimeError(f"{action}: {answer.status} {text[:200]}")
        return text

    def pages(self, action, **fields):
        marker = {}
        while True:
            text = self.ask(action, MaxItems=1000, **fields, **marker)
            yield text
            more = re.search(r"<Marker>([^<]*)</Marker>", text)
            if not more:
                return
            marker = {"Marker": more.group(1)}

    def bulk(self, pool):
        self.ask("GetCallerIdentity")
        walks = [
            ("GetAccountAuthorizationDetails", {}),
            ("ListServiceSpecificCredentials", {"AllUsers": "true"}),
            ("ListVirtualMFADevices", {"AssignmentStatus": "Assigned"}),
            ("ListRoles", {}),
        ]
        futures = [pool.submit(lambda a=a, f=f: list(self.pages(a, **f))) for a, f in walks]
        self.ask("GenerateCredentialReport")
        report = self.ask("GetCredentialReport")
        self.ask("GetAccountSummary")
        texts = [future.result() for future in futures]
        self.virtual = set(re.findall(r"<UserName>([^<]*)</UserName>", "".join(texts[2])))
        content = base64.b64decode(re.search(r"<Content>([^<]*)</Content>", report).group(1)).decode()
        return [row for row in csv.DictReader(io.StringIO(content)) if row["user"] != "<root_account>"]

    def details(self, row):
        user = row["user"]
        if "true" in (row["access_key_1_active"], row["access_key_2_active"]) or row["access_key_1_last_rotated"] != "N/A":
            self.ask("ListAccessKeys", UserName=user)
        for key in re.findall(r"<SSHPublicKeyId>([^<]*)<", self.ask("ListSSHPublicKeys", UserName=user)):
            self.ask("GetSSHPublicKey", UserName=user, SSHPublicKeyId=key, Encoding="SSH")
        if row["cert_1_active"] == "true":
            self.ask("ListSigningCertificates", UserName=user)
        if row["mfa_active"] == "true" and user not in self.virtual:
            self.ask("ListMFADevices", UserName=user)

    def run(self, leavers):
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            rows = self.bulk(pool)
            wanted = [row for row in rows if leavers is None or matters(row["user"], leavers)]
            list(pool.map(self.details, wanted))
        return {"calls": self.calls, "seconds": time.monotonic() - began}


def matters(user, leavers):
    return user.startswith("user") and int(user[4:]) < leavers


def scan(program, address, leavers, *rest):
    who = "everyone" if leavers is None else str(leavers)
    out = subprocess.run([program, "scan", address, who, *map(str, rest)], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(out.stdout)


def beside(program, arguments, users, leavers):
    with Service(program, users, arguments.latency) as address:
        bare = Bare(address).run(leavers)
        ours = scan(program, address, leavers)
    print(f"bare client    {bare['calls']:>6} calls {bare['seconds']:7.2f} s")
    print(f"holdover       {ours['calls']:>6} calls {ours['seconds']:7.2f} s  (bulk {ours['bulk_calls']} calls, {ours['bulk_seconds']:.2f} s)")
    print(f"ratio          {ours['calls'] / bare['calls']:.3f} of the calls, {ours['seconds'] / bare['seconds']:.2f} of the time")
    print(f"records {ours['records']}, gaps {ours['gaps']}, peak {ours['peak_kib'] / 1024:.0f} MiB, {ours['above_idle_kib'] / 1024:.0f} MiB above idle")
    if leavers:
        allowed = ours["bulk_calls"] + 3 * leavers + 2
        print(f"calls allowed (bulk + 3 a person + 2): {allowed}; used {ours['calls']}")


def growth(program, arguments):
    for users in (100, arguments.users):
        with Service(program, users, arguments.latency) as address:
            ours = scan(program, address, 0)
        print(f"{users:>6} users: {ours['calls']} calls, {ours['seconds']:.2f} s, {ours['above_idle_kib'] / 1024:.0f} MiB above idle")


def limited(program, arguments):
    leavers = min(arguments.leavers, 60)
    with Service(program, arguments.users, arguments.latency, 10) as address:
        ours = scan(program, address, leavers, 10, 8)
    print(f"10 requests a second allowed, {leavers} leavers: {ours}")


def throttled(program, arguments):
    runs = []
    for percent in (0, 10):
        with Service(program, arguments.users, arguments.latency, 0, percent) as address:
            runs.append(scan(program, address, arguments.leavers))
    plain, hit = runs
    print(f"plain     {plain['calls']} calls, {plain['seconds']:.2f} s, {plain['records']} records, {plain['gaps']} gaps")
    print(f"10 % hit  {hit['calls']} calls, {hit['seconds']:.2f} s, {hit['records']} records, {hit['gaps']} gaps, {hit['retries']} retries")
    print(f"ratio     {hit['seconds'] / plain['seconds']:.2f} of the time, {hit['retries'] / hit['calls']:.3f} of the requests are retries")


if __name__ == "__main__":
    main()
