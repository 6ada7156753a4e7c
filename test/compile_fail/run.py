#!/usr/bin/env python3
"""Compiles one file that must not compile, and looks for the promised words in what the compiler says.

    run.py FILE COMPILER FLAG...

The file's first line is `// expect: <text>` (fails, and the text stands in the output) or `// expect-ok` (compiles:
shows that the other cases fail for their own reason).
"""

import pathlib
import subprocess
import sys

EXPECT, EXPECT_OK = "// expect: ", "// expect-ok"


def judge(first_line, returncode, output):
    """None when the outcome is the expected one, else what is wrong."""
    if first_line == EXPECT_OK:
        return None if returncode == 0 else "should compile, but does not"
    if not first_line.startswith(EXPECT):
        return f"the first line must start with '{EXPECT}' or be '{EXPECT_OK}'"
    text = first_line.removeprefix(EXPECT)
    if returncode == 0:
        return f"compiles, but should fail with: {text}"
    # Quotation marks and line breaks differ between compilers.
    plain = " ".join(output.replace("‘", "'").replace("’", "'").split())
    return None if text in plain else f"fails, but without the words: {text}"


def main():
    source, compiler, *flags = sys.argv[1:]
    lines = pathlib.Path(source).read_text(encoding="utf-8").splitlines()
    command = [compiler, *flags, "-fsyntax-only", source]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wrong = judge(lines[0].strip() if lines else "", done.returncode, done.stdout + done.stderr)
    if wrong:
        print(f"{source}: {wrong}\n{done.stdout}{done.stderr}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
