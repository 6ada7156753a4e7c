#pragma once
#include <concepts>
#include <functional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "rondo/converter.hpp"
#include "rondo/detail/run/host.hpp"
#include "rondo/detail/run/payload_owner.hpp"
#include "rondo/detail/run/scheduler.hpp"
#include "rondo/payload.hpp"

namespace rondo::detail::run {

/// A value made by a function, compared with the one before.
template <class Value, class Make, class Equal>
class made_value final : public changing_value {
 public:
  made_value(scheduler& run, Make& make, Equal& equal) : run_(run), make_(make), equal_(equal) {}
  bool make(payload_span before, payload_sink& to) override {
    const scheduler::read_only_section reading(run_);
    const Value fresh = make_();
    if (!before.empty() && equal_(decode_of<Value>(current_owner(), before.front()), fresh)) return false;
    encode_all_of(current_owner(), to, fresh);
    return true;
  }

 private:
  scheduler& run_;
  Make& make_;
  Equal& equal_;
};

}  // namespace rondo::detail::run

namespace rondo::workflow {

/// A value that the workflow makes once, by means that are not the same on every replay: a random number of one's own,
/// a look at the configuration. `make` runs now, must be quick and must not touch the workflow; the history keeps what
/// it returned. What can fail, or takes time, belongs into an activity. `summary` tells people who look at the history
/// what the value is.
template <class Make>
auto side_effect(Make make, std::string_view summary = {}) {
  using value = std::remove_cvref_t<std::invoke_result_t<Make&>>;
  auto& run = detail::run::require_current("workflow::side_effect");
  run.require_writable("workflow::side_effect");
  if (run.tearing_down()) return make();
  const detail::run::encoder made(&make, [](const void* from, payload_sink& to) {
    const detail::run::scheduler::read_only_section reading(*detail::run::current);
    detail::encode_all_of(detail::run::current_owner(), to, (*static_cast<Make*>(const_cast<void*>(from)))());
  });
  const auto written = run.engine().side_effect(made, summary);
  return detail::decode_of<value>(detail::run::current_owner(), written.front());
}

/// The same for a value that may change during the run: it is made at every call, and recorded when `equal` says that
/// it differs from the one before. `id` tells the values of a run apart. `summary` goes into the history with each
/// value that is recorded.
template <class Make, class Equal = std::equal_to<>>
auto mutable_side_effect(std::string_view id, Make make, Equal equal = {}, std::string_view summary = {}) {
  using value = std::remove_cvref_t<std::invoke_result_t<Make&>>;
  auto& run = detail::run::require_current("workflow::mutable_side_effect");
  run.require_writable("workflow::mutable_side_effect");
  if (run.tearing_down()) return make();
  detail::run::made_value<value, Make, Equal> made(run, make, equal);
  const auto latest = run.engine().mutable_side_effect(id, made, summary);
  return detail::decode_of<value>(detail::run::current_owner(), latest.front());
}

}  // namespace rondo::workflow
