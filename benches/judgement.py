#!/usr/bin/env python3
"""The judgement benchmark: a whole `holdover scan` beside DuckDB's bare join over the same files, in one run.

    benches/judgement.py [--records 10000000] [--people 500000] [--leavers 100000] [--folder /tmp/bench]
                         [--series] [--second] [--repeat N] [--skip-duckdb] [--binary target/release/holdover]
                         [--descriptors 64] [--most-memory 512]

With `--most-memory` the script ends with 1 if the program's peak is above it; with `--descriptors` the program may open
no more files than that. Every process runs under `/usr/bin/time -v`. Nothing here runs in CI. See benches/README.md.
"""

import argparse
import hashlib
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
SYSTEMS = ["code", "crm", "files", "idp", "wiki"]
EXIT_RESIDUAL = 1


def main():
    arguments = parse()
    folder = pathlib.Path(arguments.folder)
    folder.mkdir(parents=True, exist_ok=True)
    generator = build_generator(folder)
    python = None if arguments.skip_duckdb else duckdb_python()
    sizes = [arguments.records // 10, arguments.records] if arguments.series else [arguments.records]
    walls = []
    for records in sizes:
        data = folder / f"data-{records}-{arguments.people}"
        expected = make(generator, data, records, arguments, second=False)
        print(f"\n{records:,} records, {size(data) / 2**30:.2f} GiB; {arguments.people:,} people, {arguments.leavers:,} leavers")
        print(f"enabled grants of leavers, as made: {expected:,}")
        best = {}
        for _ in range(arguments.repeat):
            if python:
                keep(best, "duckdb", duckdb(python, data, folder, expected))
            shutil.rmtree(data / "state", ignore_errors=True)
            keep(best, "holdover", holdover(arguments, data, expected))
        if "duckdb" in best:
            ratio("holdover / duckdb", best["holdover"], best["duckdb"])
        if arguments.second:
            expected = make(generator, data, records, arguments, second=True)
            again = holdover(arguments, data, expected, name="holdover, second run, 1 % changed")
            ratio("second / first", again, best["holdover"])
            make_stale(data)
        walls.append(best["holdover"])
    if len(walls) == 2:
        ratio(f"{sizes[1]:,} / {sizes[0]:,} records", walls[1], walls[0])


def parse():
    parser = argparse.ArgumentParser(description="A whole scan beside DuckDB's bare join.")
    parser.add_argument("--records", type=int, default=10_000_000)
    parser.add_argument("--people", type=int, default=500_000)
    parser.add_argument("--leavers", type=int, default=100_000)
    parser.add_argument("--leaver-permille", type=int, default=20, help="share of the records that leavers hold")
    parser.add_argument("--folder", default="/tmp/bench")
    parser.add_argument("--binary", default=str(ROOT / "target/release/holdover"))
    parser.add_argument("--repeat", type=int, default=1, help="the run with the least wall time of each counts")
    parser.add_argument("--series", action="store_true", help="a tenth of the records first")
    parser.add_argument("--second", action="store_true", help="then again, with one record in a hundred changed")
    parser.add_argument("--skip-duckdb", action="store_true")
    parser.add_argument("--descriptors", type=int, help="files the program may have open at once")
    parser.add_argument("--most-memory", type=int, help="MiB of peak resident memory that are not a failure")
    return parser.parse_args()


def build_generator(folder):
    binary = folder / "make_bulk"
    source = HERE / "bulk" / "make_bulk.rs"
    if not binary.exists() or binary.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["rustc", "--edition", "2024", "-O", str(source), "-o", str(binary)], check=True)
    return binary


def duckdb_python():
    home = ROOT / ".emu" / "duckdb"
    python = home / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        subprocess.run([str(home / "bin" / "pip"), "install", "-q", "uv"], check=True)
    if subprocess.run([str(python), "-c", "import duckdb"], capture_output=True, check=False).returncode:
        subprocess.run([str(home / "bin" / "uv"), "pip", "install", "-q", "--python", str(python), "duckdb"], check=True)
    return python


def make(generator, data, records, arguments, second):
    """Writes the data, unless it is there already; gives the number of enabled grants of leavers."""
    stamp = data / "made"
    words = [records, arguments.people, arguments.leavers, arguments.leaver_permille, second, (HERE / "bulk" / "make_bulk.rs").stat().st_mtime]
    wanted = " ".join(map(str, words))
    if stamp.exists() and stamp.read_text().splitlines()[0] == wanted:
        return int(stamp.read_text().splitlines()[1])
    command = [str(generator), str(data), "--records", records, "--people", arguments.people, "--leavers", arguments.leavers]
    command += ["--leaver-permille", arguments.leaver_permille] + (["--second"] if second else [])
    made = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
    expected = int(made.stdout)
    configure(data, second)
    stamp.write_text(f"{wanted}\n{expected}\n")
    return expected


