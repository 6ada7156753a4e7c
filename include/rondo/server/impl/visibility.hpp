#pragma once

#include "rondo/server/visibility.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rondo/server/describe.hpp"
#include "rondo/server/frontend.hpp"
#include "rondo/server/namespaces.hpp"
#include "rondo/server/refusal.hpp"
#include "rondo/server/run_status.hpp"
#include "rondo/server/visibility_filter.hpp"

namespace rondo::server {

namespace detail_visibility {

namespace service = temporal::api::workflowservice::v1;

inline visibility_place place_of(const state::Run& of) {
  return {is_open_status(of.status()) ? never : of.close_time(), of.start_time(), of.run_id()};
}

/// Before all runs.
inline visibility_place beginning() { return {never, never, {}}; }

/// The place of a serialized closed run, without reading the rest of it.
inline visibility_place place_in(std::string_view state) {
  using google::protobuf::internal::WireFormatLite;
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const std::uint8_t*>(state.data()),
                                               static_cast<int>(state.size()));
  visibility_place place{0, 0, {}};
  while (const std::uint32_t tag = input.ReadTag()) {
    const int field = WireFormatLite::GetTagFieldNumber(tag);
    std::uint64_t value = 0;
    bool read = true;
    if (field > state::Run::kCloseTimeFieldNumber) break;
    if (field == state::Run::kRunIdFieldNumber) {
      read = WireFormatLite::ReadString(&input, &place.run_id);
    } else if (field == state::Run::kStartTimeFieldNumber) {
      read = input.ReadVarint64(&value);
      place.start_time = static_cast<instant>(value);
    } else if (field == state::Run::kCloseTimeFieldNumber) {
      read = input.ReadVarint64(&value);
      place.close_time = static_cast<instant>(value);
    } else {
      read = WireFormatLite::SkipField(&input, tag);
    }
    if (!read) break;
  }
  return place;
}

/// Tokens say after which run to go on, so that changes of what is before it do no harm: "close start run-id".
inline std::string write_token(const visibility_place& last) {
  return std::to_string(last.close_time) + " " + std::to_string(last.start_time) + " " + last.run_id;
}

inline visibility_place read_token(std::string_view token) {
  if (token.empty()) return beginning();
  visibility_place place;
  const char* const end = token.data() + token.size();
  const auto close = std::from_chars(token.data(), end, place.close_time);
  if (close.ec == std::errc{} && close.ptr != end && *close.ptr == ' ') {
    const auto start = std::from_chars(close.ptr + 1, end, place.start_time);
    if (start.ec == std::errc{} && start.ptr != end && *start.ptr == ' ') {
      place.run_id.assign(start.ptr + 1, end);
      return place;
    }
  }
  throw refusal(rpc_code::invalid_argument, "Invalid NextPageToken.");
}

inline visibility_filter make_filter(const name_space& space, const std::string& query) {
  return visibility_filter(query, [&space](std::string_view name) { return namespaces::attribute_type(space, name); });
}

inline void each_match(core& in, const name_space& space, const visibility_filter& filter,
                       const visibility_place& after, const std::function<bool(const state::Run&)>& visit) {
  bool more = true;
  const auto look = [&](const state::Run& each) {
    if (filter.matches(each)) more = visit(each);
    return more;
  };
  if (filter.may_match_open() && after.close_time == never) in.visibility().each_open(space, after, look);
  if (more && filter.may_match_closed()) in.visibility().each_closed(space, after, look);
}

inline service::ListWorkflowExecutionsResponse list(core& in, service::ListWorkflowExecutionsRequest& request) {
  const name_space& space = in.namespaces().get(request.namespace_());
  const visibility_filter filter = make_filter(space, request.query());
  if (filter.grouped()) {
    throw refusal(rpc_code::invalid_argument, "invalid query: operation is not supported: 'group by' clause");
  }
  const int most = in.limit().visibility_page;
  const int size = request.page_size() <= 0 || request.page_size() > most ? most : request.page_size();
  service::ListWorkflowExecutionsResponse response;
  visibility_place last;
  each_match(in, space, filter, read_token(request.next_page_token()), [&](const state::Run& each) {
    describe_row(each, *response.add_executions());
    if (response.executions_size() < size) return true;
    last = place_of(each);
    return false;
  });
  if (response.executions_size() == size) response.set_next_page_token(write_token(last));
  return response;
}

/// "WORKFLOW_EXECUTION_STATUS_TIMED_OUT" as "TimedOut".
inline std::string short_name(enums::WorkflowExecutionStatus status) {
  constexpr std::string_view prefix = "WORKFLOW_EXECUTION_STATUS_";
  const std::string& full = enums::WorkflowExecutionStatus_Name(status);
  std::string made;
  bool upper = true;
  for (const char c : std::string_view(full).substr(std::min(prefix.size(), full.size()))) {
    if (c != '_') made += upper || c < 'A' || c > 'Z' ? c : static_cast<char>(c - 'A' + 'a');
    upper = c == '_';
  }
  return made;
}

inline service::CountWorkflowExecutionsResponse count(core& in, service::CountWorkflowExecutionsRequest& request) {
  const name_space& space = in.namespaces().get(request.namespace_());
  const visibility_filter filter = make_filter(space, request.query());
  std::map<int, std::int64_t> by_status;
  each_match(in, space, filter, beginning(), [&by_status](const state::Run& each) {
    ++by_status[each.status()];
    return true;
  });
  service::CountWorkflowExecutionsResponse response;
  std::int64_t total = 0;
  for (const auto& [status, number] : by_status) {
    total += number;
    if (!filter.grouped()) continue;
    auto& group = *response.add_groups();
    group.set_count(number);
    auto& value = *group.add_group_values();
    (*value.mutable_metadata())["encoding"] = "json/plain";
    (*value.mutable_metadata())["type"] = "Keyword";
    value.set_data("\"" + short_name(static_cast<enums::WorkflowExecutionStatus>(status)) + "\"");
  }
  response.set_count(total);
  return response;
}

}  // namespace detail_visibility

