#pragma once
#include <string>
#include <string_view>
#include <utility>

#include "rondo/converter.hpp"
#include "rondo/detail/run/payload_owner.hpp"
#include "rondo/detail/run/scheduler.hpp"
#include "rondo/payload.hpp"
#include "rondo/search_attributes.hpp"

// Changes of what is shown beside a workflow, and of the values by which it is found.
namespace rondo::workflow {

/// Sets and unsets search attributes; others stay. info().search_attributes shows it at once.
inline void upsert_search_attributes(const search_attributes& changes) {
  auto& run = detail::run::require_current("workflow::upsert_search_attributes");
  run.require_writable("workflow::upsert_search_attributes");
  if (!run.tearing_down() && !changes.empty()) run.engine().upsert_search_attributes(changes.values());
}

/// Changes of a memo: values of any type by name.
class memo_changes {
 public:
  template <class Value>
  memo_changes& set(std::string_view name, const Value& value) {
    payload_collector collected;
    detail::encode_all_of(detail::run::current_owner(), collected, value);
    values_.insert_or_assign(std::string(name), collected.take().front());
    return *this;
  }
  /// The memo has it no more.
  memo_changes& unset(std::string_view name) {
    payload nothing;
    nothing.metadata["encoding"] = encoding::null;
    values_.insert_or_assign(std::string(name), std::move(nothing));
    return *this;
  }
  const payload_map& values() const noexcept { return values_; }

 private:
  payload_map values_;
};

/// Sets and unsets entries of the memo; others stay. info().memo shows it at once.
inline void upsert_memo(const memo_changes& changes) {
  auto& run = detail::run::require_current("workflow::upsert_memo");
  run.require_writable("workflow::upsert_memo");
  if (!run.tearing_down() && !changes.values().empty()) run.engine().upsert_memo(changes.values());
}

}  // namespace rondo::workflow
