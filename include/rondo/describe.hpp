#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "rondo/detail/run/definition.hpp"
#include "rondo/detail/run/nexus_definition.hpp"
#include "rondo/detail/run/schema_writer.hpp"
#include "rondo/detail/run/value_shape.hpp"
#include "rondo/registry.hpp"

// What a program offers, for programs in other languages.
namespace rondo {

/// The version of the format that `describe` writes.
inline constexpr int description_version = 1;

namespace detail::run {

/// Writes a registry in two passes: the types must have their names before anything refers to them.
class registry_description {
 public:
  explicit registry_description(const registry& of) : of_(of) {
    for (const auto& name : of.workflow_names()) collect(*of.find_workflow(name));
    if (const auto* any = of.find_dynamic_workflow()) collect(*any);
    for (const auto& name : of.activity_names()) collect(of.find_activity(name)->shape);
    for (const auto& name : of.nexus_service_names()) {
      for (const auto& [operation, each] : of.find_nexus_service(name)->operations) collect(each.shape);
    }
    types_.name_types();
  }

  std::string text() const {
    json_members all;
    all.add("rondo", std::to_string(description_version));
    std::vector<std::string> workflows, activities;
    for (const auto& name : of_.workflow_names()) workflows.push_back(workflow(name, *of_.find_workflow(name)));
    if (const auto* any = of_.find_dynamic_workflow()) workflows.push_back(workflow({}, *any));
    for (const auto& name : of_.activity_names())
      activities.push_back(named_call(name, of_.find_activity(name)->shape));
    if (of_.find_dynamic_activity() != nullptr) activities.push_back(named_call({}, nullptr));
    all.add("workflows", json_list(workflows));
    all.add("activities", json_list(activities));
    std::vector<std::string> services;
    for (const auto& name : of_.nexus_service_names()) services.push_back(service(*of_.find_nexus_service(name)));
    if (!services.empty()) all.add("nexus_services", json_list(services));
    all.add("$defs", types_.definitions());
    return in_lines(all.object()) + "\n";
  }

 private:
  void collect(const call_shape* call) {
    if (call != nullptr) types_.add(*call);
  }
  void collect(const workflow_definition& workflow) {
    collect(workflow.shape);
    for (const auto* kind : {&workflow.signals, &workflow.queries, &workflow.updates}) {
      for (const auto& each : *kind) collect(each.shape);
    }
  }

  /// An empty name: it runs, or takes, what nobody else does.
  static void add_name(json_members& to, std::string_view name) {
    if (name.empty()) {
      to.add("dynamic", "true");
    } else {
      to.add_text("name", name);
    }
  }
  void add_call(json_members& to, const call_shape* call, bool has_result) const {
    if (call == nullptr) return;
    std::vector<std::string> arguments;
    for (const auto each : call->arguments) arguments.push_back(types_.schema(each()));
    to.add("arguments", json_list(arguments));
    if (has_result) to.add("result", types_.schema(call->result()));
  }
  void add_handlers(json_members& to, std::string_view key, const handler_definitions& all, bool have_results) const {
    if (all.empty()) return;
    std::vector<std::string> made;
    for (const auto& each : all) {
      json_members members;
      add_name(members, each.name);
      if (!each.description.empty()) members.add_text("description", each.description);
      add_call(members, each.shape, have_results);
      made.push_back(members.object());
    }
    to.add(key, json_list(made));
  }
  std::string workflow(std::string_view name, const workflow_definition& definition) const {
    json_members to;
    add_name(to, name);
    add_call(to, definition.shape, true);
    add_handlers(to, "signals", definition.signals, false);
    add_handlers(to, "queries", definition.queries, true);
    add_handlers(to, "updates", definition.updates, true);
    return to.object();
  }
  /// An activity or a Nexus operation.
  std::string named_call(std::string_view name, const call_shape* call) const {
    json_members to;
    add_name(to, name);
    add_call(to, call, true);
    return to.object();
  }

  std::string service(const nexus_service_definition& definition) const {
    json_members to;
    to.add_text("name", definition.name);
    std::vector<std::string> operations;
    for (const auto& [name, each] : definition.operations) operations.push_back(named_call(name, each.shape));
    to.add("operations", json_list(operations));
    return to.object();
  }

  const registry& of_;
  schema_writer types_;
};

}  // namespace detail::run

/// The workflows, activities and Nexus services of a registry as JSON text: their names, and the types of their
/// arguments, results and handlers as JSON Schema, as the converter reads and writes them. `rondo-stubs` makes typed
/// calls in other languages of it; docs/stubs.md tells the format. The same registry gives the same text. Handlers that
/// a workflow sets while it runs are not in it.
inline std::string describe(const registry& of) { return detail::run::registry_description(of).text(); }

}  // namespace rondo
