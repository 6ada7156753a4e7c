#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tools/cli.hpp"
#include "tools/command_error.hpp"
#include "tools/commands.hpp"
#include "tools/elf_file.hpp"
#include "tools/package.hpp"
#include "tools/zip_file.hpp"

extern char** environ;

namespace rondo::tools {
namespace {

namespace fs = std::filesystem;

struct package_flags {
  std::string program;
  std::string output;
  std::string architecture;
  std::string strip = "strip";
  std::vector<std::string> files;
  bool with_libc = false;
  bool unstripped = false;
};

std::string read_file(const std::string& path) {
  std::error_code failed;
  if (!fs::is_regular_file(path, failed)) throw command_error(path + " is not a file");
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw command_error("cannot read " + path);
  return bytes;
}

/// Runs a program and returns what it printed. Throws command_error.
std::string output_of_program(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw command_error(std::string("cannot make a pipe: ") + std::strerror(errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  pid_t process = 0;
  const int error = posix_spawnp(&process, words[0].c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::string said;
  char chunk[4096];
  for (ssize_t count = 0; error == 0 && (count = read(ends[0], chunk, sizeof(chunk))) > 0;) {
    said.append(chunk, static_cast<std::size_t>(count));
  }
  close(ends[0]);
  if (error != 0) throw command_error("cannot run " + words[0] + ": " + std::strerror(error));
  int status = 0;
  waitpid(process, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw command_error(words[0] + " failed");
  return said;
}

/// A folder that is gone at the end.
class temporary_folder {
 public:
  temporary_folder() : path_((fs::temp_directory_path() / "rondo-package-XXXXXX").string()) {
    if (mkdtemp(path_.data()) == nullptr) throw command_error("cannot make a folder in " + path_);
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  ~temporary_folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  std::string file(const std::string& name) const { return (fs::path(path_) / name).string(); }

 private:
  std::string path_;
};

std::string stripped(const package_flags& flags) {
  if (flags.unstripped) return read_file(flags.program);
  const temporary_folder folder;
  const std::string copy = folder.file("program");
  try {
    output_of_program({flags.strip, "--strip-all", "-o", copy, flags.program});
  } catch (const command_error& failed) {
    throw command_error(std::string(failed.what()) +
                        "; install binutils, name another with --strip, or use --no-strip");
  }
  return read_file(copy);
}

/// The files of the function by their names, with their modes.
using content = std::map<std::string, std::pair<std::string, std::uint32_t>>;
constexpr std::uint32_t executable = 0755;
constexpr std::uint32_t readable = 0644;

void add(content& to, const std::string& name, std::string bytes, std::uint32_t mode) {
  const auto [at, is_new] = to.try_emplace(checked_entry_name(name), std::move(bytes), mode);
  if (!is_new) throw command_error("two files would be '" + name + "' in the function");
}

/// The program with the libraries and the loader of this system, started by a script.
void add_with_libraries(content& to, const elf_file& program, const package_flags& flags, std::string bytes) {
  const std::string& loader = program.interpreter();
  if (loader.empty()) throw command_error("it is static and needs no --with-libc");
  // It is run, so it has to be one of the system's.
  if (!loader.starts_with("/lib") || !fs::path(loader).filename().string().starts_with("ld-")) {
    throw command_error("its loader " + loader + " is not one of glibc's");
  }
  std::istringstream lines(output_of_program({loader, "--list", fs::absolute(flags.program).string()}));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t arrow = line.find(" => ");
    if (arrow == line.npos) continue;
    const std::string path = line.substr(arrow + 4, line.rfind(" (") - arrow - 4);
    const std::string name = line.substr(line.find_first_not_of(" \t"), arrow - line.find_first_not_of(" \t"));
    if (name.starts_with('/')) continue;  // the loader, which comes below
    if (path.empty() || path.front() != '/') throw command_error("it needs " + name + ", which is missing");
    add(to, "lib/" + name, read_file(path), executable);
  }
  const std::string loader_name = fs::path(loader).filename().string();
  add(to, "lib/" + loader_name, read_file(loader), executable);
  add(to, "bin/program", std::move(bytes), executable);
  const std::string script = "#!/bin/sh\nexec \"$LAMBDA_TASK_ROOT/lib/" + loader_name +
                             "\" --library-path \"$LAMBDA_TASK_ROOT/lib\" \"$LAMBDA_TASK_ROOT/bin/program\"\n";
  add(to, "bootstrap", script, executable);
}

void check(const elf_file& program, const package_flags& flags) {
  const auto architecture = architecture_of(program);
  if (!flags.architecture.empty() && flags.architecture != architecture) {
    throw command_error("it is for " + std::string(architecture) + ", not for " + flags.architecture);
  }
  if (flags.with_libc) return;
  const auto faults = faults_on_amazon_linux(program);
  if (faults.empty()) return;
  std::string text = "it does not run on Amazon Linux 2023: ";
  for (std::size_t i = 0; i < faults.size(); ++i) text += (i == 0 ? "" : "; ") + faults[i];
  throw command_error(text + ". Build it with rondo_add_lambda(), link it statically, or use --with-libc");
}

void write_whole(const std::string& path, const std::string& bytes) {
  const std::string unfinished = path + ".unfinished";
  std::ofstream file(unfinished, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  std::error_code failed;
  if (file) fs::rename(unfinished, path, failed);
  if (!file || failed) {
    fs::remove(unfinished, failed);
    throw command_error("cannot write " + path);
  }
}

void run_package(const package_flags& flags) {
  const std::string original = read_file(flags.program);
  content files;
  try {
    const elf_file program(original);
    check(program, flags);
    std::string bytes = stripped(flags);
    if (flags.with_libc) {
      add_with_libraries(files, program, flags, std::move(bytes));
    } else {
      add(files, "bootstrap", std::move(bytes), executable);
    }
  } catch (const command_error& failed) {
    throw command_error("cannot package " + flags.program + ": " + failed.what());
  }
  for (const auto& each : flags.files) {
    const std::size_t equals = each.find('=');
    const std::string path = each.substr(0, equals);
    const std::string name = equals == each.npos ? fs::path(path).filename().string() : each.substr(equals + 1);
    add(files, name, read_file(path), access(path.c_str(), X_OK) == 0 ? executable : readable);
  }
  zip_file zip;
  for (const auto& [name, file] : files) zip.add(name, file.first, file.second);
  const std::string bytes = std::move(zip).finish();
  write_whole(flags.output, bytes);
  std::cout << flags.output << ": " << bytes.size() << " bytes\n";
  for (const auto& [name, file] : files) std::cout << "  " << name << "  " << file.first.size() << " bytes\n";
}

}  // namespace

void add_package_command(CLI::App& to, chosen_command& chosen) {
  auto* app = to.add_subcommand("package", "Make a program the zip file of an AWS Lambda function (provided.al2023)");
  const auto flags = std::make_shared<package_flags>();
  app->add_option("PROGRAM", flags->program, "Executable; it becomes `bootstrap`")->required()->type_name("");
  app->add_option("-o,--output", flags->output, "Zip file to write")->required()->type_name("FILE");
  app->add_option("--arch", flags->architecture, "x86_64 or arm64: refuse programs for the other one")
      ->check(CLI::IsMember({"x86_64", "arm64"}))
      ->type_name("NAME");
  add_repeated(*app, "--add", flags->files, "File to put beside it, FILE or FILE=NAME; may be given many times")
      ->type_name("FILE");
  app->add_flag(
      "--with-libc", flags->with_libc,
      "Take the C library and all others along, for programs that need newer ones than Amazon Linux 2023 has");
  app->add_option("--strip", flags->strip, "Program that strips the copy")->capture_default_str()->type_name("PROGRAM");
  app->add_flag("--no-strip", flags->unstripped, "Leave the symbols in");
  app->callback([flags, &chosen] { chosen = [flags] { run_package(*flags); }; });
}

}  // namespace rondo::tools
