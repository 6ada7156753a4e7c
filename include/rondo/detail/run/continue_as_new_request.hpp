#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rondo/detail/run/host.hpp"
#include "rondo/options.hpp"
#include "rondo/payload.hpp"

namespace rondo::detail::run {

/// Thrown by workflow::continue_as_new; not a std::exception, so that handlers of errors let it pass. It keeps what its
/// options point to.
class continue_as_new_request {
 public:
  continue_as_new_request(std::string workflow_type, const continue_as_new_options& options, payload_list input)
      : workflow_type_(std::move(workflow_type)),
        task_queue_(options.task_queue),
        options_(options),
        input_(std::move(input)) {
    if (options.memo.get() != nullptr) memo_ = *options.memo.get();
    if (options.search_attributes.get() != nullptr) search_attributes_ = *options.search_attributes.get();
    if (options.headers.get() != nullptr) headers_ = *options.headers.get();
    if (!options.retry) return;
    for (const auto each : options.retry->non_retryable_error_types) fatal_.emplace_back(each);
  }

  /// Hands the call to `to`.
  void send(host& to) const {
    auto options = options_;
    options.task_queue = task_queue_;
    if (memo_) options.memo = payload_map_view(*memo_);
    if (search_attributes_) options.search_attributes = payload_map_view(*search_attributes_);
    if (headers_) options.headers = payload_map_view(*headers_);
    const std::vector<std::string_view> fatal(fatal_.begin(), fatal_.end());
    if (options.retry) options.retry->non_retryable_error_types = fatal;
    to.continue_as_new({.workflow_type = workflow_type_, .options = options, .input = input_});
  }

 private:
  std::string workflow_type_, task_queue_;
  continue_as_new_options options_;
  std::optional<payload_map> memo_, search_attributes_, headers_;
  std::vector<std::string> fatal_;
  payload_list input_;
};

}  // namespace rondo::detail::run
