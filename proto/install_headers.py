#!/usr/bin/env python3
"""Installs the generated headers from a Meson build: install_headers.py GENERATED_DIR DESTINATION (below the prefix).

The folders of the libraries beside it, `lite` and `cloud`, are left out."""

import os
import pathlib
import shutil
import sys

source = pathlib.Path(sys.argv[1])
destination = pathlib.Path(os.environ["MESON_INSTALL_DESTDIR_PREFIX"]) / sys.argv[2]
for header in sorted(source.rglob("*.pb.h")):
    name = header.relative_to(source)
    if name.parts[0] in ("lite", "cloud"):
        continue
    target = destination / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(header, target)
