#pragma once

#include "rondo/server/frontend.hpp"

#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "rondo/server/activities.hpp"
#include "rondo/server/deployments.hpp"
#include "rondo/server/matching.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/not_enabled.hpp"
#include "rondo/server/pausing.hpp"
#include "rondo/server/queries.hpp"
#include "rondo/server/reading.hpp"
#include "rondo/server/reset.hpp"
#include "rondo/server/starting.hpp"
#include "rondo/server/task_queue_configs.hpp"
#include "rondo/server/updates.hpp"
#include "rondo/server/visibility.hpp"
#include "rondo/server/worker_commands.hpp"
#include "rondo/server/workers.hpp"
#include "rondo/server/workflow_tasks.hpp"

namespace rondo::server {

namespace detail_frontend {

inline constexpr std::string_view default_service = "temporal.api.workflowservice.v1.WorkflowService";

/// "/package.Service/Method" in its two parts; empty ones when it is nothing of the kind.
inline std::pair<std::string_view, std::string_view> split(std::string_view path) noexcept {
  const auto slash = path.rfind('/');
  if (path.empty() || path.front() != '/' || slash == 0 || slash == std::string_view::npos) return {};
  return {path.substr(1, slash - 1), path.substr(slash + 1)};
}

/// The call as handlers hold it: counted, and answered even when a handler lets go of it.
inline call_ptr count(const call_ptr& call, const std::shared_ptr<std::size_t>& under_way) {
  ++*under_way;
  return {call.get(), [call, under_way](incoming_call*) {
            --*under_way;
            if (call->finished() || call->abandoned()) return;
            call->finish(io::rpc_result(rpc_status(rpc_code::unavailable, "the server let go of the request")));
          }};
}

}  // namespace detail_frontend

RONDO_SERVER_FUNCTION frontend::frontend(core& owner) : core_(&owner) {
  serve_namespaces(*this);
  serve_starting(*this);
  serve_workflow_tasks(*this);
  serve_activities(*this);
  serve_pausing(*this);
  serve_queries(*this);
  serve_updates(*this);
  serve_reset(*this);
  serve_reading(*this);
  serve_visibility(*this);
  serve_matching(*this);
  serve_workers(*this);
  serve_worker_commands(*this);
  serve_task_queue_configs(*this);
  serve_deployments(*this);
  serve_not_enabled(*this);
}

RONDO_SERVER_FUNCTION void frontend::on_bytes(std::string_view method, method_handler function) {
  std::string path = "/";
  if (method.find('/') == std::string_view::npos) path.append(detail_frontend::default_service).append("/");
  path.append(method);
  services_.emplace(detail_frontend::split(path).first);
  handlers_[std::move(path)] = std::move(function);
}

RONDO_SERVER_FUNCTION bool frontend::knows_service(std::string_view name) const noexcept {
  return services_.find(name) != services_.end();
}

RONDO_SERVER_FUNCTION void frontend::parse(google::protobuf::Message& into, std::string_view bytes) {
  if (into.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  throw refusal(rpc_code::internal, "grpc: error unmarshalling request: " + into.GetTypeName() + " cannot be parsed");
}

RONDO_SERVER_FUNCTION void frontend::handle(const call_ptr& incoming) {
  const call_ptr call = detail_frontend::count(incoming, under_way_);
  const auto refuse = [this, &call](rpc_status status) { core_->refuse(call, std::move(status)); };
  if (!core_->failure().ok()) return refuse(rpc_status(rpc_code::unavailable, core_->failure().message));
  const auto found = handlers_.find(std::string(call->path()));
  if (found == handlers_.end()) return refuse(unknown(call->path()));
  const auto& limit = core_->limit();
  if (*under_way_ > limit.calls_under_way) {
    return refuse(rpc_status(rpc_code::resource_exhausted, "too many requests are waiting for an answer"));
  }
  if (call->request().size() > limit.request_size) {
    return refuse(rpc_status(rpc_code::resource_exhausted, "grpc: received message larger than max (" +
                                                               std::to_string(call->request().size()) + " vs. " +
                                                               std::to_string(limit.request_size) + ")"));
  }
  core_->turn([&] {
    try {
      found->second(*core_, call->request(), call);
    } catch (const refusal& refused) {
      refuse(refused.status());
    } catch (const std::exception& error) {
      core_->log().error("a request failed", {{"method", call->path()}, {"error", error.what()}});
      refuse(rpc_status(rpc_code::internal, error.what()));
    }
  });
}

RONDO_SERVER_FUNCTION rpc_status frontend::unknown(std::string_view path) const {
  const auto [service, method] = detail_frontend::split(path);
  if (service.empty()) {
    return rpc_status(rpc_code::unimplemented, "malformed method name: \"" + std::string(path) + "\"");
  }
  if (!knows_service(service)) {
    return rpc_status(rpc_code::unimplemented, "unknown service " + std::string(service));
  }
  return rpc_status(rpc_code::unimplemented,
                    "unknown method " + std::string(method) + " for service " + std::string(service));
}

}  // namespace rondo::server
