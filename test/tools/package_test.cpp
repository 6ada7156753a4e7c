#include "tools/package.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <string_view>

#include "support/program.hpp"
#include "support/scratch.hpp"
#include "tools/command_error.hpp"
#include "tools/elf_file.hpp"
#include "tools/zip_file.hpp"

// `rondo package`, and what it is made of.
namespace rondo::test {
namespace package_test {

using namespace rondo::tools;

/// A program of the system that needs the C library alone.
constexpr const char* small_program = "/bin/true";

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::uint32_t number(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  }
  return value;
}

struct unzipped {
  std::string content;
  std::uint32_t mode = 0;
};

/// The files of a zip file, by its directory.
std::map<std::string, unzipped> unzip(const std::string& zip) {
  std::map<std::string, unzipped> files;
  const std::size_t end = zip.rfind("PK\x05\x06");
  std::size_t at = number(zip, end + 16, 4);
  for (std::uint32_t i = 0; i < number(zip, end + 10, 2); ++i) {
    const std::size_t name_size = number(zip, at + 28, 2);
    const std::size_t local = number(zip, at + 42, 4);
    const std::size_t begin = local + 30 + number(zip, local + 26, 2) + number(zip, local + 28, 2);
    unzipped file;
    file.mode = number(zip, at + 38, 4) >> 16U;
    file.content.resize(number(zip, at + 24, 4));
    z_stream stream{};
    inflateInit2(&stream, -15);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(zip.data() + begin));
    stream.avail_in = number(zip, at + 20, 4);
    stream.next_out = reinterpret_cast<Bytef*>(file.content.data());
    stream.avail_out = static_cast<uInt>(file.content.size());
    EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
    inflateEnd(&stream);
    EXPECT_EQ(crc32(0, reinterpret_cast<const Bytef*>(file.content.data()), static_cast<uInt>(file.content.size())),
              number(zip, at + 16, 4));
    files[zip.substr(at + 46, name_size)] = std::move(file);
    at += 46 + name_size;
  }
  return files;
}

TEST(zip_file, holds_what_was_added) {
  zip_file zip;
  const std::string large(300'000, 'l');
  zip.add("bootstrap", large, 0755);
  zip.add("conf/empty", "", 0644);
  const std::string bytes = std::move(zip).finish();
  EXPECT_LT(bytes.size(), large.size() / 10);
  const auto files = unzip(bytes);
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files.at("bootstrap").content, large);
  EXPECT_EQ(files.at("bootstrap").mode, 0100755U);
  EXPECT_EQ(files.at("conf/empty").content, "");
  EXPECT_EQ(files.at("conf/empty").mode, 0100644U);
}

TEST(elf_file, says_what_a_program_needs) {
  const std::string bytes = read(small_program);
  const elf_file program(bytes);
  EXPECT_NE(program.interpreter().find("ld-linux"), std::string::npos);
  ASSERT_FALSE(program.libraries().empty());
  EXPECT_EQ(program.libraries().back(), "libc.so.6");
  bool starts = false;
  for (const auto& each : program.symbols()) {
    starts =
        starts || (each.name == "__libc_start_main" && each.version == "GLIBC_2.34" && each.library == "libc.so.6");
  }
  EXPECT_TRUE(starts);
}

TEST(elf_file, of_damaged_programs) {
  EXPECT_THROW(elf_file(""), command_error);
  EXPECT_THROW(elf_file("#!/bin/sh\n"), command_error);
  const std::string good = read(small_program);
  std::minstd_rand random(3);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes = i % 2 == 0 ? good : good.substr(0, random() % good.size());
    for (int k = 0; k < 20 && !bytes.empty(); ++k) {
      // Half of the damage goes into the headers, which lie at both ends.
      const std::size_t range = k % 2 == 0 ? std::min<std::size_t>(bytes.size(), 1024) : bytes.size();
      bytes[bytes.size() - 1 - random() % range] = static_cast<char>(random());
      bytes[random() % range] = static_cast<char>(random());
      std::copy_n(
          "\x7F"
          "ELF\x02\x01",
          std::min<std::size_t>(bytes.size(), 6), bytes.begin());
    }
    try {
      const elf_file program(bytes);
      static_cast<void>(faults_on_amazon_linux(program));
    } catch (const command_error&) {
    }
  }
}

