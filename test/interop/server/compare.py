#!/usr/bin/env python3
"""Compares what scenarios gave on two servers.

    compare.py [--allow differences.json] REAL.json OURS.json ...    pairs of documents; exit 1 on differences not allowed
    compare.py --table differences.json                              the allowed differences as a Markdown table
    compare.py --table differences.json --document FILE              fails unless FILE has that table

What differs from run to run (ids, times, names of hosts, order of keys) is made alike first. A difference is written as
PROGRAM/SCENARIO/PATH; an entry of the list of allowed ones has patterns (fnmatch) for these three and a reason.
"""

import argparse
import base64
import fnmatch
import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

MISSING = "<nothing>"

# Keys whose values say nothing about the server: dropped. Those after them: only whether they are set is compared.
DROPPED = {"taskId", "stackTrace", "identity", "sdkMetadata", "meteringMetadata", "binaryChecksum", "workerVersion",
           "workerMayIgnore", "version", "workerInstanceKey", "pollerGroupId", "lastWorkerIdentity"}
HIDDEN = {"historySizeBytes", "durationMillis", "expireTime", "complete_time", "original_schedule_time", "requestId", "stateTransitionCount", "stateSizeBytes", "eventTime", "startTime", "closeTime", "executionTime",
          "executionDuration", "executionExpirationTime", "firstWorkflowTaskBackoff", "runExpirationTime", "workflowExecutionExpirationTime", "scheduledTime", "lastStartedTime", "lastHeartbeatTime",
          "originalScheduledTime", "startedTime", "nextAttemptScheduleTime", "createTime", "clusterName", "clusterId",
          "activeClusterName", "originalExecutionRunId", "currentAttemptScheduledTime", "revisionNumber"}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"20(?:2[5-9]|[3-9]\d)-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d| \+0000 UTC)?")
BUILD = re.compile(r"\b[0-9a-f]{32}\b")  # the checksum of a program
HANDLERS = re.compile(r"(KnownQueryTypes=\[|KnownUpdateNames=\[)([^]]*)")  # in the order of a hash table
HOST = re.compile(r"127\.0\.0\.1:\d+|\b\d+@[\w.-]+")


@dataclass
class Difference:
    program: str
    scenario: str
    path: str
    real: object
    ours: object


@dataclass
class Scrubber:
    """Makes one document comparable."""

    token: str
    text_of: dict = field(default_factory=dict)

    def text(self, value: str) -> str:
        value = value.replace(self.token, "<run>")
        value = UUID.sub("<id>", value)
        value = BUILD.sub("<build>", value)
        value = HANDLERS.sub(lambda found: found[1] + " ".join(sorted(found[2].split())), value)
        return TIME.sub("<time>", HOST.sub("<host>", value))

    def payload(self, value: dict) -> object:
        encoding = base64.b64decode(value.get("metadata", {}).get("encoding", "")).decode(errors="replace")
        kind = base64.b64decode(value.get("metadata", {}).get("type", "")).decode(errors="replace")
        data = base64.b64decode(value.get("data", ""))
        try:
            content = json.loads(data) if encoding.startswith("json/") else data.decode()
        except ValueError:
            content = value.get("data")
        return {"payload": self.value(content), "encoding": encoding, **({"type": kind} if kind else {})}

    def value(self, value: object) -> object:
        if isinstance(value, dict):
            if "metadata" in value and isinstance(value["metadata"], dict) and "encoding" in value["metadata"]:
                return self.payload(value)
            return {self.text(key): "<set>" if key in HIDDEN and each not in (None, "", "0s") else self.value(each)
                    for key, each in value.items() if key not in DROPPED}
        if isinstance(value, list):
            return [self.value(each) for each in value]
        if isinstance(value, str):
            return self.text(value)
        return value

    def history(self, recorded: dict) -> list:
        """One readable entry per event: its type and its attributes."""
        result = []
        for event in recorded.get("events", []):
            kind = event.get("eventType", "?")
            kind = kind.removeprefix("EVENT_TYPE_") if kind.startswith("EVENT_TYPE_") else re.sub(r"(?<!^)(?=[A-Z])", "_", kind).upper()
            attributes = next((each for key, each in event.items() if key.endswith("EventAttributes")), {})
            rest = {key: each for key, each in event.items()
                    if not key.endswith("EventAttributes") and key not in ("eventType", "eventTime", "eventId")}
            result.append([kind, self.value(attributes), self.value(rest)])
        return result


def scrubbed(document: dict) -> dict:
    result = {}
    for name, report in document["scenarios"].items():
        scrub = Scrubber(report.get("token", document["token"]))
        status = report["status"]
        result[name] = {
            "status": scrub.text(status.splitlines()[0]),
            "outcome": scrub.value(report["outcome"]),
            "histories": {scrub.text(label): scrub.history(each) for label, each in report["histories"].items()},
        }
    return result


