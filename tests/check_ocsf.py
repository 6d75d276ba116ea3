#!/usr/bin/env python3
"""Checks OCSF events with py-ocsf-models (a reader that is not ours).

    tests/check_ocsf.py FILE...        events, one a line
    tests/check_ocsf.py --self-test FILE   also damages events and expects each damage to be noticed

The models accept unknown attributes, so what comes out of them is compared with what went in.
Needs: pip install py-ocsf-models==0.10.0
"""

import json
import sys

from py_ocsf_models.events.findings.detection_finding import DetectionFinding

# Attributes that are free by definition: nothing inside them is compared.
FREE = {"unmapped", "data"}

# Attributes of 1.8.0 that version 0.10.0 of the models does not have yet.
NOT_IN_MODELS = {
    "event.is_alert",
    "event.finding_info.tags",
    "event.resources[0].role",
    "event.resources[0].role_id",
    "event.resources[0].owner.programmatic_credentials",
}


def difference(given, kept, path):
    """Paths of `given` that the model did not keep."""
    if isinstance(given, dict) and isinstance(kept, dict):
        lost = []
        for key, value in given.items():
            place = f"{path}.{key}"
            if key not in kept:
                lost.append(place)
            elif key not in FREE:
                lost.extend(difference(value, kept[key], place))
        return lost
    if isinstance(given, list) and isinstance(kept, list):
        if len(given) != len(kept):
            return [f"{path}: {len(given)} entries became {len(kept)}"]
        return [lost for index, (left, right) in enumerate(zip(given, kept)) for lost in difference(left, right, f"{path}[{index}]")]
    return []


def problems(event):
    """What is wrong with one event, in words."""
    try:
        model = DetectionFinding.model_validate(event)
    except ValueError as error:
        return [str(error)]
    kept = json.loads(model.model_dump_json(exclude_none=True, by_alias=True))
    found = [f"unknown to the model: {place}" for place in difference(event, kept, "event") if place not in NOT_IN_MODELS]
    if event.get("class_uid") != 2004:
        found.append(f"class_uid {event.get('class_uid')}")
    if event.get("type_uid") != 200400 + event.get("activity_id", -1):
        found.append("type_uid is not class and activity")
    # 2020 to 2100 in milliseconds.
    if not 1_577_836_800_000 <= event.get("time", 0) < 4_102_444_800_000:
        found.append(f"time {event.get('time')} is no time in milliseconds")
    return found


def damages(event):
    """Copies of an event, each broken in one way."""
    for name in ("metadata", "severity_id", "activity_id", "finding_info", "time", "type_uid"):
        yield f"without {name}", {key: value for key, value in event.items() if key != name}
    yield "with an unknown attribute", {**event, "residual": True}
    yield "with a severity outside the list", {**event, "severity_id": 42}
    yield "with seconds", {**event, "time": event["time"] // 1000}
    yield "with a text as time", {**event, "time": "2026-08-01T00:00:00Z"}
    yield "of another class", {**event, "class_uid": 2001}


def main(arguments):
    self_test = "--self-test" in arguments
    files = [argument for argument in arguments if not argument.startswith("--")]
    if not files:
        print(__doc__, file=sys.stderr)
        return 2
    bad = events = 0
    for name in files:
        with open(name, encoding="utf-8", newline="") as lines:
            text = lines.read()
        if text and not text.endswith("\n") or "\r" in text or text.startswith("\ufeff"):
            print(f"{name}: needs LF after each line, and nothing before the first", file=sys.stderr)
            bad += 1
        for number, line in enumerate(text.splitlines(), 1):
            events += 1
            event = json.loads(line)
            for problem in problems(event):
                bad += 1
                print(f"{name}:{number}: {problem}", file=sys.stderr)
            if self_test:
                for what, damaged in damages(event):
                    if not problems(damaged):
                        bad += 1
                        print(f"{name}:{number}: not noticed: {what}", file=sys.stderr)
    print(f"{events} events in {len(files)} files, {bad} problems")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
