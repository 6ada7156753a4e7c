#pragma once
#include <temporal/api/workflow/v1/message.pb.h>

#include <string>
#include <string_view>
#include <utility>

#include "rondo/client/start.hpp"
#include "rondo/detail/base/names.hpp"
#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/client/arguments.hpp"
#include "rondo/detail/client/start.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/name_of.hpp"
#include "rondo/payload.hpp"

namespace rondo {

/// What a schedule does: it starts a workflow. Made by `start_workflow_action`; keeps everything that the server said,
/// so that an update gives back what it does not change, arguments as the bytes they are.
class schedule_action {
 public:
  using message_type = temporal::api::workflow::v1::NewWorkflowExecutionInfo;

  schedule_action() = default;
  explicit schedule_action(message_type start) : start_(std::move(start)) {}

  /// The workflows' ids begin with it; the time of the action follows.
  const std::string& workflow_id() const noexcept { return start_.workflow_id(); }
  const std::string& workflow_type() const noexcept { return start_.workflow_type().name(); }
  const std::string& task_queue() const noexcept { return start_.task_queue().name(); }
  payload_list arguments() const;
  payload_map memo() const;
  payload_map search_attributes() const;

  void set_workflow_id(std::string id) { start_.set_workflow_id(std::move(id)); }
  void set_task_queue(std::string name) { start_.mutable_task_queue()->set_name(std::move(name)); }
  void set_memo(const payload_map& memo);
  void set_search_attributes(const payload_map& attributes);
  /// Replaces the arguments by these, encoded as they are.
  template <class... Arguments>
  void set_arguments(const Arguments&... arguments);

  /// All of it, as it goes over the wire.
  const message_type& message() const noexcept { return start_; }
  message_type& message() noexcept { return start_; }

 private:
  message_type start_;
};

namespace detail::calls {

inline void set_map(const payload_map& from, google::protobuf::Map<std::string, engine::Payload>& to) {
  to.clear();
  engine::write_payload_map(from, to);
}

inline schedule_action make_action(std::string_view type, const start_workflow_options& options, Payloads input) {
  const call_subject subject("schedule of workflow '" + std::string(type) + "'");
  if (options.conflict)
    refuse(subject, "a schedule has an overlap policy in place of start_workflow_options::conflict");
  if (!options.completion_callbacks.empty() || !options.links.empty()) {
    refuse(subject, "a schedule has neither completion_callbacks nor links");
  }
  if (options.start_delay != duration::zero()) refuse(subject, "a schedule has no start_delay");
  if (!options.cron_schedule.empty()) refuse(subject, "a schedule has a spec in place of cron_schedule");
  schedule_action::message_type made;
  made.set_workflow_id(options.id.empty() ? random_uuid() : std::string(options.id));
  made.mutable_workflow_type()->set_name(std::string(type));
  set_new_workflow(subject, options, made);
  if (input.payloads_size() > 0) *made.mutable_input() = std::move(input);
  return schedule_action(std::move(made));
}

}  // namespace detail::calls

/// The action that starts a workflow class: `start_workflow_action<order_workflow>({.task_queue = "orders"}, order)`.
/// Without an id, one is made. Throws invalid_argument for options that a schedule does not take.
template <class Workflow, class... Arguments>
  requires detail::calls::workflow_class<Workflow>
schedule_action start_workflow_action(const start_workflow_options& options, Arguments&&... arguments) {
  using parameters = typename detail::calls::workflow_traits<Workflow>::arguments;
  static_assert(detail::callable_with<parameters, Arguments...>,
                "the arguments do not match the parameters of this workflow");
  return detail::calls::make_action(
      detail::workflow_name<Workflow>(), options,
      detail::calls::typed_arguments<parameters>::encode(std::forward<Arguments>(arguments)...));
}
/// The same for a workflow that is a function, or that a declared function stands for.
template <auto Function, class... Arguments>
schedule_action start_workflow_action(const start_workflow_options& options, Arguments&&... arguments) {
  using parameters = typename detail::calls::workflow_traits<detail::calls::workflow_function<Function>>::arguments;
  static_assert(detail::callable_with<parameters, Arguments...>,
                "the arguments do not match the parameters of this workflow");
  return detail::calls::make_action(
      name_of<Function>, options,
      detail::calls::typed_arguments<parameters>::encode(std::forward<Arguments>(arguments)...));
}
/// The same for a workflow of another program, by its name.
template <class... Arguments>
schedule_action start_workflow_action(std::string_view type, const start_workflow_options& options,
                                      const Arguments&... arguments) {
  return detail::calls::make_action(type, options, detail::calls::encode_untyped(arguments...));
}

inline payload_list schedule_action::arguments() const { return detail::engine::list_of(start_.input()); }
inline payload_map schedule_action::memo() const {
  payload_map map;
  detail::engine::read_payload_map(start_.memo().fields(), map);
  return map;
}
inline payload_map schedule_action::search_attributes() const {
  payload_map map;
  detail::engine::read_payload_map(start_.search_attributes().indexed_fields(), map);
  return map;
}
inline void schedule_action::set_memo(const payload_map& memo) {
  detail::calls::set_map(memo, *start_.mutable_memo()->mutable_fields());
}
inline void schedule_action::set_search_attributes(const payload_map& attributes) {
  detail::calls::set_map(attributes, *start_.mutable_search_attributes()->mutable_indexed_fields());
}
template <class... Arguments>
void schedule_action::set_arguments(const Arguments&... arguments) {
  *start_.mutable_input() = detail::calls::encode_untyped(arguments...);
}

}  // namespace rondo
