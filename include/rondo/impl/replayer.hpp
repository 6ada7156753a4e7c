#pragma once
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "rondo/client/history.hpp"
#include "rondo/connection_options.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/data/payload_fields.hpp"
#include "rondo/detail/data/pipeline.hpp"
#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/engine/replay.hpp"
#include "rondo/detail/worker/deployment.hpp"
#include "rondo/exception_types.hpp"
#include "rondo/plugin.hpp"
#include "rondo/registry.hpp"
#include "rondo/replayer.hpp"

namespace rondo {

namespace detail::worker {

/// What all replays have in common.
class replay_setup {
 public:
  replay_setup(registry given, replayer_options how)
      : app(std::move(given)), options(with_plugins(std::move(how), app)), data(options.data) {}

  engine::run_options run_options() const {
    return {.namespace_ = options.namespace_,
            .logger = &options.worker.logger,
            .interceptors = &options.worker.interceptors,
            .propagated_headers = &options.worker.propagated_headers,
            .changes = &options.worker.changes,
            .version = version_of(options.worker),
            .failure_exceptions = options.worker.failure_exceptions,
            .failures = options.data.failures};
  }

  registry app;
  replayer_options options;
  data::pipeline data;

 private:
  static replayer_options with_plugins(replayer_options how, registry& app) {
    client_options client;
    client.namespace_ = how.namespace_;
    client.data = std::move(how.data);
    client.plugins = how.worker.plugins;
    apply_plugins(client);
    apply_plugins(client, app, how.worker);
    how.data = std::move(client.data);
    return how;
  }
};

/// Decodes the payloads of the events.
inline void decode(const data::pipeline& by, const serialization_context& context, engine::History& history) {
  if (!by.changes_payloads()) return;
  temporal::api::workflowservice::v1::GetWorkflowExecutionHistoryResponse whole;
  history.Swap(whole.mutable_history());
  const auto message = data::node::rpc_GetWorkflowExecutionHistoryResponse;
  whole.ParseFromString(by.decode(message, whole.SerializeAsString(), context));
  history.Swap(whole.mutable_history());
}

}  // namespace detail::worker

RONDO_FUNCTION replayer::replayer(registry app, replayer_options options)
    : setup_(std::make_shared<const detail::worker::replay_setup>(std::move(app), std::move(options))) {}

RONDO_FUNCTION replay_outcome replayer::try_replay(const workflow_history& history) const {
  replay_outcome outcome;
  outcome.workflow_id = history.workflow_id();
  try {
    detail::engine::History events;
    events.ParseFromString(history.bytes());
    if (events.events().empty() || !events.events(0).has_workflow_execution_started_event_attributes()) {
      outcome.problem = "the history does not begin with WorkflowExecutionStarted";
      return outcome;
    }
    const auto& start = events.events(0).workflow_execution_started_event_attributes();
    outcome.run_id = start.original_execution_run_id();
    outcome.workflow_type = start.workflow_type().name();
    if (outcome.workflow_id.empty()) outcome.workflow_id = start.workflow_id();
    serialization_context context;
    context.namespace_ = setup_->options.namespace_;
    context.workflow_id = outcome.workflow_id;
    detail::worker::decode(setup_->data, context, events);
    const auto* definition = setup_->app.find_workflow(outcome.workflow_type);
    if (definition == nullptr) {
      outcome.problem = "no workflow of type '" + outcome.workflow_type + "' is registered";
      return outcome;
    }
    auto result = detail::engine::replay(
        *definition, events, {.run = setup_->run_options(), .workflow_id = outcome.workflow_id, .run_id = {}});
    outcome.nondeterminism = result.nondeterminism;
    if (!result.ok) {
      outcome.problem = std::move(result.message);
      outcome.error = std::move(result.error);
    }
  } catch (...) {
    outcome.error = std::current_exception();
    outcome.problem = detail::engine::message_of(outcome.error);
  }
  if (!outcome.ok() && outcome.problem.empty()) {
    outcome.problem = "an exception without a text, of type " + detail::engine::type_of(outcome.error);
  }
  return outcome;
}

RONDO_FUNCTION void replayer::replay(const workflow_history& history) const {
  const auto outcome = try_replay(history);
  if (outcome.ok()) return;
  const std::string text = "workflow '" + outcome.workflow_id + "' of type '" + outcome.workflow_type +
                           "' does not replay: " + outcome.problem;
  if (outcome.nondeterminism) throw nondeterminism_error(text);
  throw replay_error(text);
}

}  // namespace rondo
