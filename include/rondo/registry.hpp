#pragma once
#include <concepts>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "rondo/activity.hpp"
#include "rondo/deployment_version.hpp"
#include "rondo/detail/base/names.hpp"
#include "rondo/detail/base/signature.hpp"
#include "rondo/detail/run/activity_definition.hpp"
#include "rondo/detail/run/definition.hpp"
#include "rondo/detail/run/nexus_definition.hpp"
#include "rondo/dynamic_workflow.hpp"
#include "rondo/exception_types.hpp"
#include "rondo/name_of.hpp"
#include "rondo/payload.hpp"
#include "rondo/workflow/definition.hpp"

namespace rondo {

/// How to register a workflow.
struct workflow_registration {
  /// Empty: its own name.
  std::string_view name{};
  /// What a versioned worker does with its runs when another version becomes the current one. Unspecified: as the class
  /// says in its static member `versioning_behavior`, else the worker's default.
  rondo::versioning_behavior versioning_behavior = rondo::versioning_behavior::unspecified;
  /// Exceptions of these types fail the workflow, as a `rondo::failure` does; others fail the workflow task. Empty: as
  /// the class says in its static member `failure_exceptions`. Those of the worker's options come on top.
  exception_list failure_exceptions{};
  /// For a workflow that runs any type: decides by the type of a run, and goes before what stands above. Gives the same
  /// for a type each time.
  dynamic_workflow_settings (*settings)(std::string_view type) noexcept = nullptr;
};

/// The workflows and activities of a program; every host (a worker, a replayer) runs one. Cheap to copy. A name may be
/// registered once; std::invalid_argument says which was not.
class registry {
 public:
  /// Adds a workflow class under its own name, or the one in its static member `name`.
  template <class Workflow>
  registry& workflow() {
    return workflow<Workflow>(detail::workflow_name<Workflow>());
  }
  /// Adds a workflow class under another name.
  template <class Workflow>
  registry& workflow(std::string_view name) {
    return add(detail::run::class_workflow<Workflow>::definition(std::string(name)));
  }
  template <class Workflow>
  registry& workflow(workflow_registration how) {
    const std::string_view name = how.name.empty() ? detail::workflow_name<Workflow>() : how.name;
    return add(detail::run::class_workflow<Workflow>::definition(std::string(name)), how);
  }
  /// Adds a workflow that is a free coroutine.
  template <auto Function>
  registry& workflow() {
    return workflow<Function>(name_of<Function>);
  }
  template <auto Function>
  registry& workflow(std::string_view name) {
    return add(detail::run::function_workflow<Function>::definition(std::string(name)));
  }
  template <auto Function>
  registry& workflow(workflow_registration how) {
    const std::string_view name = how.name.empty() ? name_of<Function> : how.name;
    return add(detail::run::function_workflow<Function>::definition(std::string(name)), how);
  }

  /// Adds a workflow, a class or a free coroutine, for all types that are not registered. Its run() takes
  /// (std::string type, rondo::payload_list arguments). At most one.
  /// `how` has no name.
  template <class Workflow>
  registry& dynamic_workflow(const workflow_registration& how = {}) {
    return set_dynamic(detail::run::class_workflow<Workflow, true>::definition(std::string(any_name)), how);
  }
  template <auto Function>
  registry& dynamic_workflow(const workflow_registration& how = {}) {
    return set_dynamic(detail::run::function_workflow<Function, true>::definition(std::string(any_name)), how);
  }

  /// Adds a function as an activity: on the pool of threads, or on the event loop when it returns asio::awaitable.
  template <auto Function>
    requires std::is_void_v<typename detail::signature_of<Function>::owner>
  registry& activity() {
    return activity<Function>(name_of<Function>);
  }
  template <auto Function>
    requires std::is_void_v<typename detail::signature_of<Function>::owner>
  registry& activity(std::string_view name) {
    return define<Function>(name, [](auto&&... each) { return Function(std::forward<decltype(each)>(each)...); });
  }
  /// Adds a member function of `object`, which must outlive the registry and its copies. Blocking activities of one
  /// object run on several threads at once: it must be safe for that.
  template <auto Member, class Object>
    requires std::derived_from<Object, typename detail::signature_of<Member>::owner>
  registry& activity(Object& object) {
    return activity<Member>(object, name_of<Member>);
  }
  template <auto Member, class Object>
    requires std::derived_from<Object, typename detail::signature_of<Member>::owner>
  registry& activity(Object& object, std::string_view name) {
    return define<Member>(
        name, [&object](auto&&... each) { return (object.*Member)(std::forward<decltype(each)>(each)...); });
  }

