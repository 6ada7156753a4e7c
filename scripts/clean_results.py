"""Remembers the sources in which a check found nothing, so that it looks again only at those that have changed.

What is remembered is the content of every file that was read, as the compiler tells it. Nothing is remembered, and all is
looked at, unless RONDO_CLEAN_RESULTS names a folder for it.
"""

import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

PROJECT = pathlib.Path(__file__).resolve().parent.parent


class CleanResults:
    """What is known of one check. `check` is all that decides what it finds, but for the files: tool, version, rules and
    the text of the script."""

    def __init__(self, *check, folder=None, project=PROJECT):
        folder = folder or os.environ.get("RONDO_CLEAN_RESULTS")
        self.folder = pathlib.Path(folder) if folder else None
        self.project = project
        self.check = check

    def known(self, *what):
        """Whether the check found nothing in `what` (names, flags) when all files were as they are now."""
        if not self.folder:
            return False
        note = self._note(what)
        try:
            files = json.loads(note.read_text(encoding="utf-8"))
            same = bool(files) and all(self._digest(path) == digest for path, digest in files.items())
        except (OSError, ValueError):
            return False
        if same:
            note.touch()
        return same

    def remember(self, files, *what):
        """The check has found nothing in `what`, and has read these files. None at all are taken for a mistake."""
        if not self.folder or not files:
            return
        inside = {self._inside(pathlib.Path(os.path.abspath(path))) for path in files}
        note = self._note(what)
        note.parent.mkdir(parents=True, exist_ok=True)
        # Whole or not at all, whoever writes the same at once.
        part = note.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps({path: self._digest(path) for path in sorted(inside)}), encoding="utf-8")
        part.replace(note)

    def look_through(self, build, entries, look):
        """What look(source) finds in each source, on all cores at once. `entries`: what the compile_commands.json of the
        build says of each. None stands for a source that is known to have nothing."""
        built = files_read(build) if self.folder else {}

        def look_if_changed(source):
            entry = entries[source]
            # In a list of arguments, or in one command.
            how = entry.get("command") or "\0".join(entry["arguments"])
            if self.known(source, how):
                return None
            found = look(source)
            if not found and self.folder:
                self.remember(files_of(entry, built), source, how)
            return found

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(look_if_changed, entries))

    def _note(self, what):
        text = "\0".join(str(part).replace(str(self.project), ".") for part in (*self.check, *what))
        return self.folder / (hashlib.sha256(text.encode()).hexdigest() + ".json")

    def _inside(self, path):
        """Files of the project have the same name wherever it lies."""
        return str(path.relative_to(self.project)) if path.is_relative_to(self.project) else str(path)

    def _digest(self, path):
        return digest(self.project / path)


@functools.cache
def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@functools.cache
def changed_at(path):
    """In nanoseconds; a file that is gone counts as changed after all others."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return sys.maxsize


@functools.cache
def version_of(tool):
    return subprocess.run([tool, "--version"], capture_output=True, text=True, check=True).stdout


def files_read(build):
    """For each object file of a build with Ninja, all files that its compiler read, as long as they are still the same.
    Empty when there is no such build."""
    try:
        told = subprocess.run(["ninja", "-C", str(build), "-t", "deps"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return {}
    files = {}
    for block in told.split("\n\n"):
        head, *paths = block.splitlines() or [""]
        output = re.match(r"(.+): #deps \d+, deps mtime (\d+) \(VALID\)$", head)
        # A precompiled header differs between folders; what it was made of is in the list too.
        read = [os.path.join(build, path.strip()) for path in paths if not path.endswith((".pch", ".gch"))]
        if output and all(changed_at(path) <= int(output[2]) for path in read):
            files[output[1]] = read
    return files


def files_of(entry, built):
    """All files that are read for an entry of compile_commands.json, by files_read() or, for what is not built, by its
    compiler. Empty when neither can tell."""
    words = list(entry.get("arguments") or shlex.split(entry["command"]))
    if "-o" in words:
        place = words.index("-o")
        _, output = words[place:place + 2]
        if output in built:
            return built[output]
        del words[place:place + 2]
    command = [word for word in words if word != "-c"]
    rule = subprocess.run([*command, "-M"], cwd=entry["directory"], capture_output=True, text=True, check=False)
    if rule.returncode != 0:
        return []
    return [os.path.join(entry["directory"], file) for file in files_in_rule(rule.stdout)]


def files_in_rule(rule):
    """The files that a rule for make depends on, as compilers write it."""
    names = re.split(r"(?<!\\)\s+", rule.replace("\\\n", " ").partition(":")[2])
    return [name.replace("\\ ", " ") for name in names if name and not name.endswith((".pch", ".gch"))]