def walk(real: object, ours: object, path: str, found: list) -> None:
    """Lists the places where two values differ; a history is shown by its types of events when these differ."""
    if isinstance(real, dict) and isinstance(ours, dict):
        for key in sorted(set(real) | set(ours), key=str):
            walk(real.get(key, MISSING), ours.get(key, MISSING), f"{path}/{key}" if path else str(key), found)
    elif isinstance(real, list) and isinstance(ours, list):
        if path.startswith("histories/") and [e[0] for e in real if isinstance(e, list)] != [e[0] for e in ours if isinstance(e, list)]:
            found.append((path, [e[0] for e in real], [e[0] for e in ours]))
            return
        if len(real) != len(ours):
            found.append((path, real, ours))
            return
        for index, (one, other) in enumerate(zip(real, ours)):
            name = str(index)
            if path.count("/") == 1 and path.startswith("histories/"):
                name = f"{index + 1} {one[0]}"
            walk(one, other, f"{path}/{name}", found)
    elif real != ours:
        found.append((path, real, ours))


def compare(program: str, real: dict, ours: dict) -> list[Difference]:
    one, other = scrubbed(real), scrubbed(ours)
    result = []
    for name in sorted(set(one) | set(other)):
        found: list = []
        walk(one.get(name, MISSING), other.get(name, MISSING), "", found)
        result += [Difference(program, name, *each) for each in found]
    return result


def allows(entry: dict, difference: Difference) -> bool:
    return all(fnmatch.fnmatchcase(getattr(difference, key), entry.get(key, "*")) for key in ("program", "scenario", "path"))


def show(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) < 1500 else text[:1500] + " ..."


def table(allowed: list) -> str:
    lines = ["| program | scenario | where | reason |", "|---|---|---|---|"]
    for entry in allowed:
        cells = [entry.get(key, "*") for key in ("program", "scenario", "path")] + [entry["reason"]]
        lines.append("| " + " | ".join("all" if each == "*" else each.replace("|", "\\|") for each in cells) + " |")
    return "\n".join(lines)


def main() -> int:
    arguments = argparse.ArgumentParser(description="compares what scenarios gave on two servers")
    arguments.add_argument("--allow", type=Path)
    arguments.add_argument("--table", type=Path)
    arguments.add_argument("--document", type=Path)
    arguments.add_argument("--part", action="store_true", help="some scenarios only: allowed differences may be absent")
    arguments.add_argument("--names", action="store_true", help="print only PROGRAM SCENARIO of those that differ")
    arguments.add_argument("documents", nargs="*", type=Path)
    given = arguments.parse_args()
    if given.table:
        wanted = table(json.loads(given.table.read_text()))
        if given.document is None:
            print(wanted)
            return 0
        if wanted in given.document.read_text():
            return 0
        print(f"{given.document} does not show the table of {given.table}; it must be:\n\n{wanted}")
        return 1
    allowed = json.loads(given.allow.read_text()) if given.allow else []
    used: set[int] = set()
    bad = scenarios = 0
    pairs = list(zip(given.documents[::2], given.documents[1::2]))
    for first, second in pairs:
        real, ours = json.loads(first.read_text()), json.loads(second.read_text())
        program = real["program"]
        scenarios += len(real["scenarios"])
        differing = {name for name, report in real["scenarios"].items() if report["status"] != "ok"}
        differing |= {each.scenario for each in compare(program, real, ours) if not any(allows(entry, each) for entry in allowed)}
        if given.names:
            if differing:
                print(program, f"^({'|'.join(sorted(differing))})$")
            continue
        for name, report in sorted(real["scenarios"].items()):
            if report["status"] != "ok":
                bad += 1
                print(f"{program}/{name}: the real server's run: {report['status']}")
        last = None
        for difference in compare(program, real, ours):
            entry = next((index for index, each in enumerate(allowed) if allows(each, difference)), None)
            if entry is not None:
                used.add(entry)
                continue
            bad += 1
            if (difference.program, difference.scenario) != last:
                last = (difference.program, difference.scenario)
                print(f"\n{difference.program}/{difference.scenario}")
            print(f"  {difference.path}\n    real: {show(difference.real)}\n    ours: {show(difference.ours)}")
    if given.names:
        return 0
    if not given.part:
        for index, entry in enumerate(allowed):
            if index not in used:
                bad += 1
                print(f"\nan allowed difference that is none any more: {json.dumps(entry)}")
    print(f"\n{len(pairs)} programs, {scenarios} scenarios, {len(used)} documented differences, {bad} others")
    return 1 if bad or not pairs else 0


if __name__ == "__main__":
    sys.exit(main())
