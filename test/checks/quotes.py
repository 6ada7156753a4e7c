#!/usr/bin/env python3
"""Checks that C++ in the documentation stands word for word in a compiled file: quotes.py FILE...

Every cpp block follows a line that names its file, `<!-- from examples/hello/main.cpp -->`. Indentation may differ; a
line with three dots alone leaves lines out.
"""

import pathlib
import re
import sys

PROJECT = pathlib.Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"(?:<!-- from (?P<path>\S+) -->\n+)?```cpp\n(?P<code>.*?)```", re.DOTALL)


def lines_of(text):
    return [line.strip() for line in text.strip("\n").split("\n")]


def find(piece, lines, start):
    """The first place at or after `start` where `piece` stands, or None."""
    for at in range(start, len(lines) - len(piece) + 1):
        if lines[at : at + len(piece)] == piece:
            return at
    return None


def pieces_of(code):
    """The block, cut where it leaves lines out."""
    piece = []
    for line in lines_of(code):
        if line == "...":
            yield piece
            piece = []
        else:
            piece.append(line)
    yield piece


def faults_of(document, read):
    """What is wrong with the quotes of a document; `read` gives the text of a named file or None."""
    for block in BLOCK.finditer(document):
        first = lines_of(block["code"])[0]
        if block["path"] is None:
            yield f"the block that begins with '{first}' names no file"
            continue
        source = read(block["path"])
        if source is None:
            yield f"there is no {block['path']}"
            continue
        start = 0
        for piece in pieces_of(block["code"]):
            found = find(piece, lines_of(source), start)
            if found is None:
                yield f"{block['path']} does not hold what is quoted from '{piece[0] if piece else ''}' on"
                break
            start = found + len(piece)


def read_file(path):
    file = PROJECT / path
    return file.read_text() if file.is_file() else None


if __name__ == "__main__":
    failed = False
    for name in sys.argv[1:]:
        for fault in faults_of(pathlib.Path(name).read_text(), read_file):
            print(f"{name}: {fault}")
            failed = True
    sys.exit(failed)
