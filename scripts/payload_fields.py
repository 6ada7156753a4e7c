#!/usr/bin/env python3
"""Writes include/rondo/detail/data/payload_fields.hpp: where payloads are in the messages of the RPCs.

    payload_fields.py            write the header from proto/**/*.proto
    payload_fields.py --check    exit 1 when the header is not what the .proto files ask for

The .proto files have the regular form that sync_protos.py gives them.
"""

import pathlib
import re
import sys

PROJECT = pathlib.Path(__file__).resolve().parent.parent
HEADER = PROJECT / "include/rondo/detail/data/payload_fields.hpp"

PAYLOAD = "temporal.api.common.v1.Payload"
ANY = "google.protobuf.Any"
# Payloads that the server reads, so nobody may change them.
PLAIN_MESSAGES = re.compile(r"temporal\.api\.(common\.v1\.SearchAttributes|compute\.v1\..*)$")
PLAIN_FIELDS = {"group_values"}
# What travels inside google.protobuf.Any.
IN_ANY = ["temporal.api.update.v1.Request", "temporal.api.update.v1.Acceptance", "temporal.api.update.v1.Rejection",
          "temporal.api.update.v1.Response", "temporal.api.errordetails.v1.QueryFailedFailure",
          "temporal.api.errordetails.v1.MultiOperationExecutionFailure"]
STATUS = "google.rpc.Status"

EXECUTION = "temporal.api.common.v1.WorkflowExecution"
# What says whose payloads a message holds: field name, its type, the number inside of that type (101: field 1 of field
# 1), the part it is.
CONTEXT = [
    ("namespace", "string", 0, "namespace_"),
    ("workflow_id", "string", 0, "workflow_id"),
    ("execution", EXECUTION, 1, "workflow_id"),
    ("workflow_execution", EXECUTION, 1, "workflow_id"),
    ("update_ref", "temporal.api.update.v1.UpdateRef", 101, "workflow_id"),
    ("workflow_type", "temporal.api.common.v1.WorkflowType", 1, "workflow_type"),
    ("activity_id", "string", 0, "activity_id"),
    ("activity_type", "temporal.api.common.v1.ActivityType", 1, "activity_type"),
    ("task_queue", "temporal.api.taskqueue.v1.TaskQueue", 1, "task_queue"),
]

# Whose input a payload is: messages with the input of a Nexus operation, and the name of its field.
OPERATION_INPUTS = {
    "temporal.api.command.v1.ScheduleNexusOperationCommandAttributes": "input",
    "temporal.api.history.v1.NexusOperationScheduledEventAttributes": "input",
    "temporal.api.nexus.v1.StartOperationRequest": "payload",
    "temporal.api.workflowservice.v1.StartNexusOperationExecutionRequest": "input",
    "temporal.api.workflowservice.v1.DescribeNexusOperationExecutionResponse": "input",
}
# Where the operation is named: there, or around it, or in a message beside the input.
OPERATION_NAMES = set(OPERATION_INPUTS) | {"temporal.api.nexus.v1.Request"}
OPERATION_INFO = "temporal.api.nexus.v1.NexusOperationExecutionInfo"
OPERATION = {"endpoint": "nexus_endpoint", "service": "nexus_service", "operation": "nexus_operation"}

FIELD = re.compile(r"(repeated |optional )?(map<\w+, ([\w.]+)>|[\w.]+) (\w+) = (\d+)")
RPC = re.compile(r"rpc (\w+)\(([\w.]+)\) returns \(([\w.]+)\)")


