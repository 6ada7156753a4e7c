#!/usr/bin/env python3
"""Derives proto/ from the official descriptors: the closure of the messages that our RPCs need. And proto/cloud/, with
the messages of Temporal Cloud's own service that are not in the rest of proto/.

    sync_protos.py            write proto/**/*.proto from proto/rpcs.txt and proto/messages.txt, and the same for proto/cloud/
    sync_protos.py --check    compare what is written with the official descriptors; exit 1 on any difference

The descriptors are those that the Python packages of scripts/requirements.txt carry; run with an interpreter that has
them installed. The packages' modules are read, not imported.
"""

import argparse
import ast
import pathlib
import subprocess
import sys
import sysconfig
import tempfile

from google.protobuf import descriptor_pb2 as pb

PROJECT = pathlib.Path(__file__).resolve().parent.parent
PROTO = PROJECT / "proto"
CLOUD = PROTO / "cloud"
WELL_KNOWN = "google/protobuf/"  # protoc brings these itself
DERIVED = ("temporal", "google")
DEFAULT_SERVICE = "WorkflowService"

Field = pb.FieldDescriptorProto
SCALARS = {value: name[len("TYPE_"):].lower() for name, value in Field.Type.items()}


class SyncError(Exception):
    """What the lists or the descriptors lack, in words for the terminal."""


# ---------------------------------------------------------------------------------------------- official descriptors


def serialized_descriptor(module):
    """The serialized FileDescriptorProto inside a generated Python module, without importing the module."""
    text = module.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "AddSerializedFile":
            return ast.literal_eval(node.args[0])
    return None


def official_files():
    packages = pathlib.Path(sysconfig.get_paths()["purelib"])
    folders = [packages / "temporalio" / "api", packages / "google" / "rpc", packages / "google" / "protobuf"]
    files = {}
    for folder in folders:
        modules = sorted(folder.rglob("*_pb2.py"))
        if not modules:
            raise SyncError(f"no descriptors under {folder}: install scripts/requirements.txt for this interpreter")
        for module in modules:
            data = serialized_descriptor(module)
            if data is not None:
                file = pb.FileDescriptorProto.FromString(data)
                files[file.name] = file
    return files


def derived_files(tree):
    """The files that this script writes; other folders of proto/ hold what the official packages do not carry."""
    return sorted(str(path.relative_to(tree)) for top in DERIVED for path in (tree / top).rglob("*.proto"))


class Index:
    """Messages, enums and services of a set of files, by full name."""

    def __init__(self, files):
        self.files = files
        self.messages, self.enums, self.services = {}, {}, {}
        self.file_of, self.parent_of = {}, {}
        for file in files.values():
            for message in file.message_type:
                self._add_message(file, message, file.package, None)
            for enum in file.enum_type:
                self._add_enum(file, enum, file.package, None)
            for service in file.service:
                name = f"{file.package}.{service.name}"
                self.services[name] = service
                self.file_of[name] = file

    def _add_message(self, file, message, scope, parent):
        name = f"{scope}.{message.name}"
        self.messages[name] = message
        self.file_of[name], self.parent_of[name] = file, parent
        for nested in message.nested_type:
            self._add_message(file, nested, name, name)
        for enum in message.enum_type:
            self._add_enum(file, enum, name, name)

    def _add_enum(self, file, enum, scope, parent):
        name = f"{scope}.{enum.name}"
        self.enums[name] = enum
        self.file_of[name], self.parent_of[name] = file, parent


