#pragma once
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rondo/client/history.hpp"
#include "rondo/data_options.hpp"
#include "rondo/registry.hpp"
#include "rondo/worker_options.hpp"

// Whether today's code still fits the runs of yesterday: histories of a production are replayed before it is deployed.
namespace rondo {

/// What the histories are replayed with: what the worker runs with.
struct replayer_options {
  /// Of these count: interceptors, plugins, propagated headers, exceptions that fail workflows, the change policy, the
  /// version, the logger.
  worker_options worker{};
  /// Codecs and storage, for histories whose payloads are encoded, as those of the web interface are. Those of
  /// `workflow_handle::history` are decoded already, and pass. Plugins may add to them.
  data_options data{};
  std::string namespace_ = "default";
};

/// How the replay of one history ended.
struct replay_outcome {
  std::string workflow_id{}, run_id{}, workflow_type{};
  /// The code does not ask for what the history says.
  bool nondeterminism = false;
  /// Why the replay failed; empty when it did not.
  std::string problem{};
  /// What the code threw, when that is why; else null.
  std::exception_ptr error{};

  bool ok() const noexcept { return problem.empty() && !nondeterminism && error == nullptr; }
};

/// A history could not be replayed for another reason than changed code: the workflow is not registered, the code threw
/// what fails a workflow task, or the history is not whole.
class replay_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail::worker {
class replay_setup;
}

/// Runs the workflows of a registry over histories, without a server: activities are not run, their results are those
/// of the history.
///
///   rondo::replayer replayer(app);
///   replayer.replay(rondo::workflow_history::from_json("order-1", text));
class replayer {
 public:
  explicit replayer(registry app, replayer_options options = {});

  /// Replays a history from its first event on. A workflow task that is open at its end is worked on too; there is
  /// nothing that it could be compared with. Throws nothing for what the code or the history does.
  replay_outcome try_replay(const workflow_history& history) const;

  /// The same; throws nondeterminism_error when the code has changed, and replay_error.
  void replay(const workflow_history& history) const;

  /// Replays all of the histories, one after the other; gives the outcomes of those that failed.
  template <class Histories>
  std::vector<replay_outcome> replay_all(Histories&& histories) const {
    std::vector<replay_outcome> failed;
    for (const workflow_history& each : histories) {
      auto outcome = try_replay(each);
      if (!outcome.ok()) failed.push_back(std::move(outcome));
    }
    return failed;
  }

 private:
  std::shared_ptr<const detail::worker::replay_setup> setup_;
};

}  // namespace rondo

#ifndef RONDO_COMPILED
#include "rondo/impl/replayer.hpp"
#endif
