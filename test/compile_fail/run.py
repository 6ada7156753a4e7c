#!/usr/bin/env python3
"""Compiles one file that must not compile, and looks for the promised words in what the compiler says.

    run.py FILE COMPILER FLAG...

The file's first line is `// expect: <text>` (fails, and the text stands in the output) or `// expect-ok` (compiles:
shows that the other cases fail for their own reason). `// expect-gcc12: <text>` fails with gcc before 13, whose code for
such a file would be wrong, and compiles with every other compiler.
"""

import pathlib
import subprocess
import sys

EXPECT, EXPECT_OK, EXPECT_GCC12 = "// expect: ", "// expect-ok", "// expect-gcc12: "


def judge(first_line, returncode, output):
    """None when the outcome is the expected one, else what is wrong."""
    if first_line == EXPECT_OK:
        return None if returncode == 0 else "should compile, but does not"
    if not first_line.startswith(EXPECT):
        return f"the first line must start with '{EXPECT}' or '{EXPECT_GCC12}' or be '{EXPECT_OK}'"
    text = first_line.removeprefix(EXPECT)
    if returncode == 0:
        return f"compiles, but should fail with: {text}"
    # Quotation marks and line breaks differ between compilers.
    plain = " ".join(output.replace("‘", "'").replace("’", "'").split())
    return None if text in plain else f"fails, but without the words: {text}"


def for_compiler(first_line, macros):
    """The expectation that holds for a compiler with these predefined macros."""
    if not first_line.startswith(EXPECT_GCC12):
        return first_line
    old_gcc = "__clang__" not in macros and int(macros.get("__GNUC__", "99")) < 13
    return EXPECT + first_line.removeprefix(EXPECT_GCC12) if old_gcc else EXPECT_OK


def predefined(compiler):
    done = subprocess.run([compiler, "-dM", "-E", "-x", "c++", "-"], input="", capture_output=True, text=True, check=True)
    return dict((line.split(maxsplit=2)[1:] + [""])[:2] for line in done.stdout.splitlines())


def is_gcc12(compiler):
    command = [compiler, "-dM", "-E", "-x", "c++", "/dev/null"]
    defined = dict(line.split(maxsplit=2)[1:] for line in subprocess.check_output(command, text=True).splitlines()
                   if len(line.split(maxsplit=2)) == 3)
    return "__clang__" not in defined and int(defined.get("__GNUC__", 99)) <= 12


def main():
    source, compiler, *flags = sys.argv[1:]
    lines = pathlib.Path(source).read_text(encoding="utf-8").splitlines()
    command = [compiler, *flags, "-fsyntax-only", source]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    first_line = for_compiler(lines[0].strip() if lines else "", predefined(compiler))
    wrong = judge(first_line, done.returncode, done.stdout + done.stderr)
    if wrong:
        print(f"{source}: {wrong}\n{done.stdout}{done.stderr}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
