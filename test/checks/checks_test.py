#!/usr/bin/env python3
"""Shows that the project's own checks find what they look for. Needs nothing but Python."""

import importlib.machinery
import importlib.util
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

PROJECT = pathlib.Path(__file__).resolve().parents[2]


def load(path):
    # The loader is named since programs have no suffix.
    loader = importlib.machinery.SourceFileLoader(pathlib.Path(path).stem, str(PROJECT / path))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


sys.path.insert(0, str(PROJECT / "scripts"))
clean_results = importlib.import_module("clean_results")
layers = load("test/checks/layers.py")
headers_alone = load("test/checks/headers_alone.py")
compile_fail = load("test/compile_fail/run.py")
quotes = load("test/checks/quotes.py")
package = load("cmake/lambda/package.py")
features = load("scripts/check_features")


class HeadersAlone(unittest.TestCase):
    def test_counts_on_no_include_that_depends_on_a_macro(self):
        text = "#include <a>\n#ifdef X\n#include <b>\n#if Y\n#endif\n#include <c>\n#endif\n#  include \"d.hpp\"\n"
        self.assertEqual(list(headers_alone.includes_in(text)), ["a", "d.hpp"])

    def test_follows_headers_but_not_into_their_bodies(self):
        headers = {
            "rondo/a.hpp": "#include <rondo/b.hpp>\n#include <string>\n",
            "rondo/b.hpp": "#include <vector>\n#include <rondo/impl/b.hpp>\n",
            "rondo/impl/b.hpp": "#include <rondo/b.hpp>\n#include <map>\n",
        }
        includes = headers_alone.all_includes(headers)
        self.assertEqual(includes["rondo/a.hpp"], {"rondo/b.hpp", "string", "vector"})
        self.assertEqual(includes["rondo/impl/b.hpp"], {"rondo/b.hpp", "vector", "map"})

    def test_precompiles_nothing_that_a_header_does_not_include(self):
        costly = {"grpcpp/grpcpp.h", "string"}
        includes = {"rondo/costly.hpp": frozenset(costly)}
        for number in range(9):
            includes[f"rondo/with_{number}.hpp"] = frozenset(costly | {"rondo/costly.hpp", f"n{number}"})
        includes |= {f"rondo/without_{number}.hpp": frozenset({"string"}) for number in range(9)}
        chosen = headers_alone.combinations_for(includes, set())
        for path, names in chosen.items():
            self.assertLessEqual(names, includes[path])
        self.assertTrue(any("grpcpp/grpcpp.h" in names for names in chosen.values()), "nothing is saved")

    def test_reads_no_caller_after_the_type_it_asks_with(self):
        includes = {"rondo/place.hpp": frozenset({"source_location", "grpcpp/grpcpp.h"})}
        users = {f"rondo/user_{number}.hpp" for number in range(9)}
        includes |= dict.fromkeys(users, frozenset({"source_location", "grpcpp/grpcpp.h", "rondo/place.hpp"}))
        chosen = headers_alone.combinations_for(includes, set())
        self.assertTrue(all("source_location" in chosen[path] for path in users), "no caller among them")
        chosen = headers_alone.combinations_for(includes, users)
        self.assertFalse(any("source_location" in chosen[path] for path in users))