def read_protos():
    """{message: [(number, name, type, is_map)]} and {method: (request, response)} of WorkflowService."""
    messages, methods = {}, {}
    proto = PROJECT / "proto"
    for path in sorted(set(proto.rglob("*.proto")) - set((proto / "cloud").rglob("*.proto"))):
        text = path.read_text(encoding="utf-8")
        package = re.search(r"^package ([\w.]+);", text, re.MULTILINE).group(1)
        scopes = []
        for line in (line.strip() for line in text.splitlines()):
            if line.startswith("rpc ") and scopes[-1] == ("service", "WorkflowService"):
                name, request, response = RPC.match(line).groups()
                methods[name] = tuple(t if "." in t else f"{package}.{t}" for t in (request, response))
            elif re.match(r"(message|enum|service|oneof) \w+ \{", line):
                kind, name = line.split()[:2]
                scopes.append((kind, name))
                if kind == "message":
                    messages[scope_name(package, scopes)] = []
            elif line == "}":
                scopes.pop()
            elif scopes and scopes[-1][0] in ("message", "oneof") and FIELD.match(line):
                _, whole, in_map, name, number = FIELD.match(line).groups()
                messages[scope_name(package, scopes)].append((int(number), name, in_map or whole, bool(in_map)))
    return {name: resolved(name, fields, messages) for name, fields in messages.items()}, methods


def scope_name(package, scopes):
    return ".".join([package] + [name for kind, name in scopes if kind == "message"])


def resolved(message, fields, messages):
    """Types by their full names, looked up from the inside to the outside."""
    def look_up(kind):
        scope = message
        while scope:
            if f"{scope}.{kind}" in messages:
                return f"{scope}.{kind}"
            scope = scope.rpartition(".")[0]
        return kind
    return [(number, name, look_up(kind), is_map) for number, name, kind, is_map in sorted(fields)]


def holders(messages):
    """Messages that hold a payload somewhere: those from which one of them can be reached."""
    found = {PAYLOAD, ANY}
    while True:
        more = {name for name, fields in messages.items() if name not in found and not PLAIN_MESSAGES.match(name) and any(
            kind in found and field not in PLAIN_FIELDS for _, field, kind, _ in fields)}
        if not more:
            return found
        found |= more


def node_of(name):
    if name == PAYLOAD:
        return "payload"
    if name == ANY:
        return "any"
    short = re.sub(r"^temporal\.api\.", "", name).replace(".v1.", ".").replace("workflowservice.", "rpc.")
    return re.sub(r"(?<=\w\w)(CommandAttributes|EventAttributes)\b", "", short).replace(".", "_")


def operation_names(messages, name):
    """Rows of context that say which Nexus operation an input is of."""
    if name not in OPERATION_NAMES:
        return
    for number, field, kind, _ in messages[name]:
        if field in OPERATION and kind == "string":
            yield node_of(name), number, 0, OPERATION[field]
        elif kind == OPERATION_INFO:
            for inner, its_field, _, _ in messages[kind]:
                if its_field in OPERATION:
                    yield node_of(name), number, inner, OPERATION[its_field]


def table(messages, methods):
    """Names of nodes, rows of fields, rows of context and rows of inputs of Nexus operations."""
    holding = holders(messages)
    todo = [name for pair in methods.values() for name in pair] + IN_ANY + [STATUS, "temporal.api.history.v1.History"]
    nodes, rows, context, inputs = {"payload", "any"}, set(), set(), set()
    seen = {PAYLOAD, ANY}
    while todo:
        name = todo.pop()
        # A request without payloads may still say whose payloads its response holds.
        asks_for_payloads = any(name == request and response in holding for request, response in methods.values())
        if name in seen or (name not in holding and not asks_for_payloads):
            continue
        seen.add(name)
        nodes.add(node_of(name))
        has_activities = name.endswith("PollActivityTaskQueueRequest") or any(
            field == "activity_type" for _, field, _, _ in messages[name])
        context.update(operation_names(messages, name))
        for number, field, kind, is_map in messages[name]:
            if OPERATION_INPUTS.get(name) == field:
                inputs.add((node_of(name), number))
            for wanted, type_name, inner, part in CONTEXT:
                # Queues of workflows are no part of the context: sticky ones change.
                if wanted == "task_queue" and not has_activities:
                    continue
                if (field, kind) == (wanted, type_name):
                    context.add((node_of(name), number, inner, part))
            if kind not in holding or field in PLAIN_FIELDS or name == STATUS and kind != ANY:
                continue
            target = node_of(kind)
            if is_map:
                nodes.add(f"entry_of_{target}")
                rows.add((f"entry_of_{target}", 2, target))
                target = f"entry_of_{target}"
            rows.add((node_of(name), number, target))
            todo.append(kind)
    order = ["none", "payload", "any"] + sorted(nodes - {"payload", "any"})
    return order, rows, context, inputs


