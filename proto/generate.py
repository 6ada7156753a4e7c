#!/usr/bin/env python3
"""Makes the C++ of the wire protocol: runs protoc over proto/ and mends what it makes of keywords.

    generate.py PROTOC SOURCE_DIR OUTPUT_DIR [--flat MARKER] [--lite] [--import DIR] FILE.proto...

protoc 3.21 writes `namespace namespace {` for the package temporal.api.namespace.v1; such C++ names get an underscore
at their end (`temporal::api::namespace_::v1`), the names on the wire stay. Headers with a field called `linux` take away
the macro of that name, which compilers define unless they are told to keep to the standard. With --flat, for build systems whose outputs
cannot lie in subfolders, OUTPUT_DIR also gets one flat source for each file (a/b.proto -> a_b_proto.cc) and the header
MARKER, on which users of the generated headers depend. With --lite, the messages need protobuf's lite runtime only, and
come with lite versions of protobuf's own messages that they use. With --import, the files may import those below DIR,
which are not generated.
"""

import argparse
import pathlib
import re
import subprocess
import sys

KEYWORDS = "namespace|export"
REPAIRS = [
    (re.compile(rf"\bnamespace ({KEYWORDS}) \{{"), r"namespace \1_ {"),
    (re.compile(rf"::({KEYWORDS})::"), r"::\1_::"),
]


# What the wire protocol uses of protobuf's own messages.
OF_PROTOBUF = [f"google/protobuf/{name}.proto"
               for name in ("any", "duration", "empty", "field_mask", "timestamp", "wrappers")]

# Names that are macros in gcc's and clang's own dialects.
MACROS = ["linux"]


def mend(path):
    text = path.read_text(encoding="utf-8")
    mended = text
    for pattern, replacement in REPAIRS:
        mended = pattern.sub(replacement, mended)
    for macro in MACROS:
        if path.suffix == ".h" and re.search(rf"\b{macro}\b", mended):
            before = f'#pragma push_macro("{macro}")\n#undef {macro}\n'
            mended = f'{before}{mended}#pragma pop_macro("{macro}")\n'
    if mended != text:
        path.write_text(mended, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("protoc")
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--flat", metavar="MARKER")
    parser.add_argument("--lite", action="store_true")
    parser.add_argument("--import", dest="imports", type=pathlib.Path, default=[], action="append", metavar="DIR")
    arguments = parser.parse_args()

    arguments.output.mkdir(parents=True, exist_ok=True)
    if arguments.lite:
        arguments.files += OF_PROTOBUF
    output = f"--cpp_out={'lite:' if arguments.lite else ''}{arguments.output}"
    folders = [part for folder in (arguments.source, *arguments.imports) for part in ("-I", folder)]
    command = [arguments.protoc, *folders, output, *arguments.files]
    failed = subprocess.run(command, check=False).returncode
    if failed:
        return failed
    for name in arguments.files:
        stem = name.removesuffix(".proto")
        mend(arguments.output / f"{stem}.pb.h")
        mend(arguments.output / f"{stem}.pb.cc")
        if arguments.flat:
            flat = arguments.output / (re.sub(r"[^A-Za-z0-9]", "_", name) + ".cc")
            flat.write_text(f'#include "{stem}.pb.cc"\n', encoding="utf-8")
    if arguments.flat:
        (arguments.output / arguments.flat).write_text("#pragma once\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
