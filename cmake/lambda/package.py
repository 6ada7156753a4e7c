#!/usr/bin/env python3
"""Makes the zip file of a Lambda function: the program as `bootstrap`, and files beside it.

    package.py PROGRAM OUTPUT.zip [--objdump OBJDUMP] [--strip STRIP] [--advzip ADVZIP] [FILE...]

With advzip the file gets some 3 % smaller, and takes some 15 s longer. Fails when the program needs what Amazon Linux 2023 does not have. Equal inputs make equal zip files.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

NEWEST_GLIBC = (2, 34)
LIBRARIES_THERE = re.compile(r"(libc|libm|libdl|libpthread|librt|libresolv|ld-linux-[a-z0-9-]+)\.so\.\d+")
# The first day that a zip file can tell.
DAY = (1980, 1, 1, 0, 0, 0)


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def faults_of(program, objdump):
    """What the program needs and Amazon Linux 2023 does not have, each as a sentence."""
    for library in re.findall(r"^\s*NEEDED\s+(\S+)", run(objdump, "-p", program), re.MULTILINE):
        if not LIBRARIES_THERE.fullmatch(library):
            yield f"it needs {library}: link it statically"
    too_new = {}
    for version, symbol in re.findall(r"GLIBC_([0-9.]+)\)?\s+(\S+)$", run(objdump, "-T", program), re.MULTILINE):
        if tuple(map(int, version.split("."))) > NEWEST_GLIBC:
            too_new.setdefault(version, []).append(symbol)
    for version, symbols in sorted(too_new.items()):
        yield f"it needs glibc {version} for {', '.join(sorted(symbols))}; there, it is 2.34"


def add(archive, name, content, mode):
    entry = zipfile.ZipInfo(name, DAY)
    entry.create_system = 3  # Unix
    entry.external_attr = (0o100000 | mode) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content, compresslevel=9)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--objdump", default="objdump")
    parser.add_argument("--strip", default="strip")
    parser.add_argument("--advzip")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    arguments = parser.parse_intermixed_args()
    faults = list(faults_of(arguments.program, arguments.objdump))
    if faults:
        print(f"{arguments.program} does not run on Amazon Linux 2023:", *faults, sep="\n  ", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        bootstrap = pathlib.Path(folder) / "bootstrap"
        run(arguments.strip, "--strip-all", "-o", str(bootstrap), arguments.program)
        written = pathlib.Path(folder) / "all.zip"
        with zipfile.ZipFile(written, "w") as archive:
            add(archive, "bootstrap", bootstrap.read_bytes(), 0o755)
            for file in sorted(arguments.files, key=lambda file: file.name):
                add(archive, file.name, file.read_bytes(), 0o755 if os.access(file, os.X_OK) else 0o644)
        if arguments.advzip:
            run(arguments.advzip, "--recompress", "--shrink-extra", "--quiet", str(written))
        arguments.output.write_bytes(written.read_bytes())
    return 0


if __name__ == "__main__":
    sys.exit(main())