def wrapped(words, indent):
    lines, line = [], indent
    for word in words:
        if len(line) + len(word) + 1 > 118:
            lines.append(line.rstrip())
            line = indent
        line += word + " "
    return lines + [line.rstrip()]


def text():
    messages, methods = read_protos()
    order, rows, context, inputs = table(messages, methods)
    known = set(order)
    place = {name: index for index, name in enumerate(order)}

    def node(name):
        return node_of(name) if node_of(name) in known else "none"

    out = ["#pragma once", "#include <cstdint>", "#include <string>", "#include <string_view>", "",
           "#include \"rondo/codec.hpp\"", "",
           "// Written by scripts/payload_fields.py from the .proto files. NOLINTBEGIN(readability-identifier-naming)",
           "// clang-format off",
           "namespace rondo::detail::data {", "",
           "/// The messages that hold payloads, and what holds such messages.", "enum class node : std::uint16_t {"]
    out += wrapped([f"{name}," for name in order], "  ")
    out += ["};  // NOLINTEND(readability-identifier-naming)", "",
            "/// A field of a message that is, or holds, payloads.",
            "struct payload_field { node message; std::uint16_t number; node type; };",
            "/// Sorted by message and number.", "inline constexpr payload_field payload_fields[] = {"]
    ordered = sorted(rows, key=lambda row: (place[row[0]], row[1]))
    out += wrapped([f"{{node::{a},{number},node::{b}}}," for a, number, b in ordered], "  ")
    out += ["};", "", "/// A field that says whose payloads a message holds: itself, or the text with a number in it; 101 is 1 in 1.",
            "struct context_field { node message; std::uint16_t number, inner; std::string serialization_context::*part; };",
            "/// Sorted by message and number.", "inline constexpr context_field context_fields[] = {"]
    ordered = sorted(context, key=lambda row: (place[row[0]], row[1], row[2]))
    out += wrapped([f"{{node::{a},{number},{inner},&serialization_context::{part}}}," for a, number, inner, part in ordered],
                   "  ")
    out += ["};", "", "/// A field that is the input of a Nexus operation.",
            "struct operation_input { node message; std::uint16_t number; };",
            "/// Sorted by message and number.", "inline constexpr operation_input operation_inputs[] = {"]
    ordered = sorted(inputs, key=lambda row: (place[row[0]], row[1]))
    out += wrapped([f"{{node::{a},{number}}}," for a, number in ordered], "  ")
    out += ["};", "", "/// What a method sends and gets.",
            "struct method_messages { std::string_view name; node request, response; };",
            "inline constexpr method_messages methods[] = {"]
    out += [f"  {{\"{name}\", node::{node(request)}, node::{node(response)}}},"
            for name, (request, response) in sorted(methods.items()) if node(request) != "none" or node(response) != "none"]
    out += ["};", "", "/// What travels in google.protobuf.Any, by its full name.",
            "struct any_message { std::string_view name; node message; };", "inline constexpr any_message any_messages[] = {"]
    out += [f"  {{\"{name}\", node::{node(name)}}}," for name in IN_ANY]
    out += ["};", "", "}  // namespace rondo::detail::data", ""]
    return "\n".join(out)


def main():
    wanted = text()
    if sys.argv[1:] == ["--check"]:
        if HEADER.read_text(encoding="utf-8") == wanted:
            return 0
        print(f"{HEADER.relative_to(PROJECT)} is out of date: run scripts/payload_fields.py")
        return 1
    HEADER.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