class CleanResults(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.write("here/a.hpp", "one")

    def write(self, path, text):
        (self.folder / path).parent.mkdir(exist_ok=True)
        (self.folder / path).write_text(text, encoding="utf-8")
        clean_results.digest.cache_clear()

    def results(self, *check, project="here"):
        return clean_results.CleanResults(*check, folder=self.folder / "notes", project=self.folder / project)

    def remember(self, *names):
        self.results("check").remember([self.folder / "here" / name for name in names], "a")

    def test_know_what_was_clean(self):
        self.assertFalse(self.results("check").known("a"))
        self.remember("a.hpp")
        self.assertTrue(self.results("check").known("a"))
        self.assertFalse(self.results("check").known("b"))
        self.assertFalse(self.results("check, changed").known("a"))

    def test_forget_what_has_changed(self):
        self.remember("a.hpp")
        self.write("here/a.hpp", "two")
        self.assertFalse(self.results("check").known("a"))
        self.write("here/a.hpp", "one")
        self.assertTrue(self.results("check").known("a"))
        (self.folder / "here/a.hpp").unlink()
        clean_results.digest.cache_clear()
        self.assertFalse(self.results("check").known("a"))

    def test_hold_for_a_copy_of_the_project_elsewhere(self):
        self.remember("a.hpp")
        self.write("there/a.hpp", "one")
        self.assertTrue(self.results("check", project="there").known("a"))
        self.write("there/a.hpp", "two")
        self.assertFalse(self.results("check", project="there").known("a"))

    def test_take_no_files_for_a_mistake(self):
        self.remember()
        self.assertFalse(self.results("check").known("a"))

    def test_doubt_a_note_that_was_cut(self):
        self.remember("a.hpp")
        for note in (self.folder / "notes").iterdir():
            note.write_text("{", encoding="utf-8")
        self.assertFalse(self.results("check").known("a"))

    def compiler(self):
        """One that tells for every source that it includes here/a.hpp."""
        path = self.folder / "compiler"
        path.write_text("#!/bin/sh\necho \"a.o: $1 here/a.hpp\"\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    def test_look_again_only_where_something_was_found_or_has_changed(self):
        for name in ("a", "b"):
            self.write(f"here/{name}.cpp", name)
        entries = {name: {"directory": str(self.folder), "command": f"{self.compiler()} here/{name}.cpp -c"}
                   for name in ("a", "b")}

        def look(source):
            looked.append(source)
            return source == "b" and ["a fault"]

        for again in (["a", "b"], ["b"]):
            looked = []
            self.results("check").look_through(self.folder, entries, look)
            self.assertEqual(sorted(looked), again)
        self.write("here/a.hpp", "two")
        found = self.results("check").look_through(self.folder, entries, look)
        self.assertEqual(found, [False, ["a fault"]])

    def test_ask_the_compiler_about_what_is_not_built(self):
        compiler = self.compiler()
        entry = {"directory": str(self.folder), "command": f"{compiler} a.cpp -o a.o -c"}
        self.assertEqual(clean_results.files_of(entry, {"a.o": ["built"]}), ["built"])
        told = [str(self.folder / name) for name in ("a.cpp", "here/a.hpp")]
        self.assertEqual(clean_results.files_of(entry, {}), told)
        self.assertEqual(clean_results.files_of(entry | {"command": "false"}, {}), [])

    def test_read_the_rules_of_compilers(self):
        rule = "a.o: /x/a.cpp \\\n  /x/with\\ space.hpp /x/pre.pch\n"
        self.assertEqual(clean_results.files_in_rule(rule), ["/x/a.cpp", "/x/with space.hpp"])


class Quotes(unittest.TestCase):
    source = "int one();\n\nint two() {\n  return 2;\n}\n"

    def faults(self, code, comment="<!-- from a.cpp -->\n"):
        return list(quotes.faults_of(f"text\n\n{comment}```cpp\n{code}```\n", {"a.cpp": self.source}.get))

    def test_accepts_what_stands_in_the_file(self):
        self.assertEqual(self.faults("int two() {\n  return 2;\n}\n"), [])
        self.assertEqual(self.faults("    return 2;\n"), [])
        self.assertEqual(self.faults("int one();\n...\n}\n"), [])

    def test_finds_what_does_not(self):
        self.assertEqual(len(self.faults("int three();\n")), 1)
        self.assertEqual(len(self.faults("int one();\nint two() {\n")), 1)
        self.assertEqual(len(self.faults("}\n...\nint one();\n")), 1)
        self.assertEqual(len(self.faults("int one();\n", "<!-- from b.cpp -->\n")), 1)
        self.assertEqual(len(self.faults("int one();\n", "")), 1)


class Features(unittest.TestCase):
    def faults(self, cell, head="Shown by"):
        with tempfile.TemporaryDirectory(dir=PROJECT / "test" / "checks") as folder:
            doc = pathlib.Path(folder) / "doc.md"
            (pathlib.Path(folder) / "a_test.cpp").write_text("TEST_F(suite, name) {}\nTYPED_TEST(typed, name) {}\n", encoding="utf-8")
            doc.write_text(f"| Behaviour | {head} |\n|---|---|\n| It works | {cell} |\n", encoding="utf-8")
            return features.faults_in(doc)[0]

    def test_accepts_rows_that_name_a_test(self):
        self.assertEqual(self.faults("[`suite.name`](a_test.cpp)"), [])
        self.assertEqual(self.faults("[`suite.name`](a_test.cpp), [run.py](../../examples/run.py)"), [])
        self.assertEqual(self.faults("[`typed.name`](a_test.cpp)"), [])
        self.assertEqual(self.faults("[`compile_fail.control`](../../compile_fail/control.cpp)"), [])

    def test_finds_rows_that_do_not(self):
        self.assertEqual(len(self.faults("")), 1)
        self.assertEqual(len(self.faults("somewhere")), 1)
        self.assertEqual(len(self.faults("[`suite.nam`](a_test.cpp)")), 1)
        self.assertEqual(len(self.faults("[a test](a_test.cpp)")), 1)
        self.assertEqual(len(self.faults("[`compile_fail.other`](../../compile_fail/control.cpp)")), 1)
        self.assertEqual(len(self.faults("[`other.control`](../../compile_fail/control.cpp)")), 1)
        self.assertEqual(len(self.faults("[`suite.name`](b_test.cpp)")), 1)
        self.assertEqual(len(self.faults("[`suite.name`](a_test.cpp)", "Said by")), 1)

    def missing(self, lines):
        with tempfile.TemporaryDirectory() as folder:
            doc, wanted = pathlib.Path(folder) / "doc.md", pathlib.Path(folder) / "wanted.txt"
            doc.write_text("It sleeps\n\n| Feature | Shown by |\n|---|---|\n| It works, at once | |\n| It ends | |\n", encoding="utf-8")
            wanted.write_text("# Features\n\n" + lines, encoding="utf-8")
            return list(features.faults_of_wanted(wanted, doc))

    def test_compares_with_what_others_can_do(self):
        self.assertEqual(self.missing("working -> It works\nending at once -> It ends + at once\nmore -> except: not needed\n"), [])
        for line in ("sleeping -> It sleeps", "both -> It ends + It begins", "more -> except:", "more ->", "more", " -> It ends"):
            self.assertEqual(len(self.missing(line + "\n")), 1, line)


class Layers(unittest.TestCase):
    known = {"task.hpp", "payload.hpp", "worker.hpp", "detail/base/uuid.hpp", "detail/engine/run.hpp", "detail/io/loop.hpp"}

    def faults(self, path, *includes):
        return list(layers.faults_of(path, "".join(f"#include <{name}>\n" for name in includes), self.known))

    def test_allows_downward_and_standard_includes(self):
        self.assertEqual(self.faults("task.hpp", "rondo/payload.hpp", "rondo/detail/base/uuid.hpp", "vector"), [])
        self.assertEqual(self.faults("detail/engine/run.hpp", "google/protobuf/arena.h", "rondo/task.hpp"), [])
        self.assertEqual(self.faults("worker.hpp", "asio.hpp", "grpcpp/grpcpp.h", "rondo/detail/io/loop.hpp"), [])

    def test_finds_upward_includes(self):
        self.assertEqual(len(self.faults("detail/base/uuid.hpp", "rondo/payload.hpp")), 1)
        self.assertEqual(len(self.faults("task.hpp", "rondo/detail/engine/run.hpp")), 1)
        self.assertEqual(len(self.faults("detail/engine/run.hpp", "rondo/detail/io/loop.hpp")), 1)
        self.assertEqual(len(self.faults("detail/io/loop.hpp", "rondo/worker.hpp")), 1)

    def test_finds_foreign_libraries_in_lower_layers(self):
        for foreign in ("google/protobuf/arena.h", "temporal/api/common/v1/message.pb.h", "asio/awaitable.hpp"):
            self.assertEqual(len(self.faults("task.hpp", foreign)), 1, foreign)
        for foreign in ("grpcpp/grpcpp.h", "asio.hpp"):
            self.assertEqual(len(self.faults("detail/engine/run.hpp", foreign)), 1, foreign)

    def test_finds_missing_and_relative_includes(self):
        self.assertEqual(len(self.faults("task.hpp", "rondo/nothing.hpp")), 1)
        self.assertEqual(len(self.faults("worker.hpp", "payload.hpp")), 1)


class CompileFail(unittest.TestCase):
    def test_wants_a_failure_with_the_words(self):
        self.assertIsNone(compile_fail.judge("// expect: no such thing", 1, "error: no\n  such thing here"))
        self.assertIsNotNone(compile_fail.judge("// expect: no such thing", 1, "error: another"))
        self.assertIsNotNone(compile_fail.judge("// expect: no such thing", 0, ""))

    def test_wants_a_control_case_to_compile(self):
        self.assertIsNone(compile_fail.judge("// expect-ok", 0, ""))
        self.assertIsNotNone(compile_fail.judge("// expect-ok", 1, "error"))

    def test_knows_what_only_gcc_12_refuses(self):
        line, gcc12, gcc13 = "// expect-gcc12: twice", {"__GNUC__": "12"}, {"__GNUC__": "13"}
        clang = {"__GNUC__": "4", "__clang__": "1"}
        self.assertEqual(compile_fail.for_compiler(line, gcc12), "// expect: twice")
        self.assertEqual(compile_fail.for_compiler(line, gcc13), "// expect-ok")
        self.assertEqual(compile_fail.for_compiler(line, clang), "// expect-ok")
        self.assertEqual(compile_fail.for_compiler("// expect: twice", clang), "// expect: twice")

    def test_refuses_a_case_that_promises_nothing(self):
        self.assertIsNotNone(compile_fail.judge("#pragma once", 1, "error"))


class LambdaPackage(unittest.TestCase):
    """What makes the zip file of rondo_add_lambda() and refuses programs that would not start."""

    def faults(self, headers, symbols):
        with tempfile.TemporaryDirectory() as folder:
            objdump = pathlib.Path(folder) / "objdump"
            script = f"#!/bin/sh\nif [ $1 = -p ]; then cat <<'E'\n{headers}\nE\nelse cat <<'E'\n{symbols}\nE\nfi\n"
            objdump.write_text(script, encoding="utf-8")
            objdump.chmod(0o755)
            return list(package.faults_of("program", str(objdump)))

    def test_accepts_what_amazon_linux_has(self):
        self.assertEqual(self.faults(
            "Dynamic Section:\n  NEEDED               libm.so.6\n  NEEDED               ld-linux-x86-64.so.2\n",
            "0000000000000000      DF *UND*  0000000000000000 (GLIBC_2.34) __libc_start_main\n"
            "0000000000000000  w   D  *UND*  0000000000000000  Base        __gmon_start__\n"), [])

    def test_names_what_is_missing(self):
        faults = self.faults(
            "  NEEDED               libprotobuf.so.32\n",
            "0000000000000000      DF *UND*  0000000000000000 (GLIBC_2.36) arc4random\n"
            "0000000000000000      DF *UND*  0000000000000000  GLIBC_2.35  _dl_find_object\n")
        self.assertEqual(len(faults), 3)
        for name in ("libprotobuf.so.32", "2.36 for arc4random", "2.35 for _dl_find_object"):
            self.assertTrue(any(name in fault for fault in faults), name)

    @unittest.skipUnless(shutil.which("advzip"), "advzip is not installed")
    def test_packs_smaller_what_stays_the_same(self):
        with tempfile.TemporaryDirectory() as folder:
            program, plain, small = (pathlib.Path(folder) / name for name in ("program", "plain.zip", "small.zip"))
            shutil.copy(shutil.which("true"), program)
            for output, more in ((plain, []), (small, ["--advzip", shutil.which("advzip")])):
                subprocess.run([sys.executable, str(PROJECT / "cmake/lambda/package.py"), str(program), str(output),
                                "--objdump", "true", *more], check=True)
            self.assertLess(small.stat().st_size, plain.stat().st_size)
            with zipfile.ZipFile(plain) as one, zipfile.ZipFile(small) as other:
                self.assertEqual(one.read("bootstrap"), other.read("bootstrap"))
                self.assertEqual(one.getinfo("bootstrap").external_attr, other.getinfo("bootstrap").external_attr)
                self.assertEqual(one.getinfo("bootstrap").date_time, other.getinfo("bootstrap").date_time)


if __name__ == "__main__":
    unittest.main()
