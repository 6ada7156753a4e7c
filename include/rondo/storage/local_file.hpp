#pragma once
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "rondo/codec.hpp"
#include "rondo/detail/base/uuid.hpp"
#include "rondo/payload_storage.hpp"
#include "rondo/storage/stored_payload.hpp"

namespace rondo {

/// Keeps payloads as files of a folder, named by their hashes: for tests, and for workers that share a disk. Nothing is
/// ever deleted.
class local_file_storage final : public storage_driver {
 public:
  /// Makes the folder when it is needed.
  explicit local_file_storage(std::filesystem::path folder, std::string name = "local-file")
      : folder_(std::move(folder)), name_(std::move(name)) {}

  std::string name() const override { return name_; }
  std::string type() const override { return "local-file"; }

  storage_claim store(std::string_view serialized, const serialization_context& /*context*/) const override {
    storage_claim claim;
    detail::storage::add_hash(claim, serialized);
    const auto file = place(claim);
    std::error_code failed;
    if (std::filesystem::exists(file, failed)) return claim;
    std::filesystem::create_directories(file.parent_path(), failed);
    // Under another name first, so nobody reads half of it.
    auto fresh = file;
    fresh += "." + detail::random_uuid();
    {
      std::ofstream out(fresh, std::ios::binary);
      out.write(serialized.data(), static_cast<std::streamsize>(serialized.size()));
      out.close();
      if (!out) throw storage_error("cannot write '" + fresh.string() + "'");
    }
    std::filesystem::rename(fresh, file, failed);
    if (failed) throw storage_error("cannot write '" + file.string() + "': " + failed.message());
    return claim;
  }

  std::string retrieve(const storage_claim& claim, const serialization_context& /*context*/) const override {
    const auto file = place(claim);
    std::ifstream in(file, std::ios::binary);
    if (!in) throw storage_error("cannot read '" + file.string() + "'");
    std::string serialized{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    detail::storage::check_hash(claim, serialized);
    return serialized;
  }

 private:
  std::filesystem::path place(const storage_claim& claim) const {
    const std::string& hash = detail::storage::hash_of(claim);
    return folder_ / hash.substr(0, 2) / hash;
  }

  std::filesystem::path folder_;
  std::string name_;
};

}  // namespace rondo
