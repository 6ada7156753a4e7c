#pragma once
#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/connection_options.hpp"
#include "rondo/registry.hpp"
#include "rondo/worker_options.hpp"

namespace rondo {

/// Settings that belong together, such as those of a tracer: interceptors, codecs, workflows and activities of its own.
/// Named in client_options::plugins, it sees the options of the client before it connects, and those of every worker
/// over that client; in worker_options::plugins, those of one worker. The first one is asked first. A replayer asks
/// those of its worker_options for both kinds of options.
class plugin {
 public:
  plugin() = default;
  plugin(const plugin&) = delete;
  plugin& operator=(const plugin&) = delete;
  virtual ~plugin() = default;

  /// For logs and lists of workers.
  virtual std::string_view name() const = 0;
  virtual void configure(client_options& /*options*/) {}
  virtual void configure(registry& /*app*/, worker_options& /*options*/) {}

  /// A worker that it has configured begins, before it speaks to the server: on the thread of the worker's event loop,
  /// once for each run or invocation. What it throws ends the worker, which throws it.
  virtual void begin(const worker_options& /*of*/) {}
  /// The worker has ended, well or not, on the same thread: what it had in work has ended too, or was given back.
  /// Called when begin() returned, the last plugin first. Is to take little time in an invocation, whose end it delays.
  /// What it throws is logged.
  virtual void end(const worker_options& /*of*/) {}
};

/// The plugins of a client, and then those of a worker, in the order in which they are asked. One that both name is
/// there once.
inline std::vector<std::shared_ptr<plugin>> plugins_of(const client_options& client, const worker_options& worker) {
  std::vector<std::shared_ptr<plugin>> found;
  for (const auto* all : {&client.plugins, &worker.plugins}) {
    for (const auto& each : *all) {
      if (std::find(found.begin(), found.end(), each) == found.end()) found.push_back(each);
    }
  }
  return found;
}

/// Their names, each once.
inline std::vector<std::string> plugin_names(const client_options& client, const worker_options& worker) {
  std::vector<std::string> names;
  const auto all = plugins_of(client, worker);
  for (const auto& each : all) {
    std::string name(each->name());
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
  }
  return names;
}

/// Lets the plugins of a client change its options.
inline void apply_plugins(client_options& options) {
  const auto all = options.plugins;
  for (const auto& each : all) each->configure(options);
}

/// Lets the plugins of a client, and then those of a worker, change what the worker runs and how; one that both name
/// does so once.
inline void apply_plugins(const client_options& of, registry& app, worker_options& options) {
  for (const auto& each : of.plugins) each->configure(app, options);
  const auto own = options.plugins;
  for (const auto& each : own) {
    const bool configured = std::find(of.plugins.begin(), of.plugins.end(), each) != of.plugins.end();
    if (!configured) each->configure(app, options);
  }
}

/// A plugin of two functions, either of which may be empty.
class simple_plugin final : public plugin {
 public:
  using client_function = std::function<void(client_options&)>;
  using worker_function = std::function<void(registry&, worker_options&)>;

  simple_plugin(std::string name, client_function for_clients, worker_function for_workers = {})
      : name_(std::move(name)), for_clients_(std::move(for_clients)), for_workers_(std::move(for_workers)) {}

  std::string_view name() const override { return name_; }
  void configure(client_options& options) override {
    if (for_clients_) for_clients_(options);
  }
  void configure(registry& app, worker_options& options) override {
    if (for_workers_) for_workers_(app, options);
  }

 private:
  std::string name_;
  client_function for_clients_;
  worker_function for_workers_;
};

}  // namespace rondo