def list_entries(path):
    if not path.exists():
        return []
    lines = (line.split("#", 1)[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def find_methods(index, tree=None):
    """The listed RPCs: {full service name: [method, ...]} in the official order. "Service.*" are all of a service."""
    tree = tree or PROTO
    by_short_name = {name.rsplit(".", 1)[1]: name for name in index.services if name.startswith("temporal.api.")}
    wanted = {}
    for entry in list_entries(tree / "rpcs.txt"):
        service, _, method = entry.rpartition(".")
        full_name = by_short_name.get(service or DEFAULT_SERVICE)
        if full_name is not None and method == "*":
            wanted[full_name] = {each.name for each in index.services[full_name].method}
            continue
        if full_name is None or all(m.name != method for m in index.services[full_name].method):
            raise SyncError(f"rpcs.txt: there is no RPC {entry}")
        wanted.setdefault(full_name, set()).add(method)
    return {name: [m for m in index.services[name].method if m.name in methods] for name, methods in wanted.items()}


def closure(index, methods, tree=None):
    """Full names of every message and enum that the lists reach; a nested type brings the message around it."""
    tree = tree or PROTO
    todo = [t.lstrip(".") for found in methods.values() for m in found for t in (m.input_type, m.output_type)]
    for entry in list_entries(tree / "messages.txt"):
        if entry.endswith(".proto"):
            if entry not in index.files:
                raise SyncError(f"messages.txt: there is no file {entry}")
            file = index.files[entry]
            todo += [f"{file.package}.{message.name}" for message in file.message_type]
        elif entry in index.messages:
            todo.append(entry)
        else:
            raise SyncError(f"messages.txt: there is no message {entry}")
    needed = set()
    while todo:
        name = todo.pop()
        if name in needed or index.file_of[name].name.startswith(WELL_KNOWN):
            continue
        needed.add(name)
        if index.parent_of[name]:
            todo.append(index.parent_of[name])
        if name in index.messages:
            todo += [f.type_name.lstrip(".") for f in index.messages[name].field if f.type_name]
    return needed


# ------------------------------------------------------------------------------------------------- writing .proto


class Writer:
    """Writes one trimmed .proto file."""

    def __init__(self, index, needed, methods, file):
        self.index, self.needed, self.methods, self.file = index, needed, methods, file
        self.lines, self.imports = [], set()

    def text(self):
        body = self._body()
        head = ['syntax = "proto3";', "", f"package {self.file.package};", ""]
        if self.imports:
            head += [f'import "{name}";' for name in sorted(self.imports)] + [""]
        return "\n".join(head + body).rstrip("\n") + "\n"

    def _body(self):
        package = self.file.package
        for name in self.index.services:
            if self.index.file_of[name] is self.file and name in self.methods:
                self._service(name)
        for enum in self.file.enum_type:
            if f"{package}.{enum.name}" in self.needed:
                self._enum(enum, "")
        for message in self.file.message_type:
            if f"{package}.{message.name}" in self.needed:
                self._message(message, f"{package}.{message.name}", "")
        return self.lines

    def _service(self, name):
        self.lines.append(f"service {self.index.services[name].name} {{")
        for method in self.methods[name]:
            request, response = self._type_name(method.input_type), self._type_name(method.output_type)
            self.lines.append(f"  rpc {method.name}({request}) returns ({response});")
        self.lines += ["}", ""]

    def _enum(self, enum, indent):
        self.lines.append(f"{indent}enum {enum.name} {{")
        if enum.options.allow_alias:
            self.lines.append(f"{indent}  option allow_alias = true;")
        for value in enum.value:
            self.lines.append(f"{indent}  {value.name} = {value.number};{deprecated(value)}")
        self._reserved(enum, indent, inclusive=True)
        self.lines += [f"{indent}}}", ""]

    def _message(self, message, full_name, indent):
        self.lines.append(f"{indent}message {message.name} {{")
        inner = indent + "  "
        for enum in message.enum_type:
            if f"{full_name}.{enum.name}" in self.needed:
                self._enum(enum, inner)
        for nested in message.nested_type:
            if f"{full_name}.{nested.name}" in self.needed and not nested.options.map_entry:
                self._message(nested, f"{full_name}.{nested.name}", inner)
        self._reserved(message, indent, inclusive=False)
        self._fields(message, inner)
        if self.lines[-1] == "":
            self.lines.pop()
        self.lines += [f"{indent}}}", ""]

    def _fields(self, message, indent):
        open_oneof = None
        for field in message.field:
            oneof = field.oneof_index if field.HasField("oneof_index") and not field.proto3_optional else None
            if oneof != open_oneof and open_oneof is not None:
                self.lines.append(f"{indent}}}")
            if oneof != open_oneof and oneof is not None:
                self.lines.append(f"{indent}oneof {message.oneof_decl[oneof].name} {{")
            open_oneof = oneof
            self._field(field, indent + ("  " if oneof is not None else ""))
        if open_oneof is not None:
            self.lines.append(f"{indent}}}")

    def _field(self, field, indent):
        entry = self.index.messages.get(field.type_name.lstrip(".")) if field.type == Field.TYPE_MESSAGE else None
        if entry is not None and entry.options.map_entry:
            key, value = entry.field
            kind = f"map<{self._field_type(key)}, {self._field_type(value)}>"
        else:
            kind = self._field_type(field)
            if field.label == Field.LABEL_REPEATED:
                kind = f"repeated {kind}"
            elif field.proto3_optional:
                kind = f"optional {kind}"
        self.lines.append(f"{indent}{kind} {field.name} = {field.number};{deprecated(field)}")

    def _field_type(self, field):
        return self._type_name(field.type_name) if field.type_name else SCALARS[field.type]

    def _type_name(self, type_name):
        name = type_name.lstrip(".")
        file = self.index.file_of[name]
        if file is not self.file:
            self.imports.add(file.name)
        return name[len(file.package) + 1:] if file.package == self.file.package else name

    def _reserved(self, holder, indent, inclusive):
        ranges = []
        for span in holder.reserved_range:
            last = span.end if inclusive else span.end - 1
            ranges.append(str(span.start) if last == span.start else f"{span.start} to {last}")
        if ranges:
            self.lines.append(f"{indent}  reserved {', '.join(ranges)};")
        if holder.reserved_name:
            names = ", ".join(f'"{name}"' for name in holder.reserved_name)
            self.lines.append(f"{indent}  reserved {names};")


def deprecated(item):
    return "  // deprecated" if item.options.deprecated else ""


def beyond(index, needed):
    """What proto/cloud/ holds: what its RPCs reach and proto/ does not have."""
    there = closure(index, find_methods(index))
    rest = needed - there
    for name in sorted(rest):
        if any(index.file_of[name] is index.file_of[other] for other in there):
            raise SyncError(f"proto/cloud: {name} belongs into a file of proto/: name it in proto/messages.txt")
    return rest


def write_all(index, needed, methods, tree=None):
    tree = tree or PROTO
    names = {index.file_of[name].name for name in needed} | {index.file_of[name].name for name in methods}
    for old in derived_files(tree):
        if old not in names:
            (tree / old).unlink()
    for name in sorted(names):
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Writer(index, needed, methods, index.files[name]).text(), encoding="utf-8")
    print(f"{tree.name}/: {len(names)} files, {len(needed)} messages and enums")


# ----------------------------------------------------------------------------------------------------- checking


def compiled_files(protoc, tree=None):
    """What protoc makes of the files of a tree, by file name."""
    tree = tree or PROTO
    names = derived_files(tree)
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder) / "set"
        command = [protoc, "-I", str(tree), "-I", str(PROTO), "--include_imports", "--descriptor_set_out", str(output)]
        subprocess.run([*command, *names], check=True)
        files = {file.name: file for file in pb.FileDescriptorSet.FromString(output.read_bytes()).file}
        return {name: file for name, file in files.items() if tree == PROTO or name in names}


