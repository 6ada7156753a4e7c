#pragma once
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/command_error.hpp"
#include "tools/elf_file.hpp"

// Whether a program runs on Amazon Linux 2023, the system of provided.al2023 functions.
namespace rondo::tools {

/// Numbers of a version, "GLIBC_2.34" -> 2, 34.
inline std::vector<int> version_numbers(std::string_view version) {
  std::vector<int> numbers;
  const std::size_t begin = version.find_last_of('_');
  std::string_view rest = begin == version.npos ? version : version.substr(begin + 1);
  while (!rest.empty()) {
    int number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error != std::errc()) return {};
    numbers.push_back(number);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    if (!rest.empty()) rest.remove_prefix(1);
  }
  return numbers;
}

/// Whether Amazon Linux 2023 has the symbol's version. Versions of other kinds belong to libraries that are judged as a
/// whole.
inline bool has_version(std::string_view version) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> newest{
      {{"GLIBC_", "GLIBC_2.34"}, {"GLIBCXX_", "GLIBCXX_3.4.29"}, {"CXXABI_", "CXXABI_1.3.13"}, {"GCC_", "GCC_11.0"}}};
  for (const auto& [prefix, last] : newest) {
    if (!version.starts_with(prefix)) continue;
    const auto numbers = version_numbers(version);
    // GLIBC_PRIVATE and its like change with every release.
    return !numbers.empty() && numbers <= version_numbers(last);
  }
  return true;
}

inline bool has_library(std::string_view name) {
  constexpr std::array<std::string_view, 9> there{"libc.so.6",       "libm.so.6",     "libdl.so.2",
                                                  "libpthread.so.0", "librt.so.1",    "libresolv.so.2",
                                                  "libutil.so.1",    "libgcc_s.so.1", "libstdc++.so.6"};
  return std::find(there.begin(), there.end(), name) != there.end() || name.starts_with("ld-linux-");
}

/// What keeps the program from running there, each as a sentence; empty when nothing does.
inline std::vector<std::string> faults_on_amazon_linux(const elf_file& program) {
  std::vector<std::string> faults;
  for (const auto& each : program.libraries()) {
    if (!has_library(each)) faults.push_back("it needs " + each + ", which is not there");
  }
  std::map<std::string, std::vector<std::string>> too_new;
  for (const auto& each : program.symbols()) {
    if (!has_version(each.version)) too_new[each.version + " of " + each.library].push_back(each.name);
  }
  for (auto& [version, names] : too_new) {
    std::sort(names.begin(), names.end());
    constexpr std::size_t most_named = 5;
    std::string text = "it needs " + version + " for ";
    for (std::size_t i = 0; i < std::min(names.size(), most_named); ++i) text += (i == 0 ? "" : ", ") + names[i];
    if (names.size() > most_named) text += " and " + std::to_string(names.size() - most_named) + " others";
    faults.push_back(text);
  }
  return faults;
}

/// AWS's name of the machine that the program is for. Throws command_error when Lambda has no such machine.
inline std::string_view architecture_of(const elf_file& program) {
  switch (program.machine()) {
    case EM_X86_64:
      return "x86_64";
    case EM_AARCH64:
      return "arm64";
    default:
      throw command_error("it is for a machine that AWS Lambda does not have; x86_64 and arm64 can be");
  }
}

/// A name in the zip file. Throws command_error when it would lie outside of the function's folder.
inline std::string checked_entry_name(const std::string& name) {
  constexpr std::size_t longest = 1024;
  bool good = !name.empty() && name.front() != '/' && name.back() != '/' && name.size() <= longest;
  std::string_view rest = name;
  while (good && !rest.empty()) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const auto part = rest.substr(0, end);
    good = !part.empty() && part != "." && part != "..";
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (!good) throw command_error("'" + name + "' cannot be the name of a file in the function");
  return name;
}

}  // namespace rondo::tools