  /// Adds a function that runs every activity which has no other: it takes (std::string type, rondo::payload_list
  /// arguments). There is one at most.
  template <auto Function>
    requires std::is_void_v<typename detail::signature_of<Function>::owner>
  registry& dynamic_activity() {
    return define_dynamic<Function>([](auto&&... each) { return Function(std::forward<decltype(each)>(each)...); });
  }
  /// Adds a member function of `object` so, which must outlive the registry and its copies.
  template <auto Member, class Object>
    requires std::derived_from<Object, typename detail::signature_of<Member>::owner>
  registry& dynamic_activity(Object& object) {
    return define_dynamic<Member>(
        [&object](auto&&... each) { return (object.*Member)(std::forward<decltype(each)>(each)...); });
  }

  /// Says that an activity must not be interrupted by the end of an invocation: an attempt is begun only when its
  /// start-to-close timeout fits into the time that is left, and is given back otherwise. Register it before.
  template <auto Function>
  registry& uninterruptible() {
    return uninterruptible(name_of<Function>);
  }
  registry& uninterruptible(std::string_view name) {
    const auto found = activities_.find(name);
    if (found == activities_.end()) {
      throw std::invalid_argument("activity '" + std::string(name) + "' is not registered, so it cannot be marked");
    }
    auto marked = *found->second;
    marked.uninterruptible = true;
    found->second = std::make_shared<const detail::run::activity_definition>(std::move(marked));
    return *this;
  }

  /// Lets a stand-in run in place of an activity, registered or not: `mock<charge_card>([](order o) { ... })`. It takes
  /// what the activity takes and returns what it returns, or a coroutine of that. For tests.
  template <auto Function, class Callable>
  registry& mock(Callable stand_in) {
    return replace<detail::signature_of<Function>>(name_of<Function>, std::move(stand_in));
  }
  /// The same for an activity of another program: `mock<receipt(order)>("ChargeCard", ...)`.
  template <class Signature, class Callable>
  registry& mock(std::string_view name, Callable stand_in) {
    return replace<detail::signature<Signature>>(name, std::move(stand_in));
  }

  /// Replaces every activity by what the function makes of its definition. For hosts.
  template <class Function>
  registry& change_activities(Function function) {
    for (auto& [name, each] : activities_) {
      each = std::make_shared<const detail::run::activity_definition>(function(*each));
    }
    if (any_activity_)
      any_activity_ = std::make_shared<const detail::run::activity_definition>(function(*any_activity_));
    return *this;
  }

  /// Adds a Nexus service, made with nexus_handlers of rondo/nexus.hpp.
  template <class Handlers>
    requires requires(const Handlers& handlers) { handlers.definition().operations; }
  registry& nexus_service(const Handlers& handlers) {
    if (handlers.definition().operations.empty()) {
      throw std::invalid_argument("Nexus service '" + handlers.definition().name + "' has no operations");
    }
    return insert(nexus_services_, "Nexus service", handlers.definition());
  }

  /// The workflow of that name, else the one for any; null when there is neither.
  const detail::run::workflow_definition* find_workflow(std::string_view name) const {
    const auto found = workflows_.find(name);
    return found == workflows_.end() ? any_workflow_.get() : found->second.get();
  }
  /// The workflow for any type; null when there is none.
  const detail::run::workflow_definition* find_dynamic_workflow() const noexcept { return any_workflow_.get(); }
  bool has_workflows() const noexcept { return !workflows_.empty() || any_workflow_ != nullptr; }
  /// As for workflows.
  const detail::run::activity_definition* find_activity(std::string_view name) const {
    const auto found = activities_.find(name);
    return found == activities_.end() ? any_activity_.get() : found->second.get();
  }
  const detail::run::activity_definition* find_dynamic_activity() const noexcept { return any_activity_.get(); }
  const detail::run::nexus_service_definition* find_nexus_service(std::string_view name) const {
    const auto found = nexus_services_.find(name);
    return found == nexus_services_.end() ? nullptr : found->second.get();
  }
  /// In alphabetical order.
  std::vector<std::string> workflow_names() const { return names(workflows_); }
  std::vector<std::string> activity_names() const { return names(activities_); }
  /// True when it can run some activity.
  bool has_activities() const noexcept { return !activities_.empty() || any_activity_ != nullptr; }
  std::vector<std::string> nexus_service_names() const { return names(nexus_services_); }

 private:
  template <class Definition>
  using table = std::map<std::string, std::shared_ptr<const Definition>, std::less<>>;