def field_facts(message):
    """Everything about the fields that shows on the wire, in JSON or in generated code."""
    facts = {}
    for field in message.field:
        oneof = message.oneof_decl[field.oneof_index].name if field.HasField("oneof_index") else ""
        facts[field.number] = {
            "name": field.name,
            "type": Field.Type.Name(field.type)[len("TYPE_"):].lower(),
            "label": Field.Label.Name(field.label)[len("LABEL_"):].lower(),
            "type name": field.type_name,
            "oneof": oneof,
            "optional": field.proto3_optional,
            "json name": field.json_name or json_name(field.name),
        }
    return facts


def json_name(name):
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def compare_tables(where, what, ours, theirs):
    for number in sorted(ours.keys() | theirs.keys()):
        if number not in theirs:
            yield f"{where}: {what} {number} ({ours[number]}) is not official"
        elif number not in ours:
            yield f"{where}: {what} {number} ({theirs[number]}) is missing"
        elif ours[number] != theirs[number]:
            yield f"{where}: {what} {number} is {ours[number]}, officially {theirs[number]}"


def compare_message(name, ours, theirs):
    our_fields, their_fields = field_facts(ours), field_facts(theirs)
    for number in sorted(our_fields.keys() | their_fields.keys()):
        if number not in their_fields:
            yield f"{name}: field {number} ({our_fields[number]['name']}) is not official"
        elif number not in our_fields:
            yield f"{name}: field {number} ({their_fields[number]['name']}) is missing"
        else:
            for fact, value in our_fields[number].items():
                if value != their_fields[number][fact]:
                    yield f"{name}: field {number}: {fact} is {value}, officially {their_fields[number][fact]}"
    if ours.options.map_entry != theirs.options.map_entry:
        yield f"{name}: a map entry on one side only"


