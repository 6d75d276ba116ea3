#!/usr/bin/env python3
"""Reads CSV outputs with Python's csv module and looks for cells a spreadsheet program would run.

    tests/check_csv.py FILE...
"""

import csv
import sys

RECORDS = {"finding", "remnant", "gap", "ambiguous", "unattributed"}
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")


def is_number(cell):
    """Whether a cell is a figure rather than text."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def main(files):
    if not files:
        print(__doc__, file=sys.stderr)
        return 2
    bad = rows = 0
    for name in files:
        with open(name, encoding="utf-8", newline="") as text:
            reader = csv.reader(text, strict=True)
            header = next(reader)
            if header[0] != "record":
                bad += 1
                print(f"{name}: the first column is {header[0]!r}", file=sys.stderr)
            for number, row in enumerate(reader, 2):
                rows += 1
                if len(row) != len(header):
                    bad += 1
                    print(f"{name}:{number}: {len(row)} cells, {len(header)} columns", file=sys.stderr)
                if row[0] not in RECORDS:
                    bad += 1
                    print(f"{name}:{number}: record {row[0]!r}", file=sys.stderr)
                for cell in row:
                    if cell.lstrip(' "\u00a0').startswith(FORMULA) and not is_number(cell):
                        bad += 1
                        print(f"{name}:{number}: a cell that could run: {cell!r}", file=sys.stderr)
    print(f"{rows} rows in {len(files)} files, {bad} problems")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