  template <auto Function, class Call>
  registry& define(std::string_view name, Call call) {
    using signature = detail::signature_of<Function>;
    static_assert(signature::takes_values || !detail::run::is_asio_awaitable<typename signature::raw>,
                  "an activity that is a coroutine takes its parameters by value: they must outlive its first await");
    return insert(activities_, "activity",
                  detail::run::define_activity<typename signature::args>(std::string(name), std::move(call)));
  }
  template <auto Function, class Call>
  registry& define_dynamic(Call call) {
    using signature = detail::signature_of<Function>;
    static_assert(std::same_as<typename signature::args, std::tuple<std::string, payload_list>>,
                  "a dynamic activity takes (std::string type, rondo::payload_list arguments)");
    static_assert(signature::takes_values || !detail::run::is_asio_awaitable<typename signature::raw>,
                  "an activity that is a coroutine takes its parameters by value: they must outlive its first await");
    if (any_activity_) throw std::invalid_argument("a registry has one dynamic activity at most");
    const auto with_type = [call](detail::run::raw_arguments all) {
      return call(activity::info().activity_type, std::move(all.list));
    };
    any_activity_ = std::make_shared<const detail::run::activity_definition>(
        detail::run::define_activity<std::tuple<detail::run::raw_arguments>>({}, with_type));
    return *this;
  }
  template <class Signature, class Callable>
  registry& replace(std::string_view name, Callable stand_in) {
    using parameters = typename Signature::args;
    constexpr bool takes_them = detail::run::stand_in_takes<Callable, parameters>;
    static_assert(takes_them, "the stand-in does not take the parameters of the activity");
    if constexpr (takes_them) {
      using wanted = detail::yielded_by<typename Signature::raw>;
      constexpr bool returns_it = detail::run::stand_in_returns<Callable, parameters, wanted>;
      static_assert(returns_it, "the stand-in does not return what the activity returns");
      if constexpr (returns_it) {
        check(name, "activity");
        activities_.insert_or_assign(std::string(name), std::make_shared<const detail::run::activity_definition>(
                                                            detail::run::define_stand_in<parameters, wanted>(
                                                                std::string(name), std::move(stand_in))));
      }
    }
    return *this;
  }
  static void change(detail::run::workflow_definition& definition, const workflow_registration& how) {
    if (how.versioning_behavior != rondo::versioning_behavior::unspecified) {
      definition.behavior = how.versioning_behavior;
    }
    if (!how.failure_exceptions.empty()) definition.failure_exceptions = how.failure_exceptions;
    definition.settings = how.settings;
  }
  registry& add(detail::run::workflow_definition definition, const workflow_registration& how = {}) {
    if (how.settings != nullptr) {
      throw std::invalid_argument("workflow '" + definition.name +
                                  "' has settings of its own: only a workflow for any "
                                  "type decides by the type of a run");
    }
    change(definition, how);
    for (const auto* kind : {&definition.signals, &definition.queries, &definition.updates}) {
      for (std::size_t index = 0; index < kind->size(); ++index) {
        const std::string& name = (*kind)[index].name;
        if (!name.empty()) check(name, "handler");
        for (std::size_t other = 0; other < index; ++other) {
          if ((*kind)[other].name != name) continue;
          throw std::invalid_argument("workflow '" + definition.name + "' declares two handlers " +
                                      (name.empty() ? "for any message of one kind" : "named '" + name + "'"));
        }
      }
    }
    return insert(workflows_, "workflow", std::move(definition));
  }
  registry& set_dynamic(detail::run::workflow_definition definition, const workflow_registration& how) {
    if (!how.name.empty()) throw std::invalid_argument("a workflow for any type has no name");
    change(definition, how);
    if (any_workflow_ != nullptr) throw std::invalid_argument("a workflow for any type is registered already");
    any_workflow_ = std::make_shared<const detail::run::workflow_definition>(std::move(definition));
    return *this;
  }
  template <class Definition>
  registry& insert(table<Definition>& into, const char* kind, Definition definition) {
    check(definition.name, kind);
    std::string name = definition.name;
    const auto [place, added] = into.try_emplace(std::move(name), nullptr);
    if (!added) throw std::invalid_argument(std::string(kind) + " '" + definition.name + "' is registered twice");
    place->second = std::make_shared<const Definition>(std::move(definition));
    return *this;
  }
  static void check(std::string_view name, const char* kind) {
    if (name.empty()) throw std::invalid_argument(std::string("a ") + kind + " needs a name");
    if (name.starts_with("__temporal_")) {
      throw std::invalid_argument(std::string(kind) + " '" + std::string(name) +
                                  "': names that begin with __temporal_ are reserved");
    }
  }
  template <class Definition>
  static std::vector<std::string> names(const table<Definition>& of) {
    std::vector<std::string> all;
    for (const auto& entry : of) all.push_back(entry.first);
    return all;
  }

  /// What error messages call the workflow for any type.
  static constexpr std::string_view any_name = "(any)";

  table<detail::run::workflow_definition> workflows_;
  std::shared_ptr<const detail::run::workflow_definition> any_workflow_;
  table<detail::run::activity_definition> activities_;
  std::shared_ptr<const detail::run::activity_definition> any_activity_;
  table<detail::run::nexus_service_definition> nexus_services_;
};

}  // namespace rondo
