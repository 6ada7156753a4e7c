#!/usr/bin/env python3
"""Prints the files that match patterns, sorted, relative to a folder: glob.py FOLDER PATTERN... (for Meson)."""

import pathlib
import sys

folder = pathlib.Path(sys.argv[1])
for path in sorted({path for pattern in sys.argv[2:] for path in folder.glob(pattern)}):
    print(path.relative_to(folder))
