#!/usr/bin/env python3
"""Installs the generated headers from a Meson build: install_headers.py GENERATED_DIR DESTINATION (below the prefix)."""

import os
import pathlib
import shutil
import sys

source = pathlib.Path(sys.argv[1])
destination = pathlib.Path(os.environ["MESON_INSTALL_DESTDIR_PREFIX"]) / sys.argv[2]
for header in sorted(source.rglob("*.pb.h")):
    target = destination / header.relative_to(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(header, target)
