#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace rondo::test {

struct key_pair {
  std::string certificate;
  std::string key;
};

/// A certificate authority of its own in a temporary folder, made with the openssl command.
class certificate_authority {
 public:
  explicit certificate_authority(const std::string& name) {
    std::string folder = (std::filesystem::temp_directory_path() / "rondo-ca-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = folder;
    openssl("req -x509 " + new_key + " -keyout ca.key -out ca.pem -days 2 -subj /CN=" + name);
  }
  certificate_authority(const certificate_authority&) = delete;
  certificate_authority& operator=(const certificate_authority&) = delete;
  ~certificate_authority() { std::filesystem::remove_all(folder_); }

  std::string certificate() const { return read("ca.pem"); }

  /// `names` as openssl writes them: "DNS:localhost,IP:127.0.0.1".
  key_pair issue(const std::string& names) {
    const std::string file = "leaf" + std::to_string(++issued_);
    write(file + ".ext", "subjectAltName=" + names + "\n");
    openssl("req " + new_key + " -keyout " + file + ".key -out " + file + ".csr -subj /CN=leaf");
    openssl("x509 -req -in " + file + ".csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile " + file +
            ".ext -out " + file + ".pem");
    return {read(file + ".pem"), read(file + ".key")};
  }

 private:
  static inline const std::string new_key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

  void openssl(const std::string& arguments) const {
    const std::string command = "cd '" + folder_.string() + "' && openssl " + arguments + " >log 2>&1";
    if (std::system(command.c_str()) != 0) throw std::runtime_error(command + ": " + read("log"));
  }
  std::string read(const std::string& name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }

  std::filesystem::path folder_;
  int issued_ = 0;
};

}  // namespace rondo::test