TEST(package, versions_of_amazon_linux) {
  for (const auto* there :
       {"GLIBC_2.2.5", "GLIBC_2.34", "GLIBCXX_3.4", "GLIBCXX_3.4.29", "CXXABI_1.3.13", "GCC_3.0", "OPENSSL_3.0.0"}) {
    EXPECT_TRUE(has_version(there)) << there;
  }
  for (const auto* missing :
       {"GLIBC_2.35", "GLIBC_2.34.1", "GLIBC_3.0", "GLIBC_PRIVATE", "GLIBCXX_3.4.30", "CXXABI_1.3.14", "GCC_12.0.0"}) {
    EXPECT_FALSE(has_version(missing)) << missing;
  }
}

TEST(package, names_that_stay_in_the_folder) {
  for (const auto* good : {"temporal.toml", "conf/a.b", "..a", "a/...", "-"}) EXPECT_EQ(checked_entry_name(good), good);
  for (const auto* bad : {"", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "./a", ".", ".."}) {
    EXPECT_THROW(checked_entry_name(bad), command_error) << bad;
  }
}

TEST(package, makes_the_same_file_every_time) {
  const scratch folder;
  std::ofstream(folder.file("temporal.toml")) << "[profile.default]\n";
  const auto made = [&](const std::string& name) {
    const auto end = run_program(
        rondo_command({"package", small_program, "-o", folder.file(name), "--add", folder.file("temporal.toml"),
                       "--add", folder.file("temporal.toml") + "=conf/other.toml"}));
    EXPECT_EQ(end.code, 0) << end.err;
    return read(folder.file(name));
  };
  const std::string zip = made("one.zip");
  EXPECT_EQ(zip, made("two.zip"));
  const auto files = unzip(zip);
  ASSERT_EQ(files.size(), 3U);
  EXPECT_EQ(files.at("bootstrap").mode, 0100755U);
  EXPECT_EQ(files.at("temporal.toml").mode, 0100644U);
  EXPECT_EQ(files.at("conf/other.toml").content, "[profile.default]\n");
  std::ofstream(folder.file("bootstrap"), std::ios::binary) << files.at("bootstrap").content;
  std::filesystem::permissions(folder.file("bootstrap"), std::filesystem::perms::owner_all);
  EXPECT_EQ(run_program({folder.file("bootstrap")}).code, 0);
}

TEST(package, takes_the_c_library_along) {
  const scratch folder;
  const auto end = run_program(rondo_command({"package", small_program, "-o", folder.file("a.zip"), "--with-libc"}));
  ASSERT_EQ(end.code, 0) << end.err;
  const auto files = unzip(read(folder.file("a.zip")));
  EXPECT_TRUE(files.contains("lib/libc.so.6"));
  for (const auto& [name, file] : files) {
    std::filesystem::create_directories(std::filesystem::path(folder.file(name)).parent_path());
    std::ofstream(folder.file(name), std::ios::binary) << file.content;
    std::filesystem::permissions(folder.file(name), static_cast<std::filesystem::perms>(file.mode & 0777U));
  }
  const std::string start = "LAMBDA_TASK_ROOT='" + folder.folder().string() + "' '" + folder.file("bootstrap") + "'";
  EXPECT_EQ(std::system(start.c_str()), 0);
}

TEST(package, refuses_what_would_not_run_and_says_why) {
  const scratch folder;
  const auto refused = [&](words arguments) {
    arguments.insert(arguments.begin(), "package");
    arguments.insert(arguments.end(), {"-o", folder.file("a.zip")});
    const auto end = run_program(rondo_command(std::move(arguments)));
    EXPECT_EQ(end.code, 1);
    EXPECT_FALSE(std::filesystem::exists(folder.file("a.zip")));
    return end.err;
  };
  // This test itself needs libraries that are not there.
  const std::string said = refused({std::filesystem::read_symlink("/proc/self/exe").string()});
  EXPECT_NE(said.find("which is not there"), std::string::npos) << said;
  EXPECT_NE(said.find("--with-libc"), std::string::npos) << said;
  const auto machine = architecture_of(elf_file(read(small_program)));
  const std::string other = machine == "arm64" ? "x86_64" : "arm64";
  EXPECT_NE(refused({small_program, "--arch", other}).find("not for " + other), std::string::npos);
  EXPECT_NE(refused({"/etc/passwd"}).find("not an ELF file"), std::string::npos);
  EXPECT_NE(refused({"/nowhere"}).find("not a file"), std::string::npos);
  EXPECT_NE(refused({small_program, "--add", "/etc/passwd=../passwd"}).find("cannot be the name"), std::string::npos);
  EXPECT_NE(refused({small_program, "--add", "/etc/passwd=bootstrap"}).find("two files"), std::string::npos);
  EXPECT_NE(refused({small_program, "--strip", "/nowhere"}).find("--no-strip"), std::string::npos);
}

}  // namespace package_test
}  // namespace rondo::test
