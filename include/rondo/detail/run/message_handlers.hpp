#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/run/definition.hpp"
#include "rondo/payload.hpp"
#include "rondo/task.hpp"

namespace rondo::detail::run {

/// Handlers of one kind that a workflow set while it ran, by name; the empty name takes any message.
template <class Function>
class set_handlers {
 public:
  struct entry {
    handler_definition about;
    Function call;
  };
  void set(handler_definition about, Function call) {
    auto name = about.name;
    if (all_ == nullptr) all_ = std::make_unique<entries>();
    all_->insert_or_assign(std::move(name), entry{std::move(about), std::move(call)});
  }
  void erase(const std::string& name) {
    if (all_ != nullptr) all_->erase(name);
  }
  const entry* find(std::string_view name) const {
    if (all_ == nullptr) return nullptr;
    const auto found = all_->find(name);
    return found == all_->end() ? nullptr : &found->second;
  }
  /// Calls the function with each, ordered by name.
  template <class Visit>
  void for_each(Visit visit) const {
    if (all_ == nullptr) return;
    for (const auto& [name, each] : *all_) visit(each);
  }

 private:
  using entries = std::map<std::string, entry, std::less<>>;
  /// Null: none was set, as in most runs.
  std::unique_ptr<entries> all_;
};

/// All handlers of a run: those that its class declares, and those that its code set. What was set wins over what was
/// declared, a handler of the message's name over one for any message.
class message_handlers {
 public:
  using signal_function = std::function<task<void>(std::string_view name, payload_span arguments)>;
  using query_function = std::function<void(std::string_view name, payload_span arguments, payload_sink& answer)>;
  using update_function =
      std::function<task<void>(std::string_view name, payload_span arguments, bool validate, update_answer& to)>;

  explicit message_handlers(const workflow_definition& declared) : declared_(declared) {}

  set_handlers<signal_function> signals;
  set_handlers<query_function> queries;
  set_handlers<update_function> updates;

  /// What is known about the handler of a signal or an update; null when there is none.
  const handler_definition* find_signal(std::string_view name) const {
    return find(signals, declared_.signals, name).about;
  }
  const handler_definition* find_update(std::string_view name) const {
    return find(updates, declared_.updates, name).about;
  }

  /// There is one. Throws when the arguments cannot be read.
  task<void> signal(workflow_object& object, std::string_view name, payload_span arguments) const {
    const auto found = find(signals, declared_.signals, name);
    return found.set ? found.set->call(name, arguments) : object.signal(found.declared, name, arguments);
  }
  /// Throws what the handler throws, and std::invalid_argument when there is none.
  void query(workflow_object& object, std::string_view name, payload_span arguments, payload_sink& answer) const {
    const auto found = find(queries, declared_.queries, name);
    if (found.about == nullptr)
      throw std::invalid_argument(unknown("Query", "queries", name, queries, declared_.queries));
    if (found.set) return found.set->call(name, arguments, answer);
    object.query(found.declared, name, arguments, answer);
  }
  /// Throws what rejects the update; std::invalid_argument when there is no handler.
  task<void> update(workflow_object& object, std::string_view name, payload_span arguments, bool validate,
                    update_answer& to) const {
    const auto found = find(updates, declared_.updates, name);
    if (found.about == nullptr)
      throw std::invalid_argument(unknown("Update", "updates", name, updates, declared_.updates));
    if (found.set) return found.set->call(name, arguments, validate, to);
    return object.update(found.declared, name, arguments, validate, to);
  }

  /// Everything that can be asked for or told, for people: declared ones first.
  template <class Function>
  static handler_definitions described(const set_handlers<Function>& set, const handler_definitions& declared) {
    handler_definitions made;
    for (const auto& each : declared) {
      if (set.find(each.name) == nullptr) made.push_back(each);
    }
    set.for_each([&made](const auto& each) { made.push_back(each.about); });
    return made;
  }
  const workflow_definition& declared() const noexcept { return declared_; }

 private:
  template <class Function>
  struct choice {
    const handler_definition* about = nullptr;
    const typename set_handlers<Function>::entry* set = nullptr;
    std::size_t declared = 0;
  };
  template <class Function>
  static choice<Function> find(const set_handlers<Function>& set, const handler_definitions& declared,
                               std::string_view name) {
    if (const auto* exact = set.find(name)) return {&exact->about, exact};
    const auto at = find_handler(declared, name);
    if (at && !declared[*at].name.empty()) return {&declared[*at], nullptr, *at};
    if (const auto* any = set.find({})) return {&any->about, any};
    if (at) return {&declared[*at], nullptr, *at};
    return {};
  }
  template <class Function>
  static std::string unknown(const char* kind, const char* kinds, std::string_view name,
                             const set_handlers<Function>& set, const handler_definitions& declared) {
    std::string text =
        std::string(kind) + " handler for '" + std::string(name) + "' expected but not found, known " + kinds + ": [";
    for (const auto& known : described(set, declared)) text.append(text.back() == '[' ? "" : " ").append(known.name);
    return text + "]";
  }

  const workflow_definition& declared_;
};

}  // namespace rondo::detail::run
