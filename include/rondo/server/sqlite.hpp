#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

// SQLite's handles with owners, and its errors as exceptions.
namespace rondo::server::sqlite {

class error : public std::runtime_error {
 public:
  error(int code, const std::string& text) : std::runtime_error(text), code_(code) {}
  /// SQLite's primary result code.
  int code() const noexcept { return code_ & 0xFF; }

 private:
  int code_;
};

class database {
 public:
  database() = default;
  database(const std::string& file, int flags) {
    sqlite3* opened = nullptr;
    const int result = sqlite3_open_v2(file.c_str(), &opened, flags, nullptr);
    handle_.reset(opened);
    if (result != SQLITE_OK) throw error(result, opened == nullptr ? sqlite3_errstr(result) : sqlite3_errmsg(opened));
    sqlite3_busy_timeout(opened, 5000);
  }

  sqlite3* get() const noexcept { return handle_.get(); }

  void execute(const std::string& sql) const {
    char* text = nullptr;
    const int result = sqlite3_exec(get(), sql.c_str(), nullptr, nullptr, &text);
    const std::unique_ptr<char, decltype(&sqlite3_free)> owned(text, &sqlite3_free);
    if (result != SQLITE_OK) throw error(result, text == nullptr ? sqlite3_errstr(result) : text);
  }

 private:
  struct closer {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
  };
  std::unique_ptr<sqlite3, closer> handle_;
};

/// A prepared statement; texts that are bound must live until step() returned.
class statement {
 public:
  statement() = default;
  statement(const database& in, std::string_view sql) {
    sqlite3_stmt* made = nullptr;
    const int result = sqlite3_prepare_v3(in.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                          &made, nullptr);
    handle_.reset(made);
    if (result != SQLITE_OK) throw error(result, sqlite3_errmsg(in.get()));
  }

  statement& text(int index, std::string_view value) {
    return check(sqlite3_bind_text64(handle_.get(), index, value.data() == nullptr ? "" : value.data(), value.size(),
                                     SQLITE_STATIC, SQLITE_UTF8));
  }
  statement& blob(int index, std::string_view value) {
    return check(sqlite3_bind_blob64(handle_.get(), index, value.data() == nullptr ? "" : value.data(), value.size(),
                                     SQLITE_STATIC));
  }
  statement& number(int index, std::int64_t value) { return check(sqlite3_bind_int64(handle_.get(), index, value)); }

  /// True: there is a row. Otherwise the statement is ready for its next use.
  bool step() {
    const int result = sqlite3_step(handle_.get());
    if (result == SQLITE_ROW) return true;
    sqlite3_reset(handle_.get());
    if (result != SQLITE_DONE) fail(result);
    return false;
  }
  void reset() noexcept { sqlite3_reset(handle_.get()); }
  /// For statements that give no rows.
  void run() {
    while (step()) {
    }
  }

  /// Valid until the next step() or reset().
  std::string_view column(int index) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(handle_.get(), index));
    return data == nullptr
               ? std::string_view()
               : std::string_view(data, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), index)));
  }
  std::int64_t column_number(int index) const { return sqlite3_column_int64(handle_.get(), index); }

 private:
  struct closer {
    void operator()(sqlite3_stmt* handle) const noexcept { sqlite3_finalize(handle); }
  };

  statement& check(int result) {
    if (result != SQLITE_OK) fail(result);
    return *this;
  }
  [[noreturn]] void fail(int result) const { throw error(result, sqlite3_errmsg(sqlite3_db_handle(handle_.get()))); }

  std::unique_ptr<sqlite3_stmt, closer> handle_;
};

}  // namespace rondo::server::sqlite
