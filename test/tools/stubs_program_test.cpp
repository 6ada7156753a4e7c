#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include "rondo/describe.hpp"
#include "rondo/registry.hpp"
#include "support/program.hpp"
#include "support/scratch.hpp"

namespace rondo::tools {
namespace stubs_program_test {

using test::program_end;
using test::words;

int add(int one, int other) { return one + other; }

/// Runs rondo-stubs, which lies beside rondo.
program_end run_stubs(words arguments) {
  const std::filesystem::path beside = test::rondo_command({}).front();
  arguments.insert(arguments.begin(), (beside.parent_path() / "rondo-stubs").string());
  return test::run_program(std::move(arguments));
}
void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }
std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(stubs_program, WritesWhatTheLanguageNeeds) {
  const test::scratch folder;
  const std::string description = folder.file("description.json"), made = folder.file("sums.go");
  write(description, describe(registry{}.activity<add>()));
  const program_end ended = run_stubs({"--language", "go", "--package", "sums", "--output", made, description});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(ended.out, "");
  const std::string printed = run_stubs({"-l", "go", "-p", "sums", description}).out;
  EXPECT_EQ(text_of(made), printed);
  EXPECT_NE(printed.find("func ExecuteAdd(ctx workflow.Context, arg1 int32, arg2 int32) ActivityFuture[int32]"),
            printed.npos)
      << printed;
}

TEST(stubs_program, WritesNothingForBadInput) {
  const test::scratch folder;
  const std::string bad = folder.file("bad.json"), made = folder.file("made.py"), missing = folder.file("missing.json");
  write(bad, R"({"rondo": 1, "activities": [{"name": "a", "result": {"type": "date"}}]})");
  write(made, "as it was");
  const auto refused = [&](words arguments, const std::string& reason) {
    const program_end ended = run_stubs(std::move(arguments));
    EXPECT_EQ(ended.code, 2);
    EXPECT_EQ(ended.out, "");
    EXPECT_EQ(ended.err.substr(0, 7 + reason.size()), "error: " + reason);
    EXPECT_EQ(text_of(made), "as it was");
  };
  refused({"-l", "python", "-o", made, bad}, R"(activities[0].result: unknown type {"type": "date"})");
  refused({"-l", "python", "-o", made, missing}, "cannot read " + missing);
  refused({"-l", "python", "-o", made, folder.folder().string()}, "cannot read " + folder.folder().string());
  refused({"-l", "perl", "-o", made, bad}, "--language \"perl\": go, python and cpp are known");
  refused({"-o", made, bad}, "--language is required");
  refused({"-l", "go"}, "description is required");
}

TEST(stubs_program, SaysWhereItCannotWrite) {
  const test::scratch folder;
  const std::string description = folder.file("description.json"), nowhere = folder.file("no/such/folder.py");
  write(description, describe(registry{}));
  const program_end ended = run_stubs({"-l", "python", "-o", nowhere, description});
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.err, "error: cannot write " + nowhere + "\n");
}

}  // namespace stubs_program_test
}  // namespace rondo::tools
