#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tools/stubs/description.hpp"

// In which order definitions can be written where a name must stand before its use.
namespace rondo::tools::stubs {

class definition_order {
 public:
  explicit definition_order(const description& of) : of_(of) {
    for (const auto& [name, each] : of.definitions) visit(name);
  }

  /// What a definition holds comes before it, if possible.
  const std::vector<std::string>& order() const noexcept { return order_; }
  /// True when a value of the definition `inside` may hold, somewhere, one of the definition `name`.
  bool reaches(const std::string& inside, const std::string& name) const {
    std::set<std::string> met;
    return reaches(inside, name, met);
  }
  /// Throws stub_error for definitions that no language can write: values of one would hold another without end, or it
  /// is a mere name for something that it is itself a part of.
  void require_finite() const {
    for (const auto& [name, each] : of_.definitions) {
      std::set<std::string> met, names;
      if (holds(each, name, met)) throw stub_error("$defs." + name + ": a value of it would hold another without end");
      if (each.kind != kind::object && names_itself(each, name, names)) {
        throw stub_error("$defs." + name + ": it is a part of itself and no object");
      }
    }
  }

 private:
  template <class Function>
  static void each_part(const type& of, Function function) {
    for (const auto& each : of.parts) function(each);
  }
  void visit(const std::string& name) {
    if (!visited_.insert(name).second) return;
    visit_parts(of_.definitions.at(name), name, true);
    visit_parts(of_.definitions.at(name), name, false);
    order_.push_back(name);
  }
  /// What each value of the definition `holder` holds must come before it; what it may hold should, unless that leads
  /// back to it.
  void visit_parts(const type& of, const std::string& holder, bool held) {
    if (of.kind == kind::reference && (held || !reaches(of.name, holder))) visit(of.name);
    if (held && may_be_without(of)) return;
    each_part(of, [&](const type& part) { visit_parts(part, holder, held); });
  }
  static bool may_be_without(const type& of) {
    return of.kind == kind::optional || of.kind == kind::list || of.kind == kind::map;
  }
  bool reaches(const std::string& inside, const std::string& name, std::set<std::string>& met) const {
    return met.insert(inside).second && mentions(of_.definitions.at(inside), name, met);
  }
  bool mentions(const type& of, const std::string& name, std::set<std::string>& met) const {
    if (of.kind == kind::reference) return of.name == name || reaches(of.name, name, met);
    bool found = false;
    each_part(of, [&](const type& part) { found = found || mentions(part, name, met); });
    return found;
  }
  /// As mentions(), but only what is there in every value.
  bool holds(const type& of, const std::string& name, std::set<std::string>& met) const {
    if (of.kind == kind::reference) {
      return of.name == name || (met.insert(of.name).second && holds(of_.definitions.at(of.name), name, met));
    }
    if (may_be_without(of)) return false;
    bool found = false;
    each_part(of, [&](const type& part) { found = found || holds(part, name, met); });
    return found;
  }

  bool names_itself(const type& of, const std::string& name, std::set<std::string>& met) const {
    if (of.kind == kind::reference) {
      const type& target = of_.definitions.at(of.name);
      return of.name == name ||
             (target.kind != kind::object && met.insert(of.name).second && names_itself(target, name, met));
    }
    bool found = false;
    each_part(of, [&](const type& part) { found = found || names_itself(part, name, met); });
    return found;
  }

  const description& of_;
  std::set<std::string> visited_;
  std::vector<std::string> order_;
};

}  // namespace rondo::tools::stubs