struct visibility::impl {
  using open_runs = std::map<visibility_place, const run*>;

  core* owner = nullptr;
  std::unordered_map<std::string, open_runs> open;  // by namespace id
};

RONDO_SERVER_FUNCTION visibility::visibility(core& owner) : impl_(std::make_unique<impl>()) { impl_->owner = &owner; }

RONDO_SERVER_FUNCTION visibility::~visibility() = default;

RONDO_SERVER_FUNCTION void visibility::update(const run& of) {
  // Its row is made of the run whenever somebody asks; only its place has to be known.
  if (!of.open()) return remove(of);
  impl_->open[of.state.namespace_id()].insert_or_assign(detail_visibility::place_of(of.state), &of);
}

RONDO_SERVER_FUNCTION void visibility::remove(const run& of) {
  const auto found = impl_->open.find(of.state.namespace_id());
  if (found == impl_->open.end()) return;
  visibility_place place = detail_visibility::place_of(of.state);
  place.close_time = never;
  found->second.erase(place);
  if (found->second.empty()) impl_->open.erase(found);
}

RONDO_SERVER_FUNCTION void visibility::each_open(const name_space& in, const visibility_place& after,
                                                 const std::function<bool(const state::Run&)>& visit) const {
  const auto found = impl_->open.find(in.id());
  if (found == impl_->open.end()) return;
  for (auto each = found->second.upper_bound(after); each != found->second.end(); ++each) {
    if (!visit(each->second->state)) return;
  }
}

RONDO_SERVER_FUNCTION void visibility::each_closed(const name_space& in, const visibility_place& after,
                                                   const std::function<bool(const state::Run&)>& visit) const {
  // The store's order is that of the close times alone: runs that closed at the same time are put in order here.
  std::vector<std::pair<visibility_place, std::string>> together;
  state::Run row;
  const auto flush = [&] {
    const auto earlier = [](const auto& a, const auto& b) { return a.first < b.first; };
    if (together.size() > 1) std::sort(together.begin(), together.end(), earlier);
    bool more = true;
    for (const auto& [place, stored] : together) {
      if (more && row.ParseFromString(stored)) more = visit(row);
    }
    together.clear();
    return more;
  };
  bool more = true;
  impl_->owner->store().each_closed(in.id(), after.close_time, [&](std::string_view stored) {
    visibility_place place = detail_visibility::place_in(stored);
    if (!together.empty() && together.front().first.close_time != place.close_time) more = flush();
    if (!more) return false;
    if (after < place && !impl_->owner->is_removed(place.run_id)) together.emplace_back(std::move(place), stored);
    return true;
  });
  if (more) flush();
}

RONDO_SERVER_FUNCTION void serve_visibility(frontend& at) {
  using namespace detail_visibility;
  at.on<service::ListWorkflowExecutionsRequest>("ListWorkflowExecutions", list);
  at.on<service::CountWorkflowExecutionsRequest>("CountWorkflowExecutions", count);
}

}  // namespace rondo::server
