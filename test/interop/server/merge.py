#!/usr/bin/env python3
"""merge.py DOCUMENT AGAIN: puts the scenarios of a later run into the document in place of the earlier ones."""

import json
import sys
from pathlib import Path

target, again = map(Path, sys.argv[1:3])
document, later = json.loads(target.read_text()), json.loads(again.read_text())
for name, report in later["scenarios"].items():
    document["scenarios"][name] = {**report, "token": later["token"]}
target.write_text(json.dumps(document, indent=1))