def make_stale(data):
    (data / "made").unlink(missing_ok=True)


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def configure(data, second):
    day = "2026-08-03" if second else "2026-08-02"
    rows = sum(1 for _ in open(data / "hris.csv", "rb")) - 1
    manifest = {"as_of": f"{day}T02:00:00Z", "rows": rows, "sha256": sha256(data / "hris.csv"), "coverage": "full"}
    (data / "hris.meta.json").write_text(json.dumps(manifest))
    systems = "".join(
        f"""
  - id: {system}
    connector: import
    tier: tier1
    max_age: 26h
    scopes: [accounts, api-tokens, ssh-keys, oauth, keys]
    files: [{{ path: exports/{system}.ndjson, format: ndjson }}]"""
        for system in SYSTEMS
    )
    (data / "holdover.yaml").write_text(
        f"""version: 1
organisation: Bulk Example
state_dir: state
roster:
  leave_policy: keep_access
  aliases: {{ path: aliases.csv, sha256: "{sha256(data / 'aliases.csv')}" }}
  sources:
    - {{ id: hris, format: csv, path: hris.csv, manifest: hris.meta.json, coverage: full, encoding: utf-8,
         end_date_meaning: last_day_included, default_time_zone: Europe/Berlin, max_age: 26h, rank: 1 }}
identity:
  domains: [{{ name: acme.example }}, {{ name: bought.example }}]
systems:{systems}
run: {{ as_of: "{day}T03:00:00Z" }}
outputs:
  - {{ format: table, path: "-" }}
  - {{ format: json, path: out/report.json }}
  - {{ format: ocsf, path: out/findings.ndjson }}
metrics: {{ textfile: out/holdover.prom }}
"""
    )


def size(data):
    return sum(path.stat().st_size for path in (data / "exports").iterdir())


def timed(name, command, cwd, stdout, descriptors=None):
    report = cwd / "time.txt"
    limit = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))) if descriptors else None
    with open(stdout, "wb") as out:
        code = subprocess.run(
            ["/usr/bin/time", "-v", "-o", str(report), *map(str, command)],
            cwd=cwd, stdout=out, stderr=subprocess.PIPE, check=False, preexec_fn=limit,
        )
    text = report.read_text()
    clock = re.search(r"Elapsed \(wall clock\) time .*: (?:(\d+):)?(\d+):([\d.]+)", text)
    wall = int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + float(clock[3])
    field = lambda label: float(re.search(label + r": ([\d.]+)", text)[1])
    cpu = field(r"User time \(seconds\)") + field(r"System time \(seconds\)")
    memory = field(r"Maximum resident set size \(kbytes\)") / 1024
    load = os.getloadavg()[0]
    print(f"{name:<36} wall {wall:8.2f} s   CPU {cpu:8.2f} s   peak RSS {memory:8.0f} MiB   load {load:.1f}", flush=True)
    return {"wall": wall, "cpu": cpu, "memory": memory, "code": code.returncode, "stderr": code.stderr.decode(errors="replace")}


def duckdb(python, data, folder, expected):
    out = folder / "duckdb.out"
    result = timed("duckdb, bare join", [python, HERE / "bulk" / "bare_join.py", data], data, out)
    if result["code"]:
        sys.exit(result["stderr"])
    count = int(out.read_text())
    if count != expected:
        sys.exit(f"duckdb counts {count}, {expected} were made")
    return result


def holdover(arguments, data, expected, name="holdover scan"):
    shutil.rmtree(data / "out", ignore_errors=True)
    command = [arguments.binary, "scan", "--config", "holdover.yaml"]
    result = timed(name, command, data, data / "table.txt", arguments.descriptors)
    if result["code"] != EXIT_RESIDUAL:
        sys.exit(f"exit code {result['code']}\n{result['stderr'][-4000:]}")
    counted = {}
    with open(data / "out" / "findings.ndjson", "rb") as events:
        for line in events:
            event = json.loads(line)
            state = event.get("unmapped", {}).get("state")
            counted[state] = counted.get(state, 0) + 1
    still_open = sum(count for state, count in counted.items() if state in ("observed", "confirmed"))
    print(f"    findings by state: {counted}")
    if still_open != expected:
        sys.exit(f"holdover has {still_open} open findings, {expected} were made")
    if arguments.most_memory and result["memory"] > arguments.most_memory:
        sys.exit(f"peak of {result['memory']:.0f} MiB, {arguments.most_memory} MiB are allowed")
    return result


def keep(best, name, result):
    if name not in best or result["wall"] < best[name]["wall"]:
        best[name] = result


def ratio(name, above, below):
    print(f"{name:<36} wall {above['wall'] / below['wall']:8.2f} x   CPU {above['cpu'] / below['cpu']:8.2f} x   peak RSS {above['memory'] / below['memory']:8.2f} x")


if __name__ == "__main__":
    main()