def enum_values(enum):
    values = {}
    for value in enum.value:
        values.setdefault(value.number, []).append(value.name)
    return values


def compare_services(ours, index, methods):
    for name in sorted(ours.services.keys() | methods.keys()):
        mine = {m.name: (m.input_type, m.output_type) for m in ours.services[name].method} if name in ours.services else {}
        official = {m.name: (m.input_type, m.output_type) for m in methods.get(name, [])}
        yield from compare_tables(name, "rpc", mine, official)


def differences(index, needed, methods, ours):
    for kind, mine, official in (("message", ours.messages, index.messages), ("enum", ours.enums, index.enums)):
        written = {name for name in mine if not ours.file_of[name].name.startswith(WELL_KNOWN)}
        wanted = {name for name in needed if name in official}
        for name in sorted(wanted - written):
            yield f"{name}: {kind} is missing"
        for name in sorted(written - wanted):
            yield f"{name}: {kind} is {'not needed' if name in official else 'not official'}"
        for name in sorted(written & wanted):
            if ours.file_of[name].name != index.file_of[name].name:
                yield f"{name}: stands in {ours.file_of[name].name}, officially in {index.file_of[name].name}"
            if kind == "message":
                yield from compare_message(name, mine[name], official[name])
            else:
                yield from compare_tables(name, "value", enum_values(mine[name]), enum_values(official[name]))
    yield from compare_services(ours, index, methods)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--check", action="store_true", help="compare instead of write")
    parser.add_argument("--protoc", default="protoc")
    arguments = parser.parse_args()
    try:
        index = Index(official_files())
        wanted = {PROTO: find_methods(index), CLOUD: find_methods(index, CLOUD)}
        found = 0
        for tree, methods in wanted.items():
            needed = closure(index, methods, tree)
            if tree == CLOUD:
                needed = beyond(index, needed)
            if not arguments.check:
                write_all(index, needed, methods, tree)
                continue
            faults = list(differences(index, needed, methods, Index(compiled_files(arguments.protoc, tree))))
            for line in faults:
                print(line, file=sys.stderr)
            print(f"{tree.name}/: {len(needed)} messages and enums compared, {len(faults)} differences")
            found += len(faults)
    except SyncError as error:
        print(f"sync_protos: {error}", file=sys.stderr)
        return 2
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
