#pragma once
#include <algorithm>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <google/protobuf/arena.h>
#include <temporal/api/protocol/v1/message.pb.h>
#include <temporal/api/update/v1/message.pb.h>

#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/engine/machine.hpp"
#include "rondo/detail/engine/update_machine.hpp"

namespace rondo::detail::engine {

namespace update_api = temporal::api::update::v1;
using temporal::api::protocol::v1::Message;

/// A request for an update, as it reaches the code: by a message of the task, or from the history.
struct update_request {
  const update_api::Request* request = nullptr;
  /// Comes after all events up to this one.
  std::int64_t after_event = 0;
  std::string message_id{};
};

/// The updates of a run: what was asked for, and the messages that say what became of it.
///
///     message of a task, UpdateAdmitted ──> request ──> handler ──> accept / reject ──> complete / fail
///     UpdateAccepted of the next completion, on replay ──┘             └── messages of the completion
class updates {
 public:
  explicit updates(machine_services& of) : run_(of) {}

  /// Begins a task. `arena` is null on replay.
  void begin(google::protobuf::Arena* arena) {
    arena_ = arena;
    requests_.clear();
    messages_.clear();
    answered_.clear();
  }

  /// A request that the history holds; the task that accepts it may say no more than its id.
  void admit(const HistoryEvent& event) {
    const auto& from = event.workflow_execution_update_admitted_event_attributes().request();
    const auto& id = from.meta().update_id();
    if (open_.contains(id)) return;
    auto& kept = admitted_[id];
    kept.request = from;
    kept.event_id = event.event_id();
    if (arena_ != nullptr) add({&kept.request, kept.event_id, id + "/request"});
  }
  /// A message of a live task. False: it is no request.
  bool ask(const Message& message) {
    auto* request = google::protobuf::Arena::CreateMessage<update_api::Request>(arena_);
    if (!message.body().UnpackTo(request)) return false;
    if (request->meta().update_id().empty()) request->mutable_meta()->set_update_id(message.protocol_instance_id());
    add({request, message.event_id(), message.id()});
    return true;
  }
  /// On replay: the task accepted this one.
  void expect(const HistoryEvent& event) {
    const auto& from = event.workflow_execution_update_accepted_event_attributes();
    const auto known = admitted_.find(from.protocol_instance_id());
    const bool by_history = !from.has_accepted_request() && known != admitted_.end();
    add({by_history ? &known->second.request : &from.accepted_request(), from.accepted_request_sequencing_event_id(),
         from.accepted_request_message_id()});
  }

  /// What the task asks for, in order.
  const std::vector<update_request>& requests() const noexcept { return requests_; }

  // What the code does with them
  void accept(std::string_view id) {
    const auto* asked = find(id);
    if (asked == nullptr) return;
    const std::string message_id = asked->message_id + "/accept";
    if (arena_ != nullptr) {
      update_api::Acceptance body;
      body.set_accepted_request_message_id(asked->message_id);
      body.set_accepted_request_sequencing_event_id(asked->after_event);
      *body.mutable_accepted_request() = *asked->request;
      say(message_id, id, body);
    }
    auto [place, added] = open_.try_emplace(std::string(id), run_, std::string(id));
    place->second.message_id = asked->message_id;
    place->second.meta = asked->request->meta();
    place->second.name = asked->request->input().name();
    if (added) place->second.machine.accept(message_id);
    forget_admitted(id);
  }
  void reject(std::string_view id, const std::exception_ptr& why) {
    const auto* asked = find(id);
    if (asked == nullptr || arena_ == nullptr) return;
    update_api::Rejection body;
    body.set_rejected_request_message_id(asked->message_id);
    body.set_rejected_request_sequencing_event_id(asked->after_event);
    *body.mutable_rejected_request() = *asked->request;
    write_failure(why, *body.mutable_failure(), run_.failures);
    say(asked->message_id + "/reject", id, body);
    forget_admitted(id);
  }
  void complete(std::string_view id, const run::encoder& result) {
    finish(id, [&](update_api::Outcome& outcome) {
      run_.encode(result, [&outcome] { return outcome.mutable_success(); });
    });
  }
  void fail(std::string_view id, const std::exception_ptr& error) {
    finish(id, [&](update_api::Outcome& outcome) { write_failure(error, *outcome.mutable_failure(), run_.failures); });
  }

  /// Of one that was accepted and is not over; empty for others.
  std::string_view name_of(std::string_view id) const noexcept {
    const auto found = open_.find(id);
    return found == open_.end() ? std::string_view() : std::string_view(found->second.name);
  }

  /// Puts the messages into a completion that lies on the arena of the task.
  void move_to(service::RespondWorkflowTaskCompletedRequest& to) {
    for (auto* each : messages_) to.mutable_messages()->UnsafeArenaAddAllocated(each);
    messages_.clear();
    arena_ = nullptr;
  }
  /// Forgets updates that are over in the history.
  void recycle() {
    std::erase_if(open_, [](const auto& each) { return each.second.machine.done(); });
  }

 private:
  struct admitted_update {
    update_api::Request request;
    std::int64_t event_id = 0;
  };
  struct open_update {
    open_update(machine_services& of, std::string id) : machine(of, std::move(id)) {}
    update_machine machine;
    std::string message_id, name;
    update_api::Meta meta;
  };

  /// Keeps the requests in the order of the events that they follow; those that follow the same one as they came. One
  /// that is known already is not asked again.
  void add(update_request what) {
    const auto& id = what.request->meta().update_id();
    if (open_.contains(id)) return;
    const auto same = [&id](const update_request& each) { return each.request->meta().update_id() == id; };
    if (std::any_of(requests_.begin(), requests_.end(), same)) return;
    const auto later = [&what](const update_request& each) { return each.after_event > what.after_event; };
    const auto place = std::find_if(requests_.begin(), requests_.end(), later);
    requests_.insert(place, std::move(what));
  }
  const update_request* find(std::string_view id) const noexcept {
    for (const auto& each : requests_) {
      if (each.request->meta().update_id() == id) return &each;
    }
    return nullptr;
  }
  void forget_admitted(std::string_view id) {
    // The request may lie in there: it is looked at until the end of the task.
    if (const auto found = admitted_.find(id); found != admitted_.end()) answered_.push_back(admitted_.extract(found));
  }
  template <class Body>
  void say(const std::string& message_id, std::string_view update_id, const Body& body) {
    auto* message = google::protobuf::Arena::CreateMessage<Message>(arena_);
    message->set_id(message_id);
    message->set_protocol_instance_id(std::string(update_id));
    message->mutable_body()->PackFrom(body);
    messages_.push_back(message);
  }
  template <class Write>
  void finish(std::string_view id, Write write) {
    const auto found = open_.find(id);
    if (found == open_.end()) return;
    const std::string message_id = found->second.message_id + "/complete";
    if (!found->second.machine.complete(message_id) || arena_ == nullptr) return;
    update_api::Response body;
    *body.mutable_meta() = found->second.meta;
    write(*body.mutable_outcome());
    say(message_id, id, body);
  }

  machine_services& run_;
  google::protobuf::Arena* arena_ = nullptr;
  std::vector<update_request> requests_;
  std::vector<Message*> messages_;
  std::map<std::string, admitted_update, std::less<>> admitted_;
  std::vector<std::map<std::string, admitted_update, std::less<>>::node_type> answered_;
  std::map<std::string, open_update, std::less<>> open_;
};

}  // namespace rondo::detail::engine
