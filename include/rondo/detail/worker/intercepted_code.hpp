#pragma once
#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include "rondo/converter.hpp"
#include "rondo/interceptor.hpp"
#include "rondo/payload.hpp"

namespace rondo::detail::worker {

using worker_interceptors = std::vector<std::shared_ptr<worker_interceptor>>;

/// The interceptors of one piece of code, around it: of an attempt, or of a request. `Interceptor` has begin(Start&)
/// and end(End&).
template <class Interceptor, class Start, class End>
class intercepted_code {
 public:
  /// One of them threw: the code does not begin.
  bool refused() const noexcept { return error_ != nullptr; }
  payload_span input() const noexcept { return views_; }
  payload_collector& result() noexcept { return collected_; }
  void fail(std::exception_ptr error) noexcept { error_ = std::move(error); }

  /// Hands the result on, or throws the error, as they leave it.
  void finish(payload_sink& to) {
    auto result = collected_.take();
    End how{.result = result, .error = error_};
    for (auto each = chain_.rbegin(); each != chain_.rend(); ++each) {
      try {
        (*each)->end(how);
      } catch (...) {
        error_ = std::current_exception();
      }
    }
    if (error_) std::rethrow_exception(error_);
    for (const auto& each : result) encode_payload(to, each);
  }

 protected:
  explicit intercepted_code(payload_span given) {
    for (const auto& each : given) values_.push_back(each.copy());
  }
  ~intercepted_code() = default;

  /// What they may change before the code reads it.
  payload_list& values() noexcept { return values_; }
  /// The outermost first.
  const std::vector<std::unique_ptr<Interceptor>>& chain() const noexcept { return chain_; }
  /// `make` gives the interceptor of one of `all`, or null.
  template <class Make>
  void begin(const worker_interceptors& all, Start& start, const Make& make) {
    for (const auto& each : all) {
      std::unique_ptr<Interceptor> one = make(*each);
      if (one == nullptr) continue;
      chain_.push_back(std::move(one));
      try {
        chain_.back()->begin(start);
      } catch (...) {
        error_ = std::current_exception();
        break;
      }
    }
    views_.assign(values_.begin(), values_.end());
  }

 private:
  std::vector<std::unique_ptr<Interceptor>> chain_;
  payload_list values_;
  std::vector<payload_view> views_;
  payload_collector collected_;
  std::exception_ptr error_;
};

}  // namespace rondo::detail::worker
