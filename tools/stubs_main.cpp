// Makes typed calls in other languages of a description of workflows and activities, see docs/stubs.md.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "rondo/version.hpp"
#include "tools/stubs/generate.hpp"

namespace {

using rondo::tools::stubs::stub_error;

constexpr int bad_input = 2;

std::string text_of(const std::string& path) {
  if (path == "-") return {std::istreambuf_iterator<char>(std::cin), {}};
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open() || std::filesystem::is_directory(path)) throw stub_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path);
}

int fail(const std::string& text, int code) {
  std::cerr << "error: " << text << std::endl;
  return code;
}

}  // namespace

int main(int count, char** arguments) {
  CLI::App app("Makes typed calls in Go, Python or C++ of a description of workflows and activities.", "rondo-stubs");
  app.set_version_flag("--version,-v", "rondo-stubs " + std::string(rondo::version_string), "Print the version");
  rondo::tools::stubs::stub_options options;
  std::string input, output;
  app.add_option("-l,--language", options.language, "go, python or cpp")->required()->type_name("LANGUAGE");
  app.add_option("-p,--package", options.package, "Package in Go, namespace in C++; stubs if not given")
      ->type_name("NAME");
  app.add_option("-o,--output", output, "File to write; the standard output if not given")->type_name("PATH");
  app.add_option("description", input, "File with what rondo::describe gives; - for the standard input")
      ->required()
      ->type_name("PATH");
  try {
    app.parse(count, arguments);
    rondo::tools::stubs::check_options(options);
    const std::string made = rondo::tools::stubs::generate_stubs(options, text_of(input));
    if (output.empty()) {
      std::cout << made << std::flush;
    } else {
      write(output, made);
    }
    return EXIT_SUCCESS;
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    return EXIT_SUCCESS;
  } catch (const CLI::CallForVersion& version) {
    std::cout << version.what() << "\n";
    return EXIT_SUCCESS;
  } catch (const CLI::ParseError& wrong) {
    return fail(std::string(wrong.what()) + "; see rondo-stubs --help", bad_input);
  } catch (const stub_error& wrong) {
    return fail(wrong.what(), bad_input);
  } catch (const std::exception& failed) {
    return fail(failed.what(), EXIT_FAILURE);
  }
}
