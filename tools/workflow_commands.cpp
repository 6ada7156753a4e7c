#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <string>

#include "tools/cli.hpp"
#include "tools/commands.hpp"
#include "tools/printer.hpp"
#include "tools/session.hpp"
#include "tools/workflow_history.hpp"
#include "tools/workflow_requests.hpp"
#include "tools/workflow_views.hpp"

namespace rondo::tools {
namespace {

struct list_command {
  common_flags common;
  std::string query;
  int limit = 0, page_size = 0;
};
struct one_workflow_command {
  common_flags common;
  workflow_flags workflow;
  std::string reason;
  bool follow = false, detailed = false;
};
struct start_command {
  common_flags common;
  start_flags start;
};
struct signal_command {
  common_flags common;
  workflow_flags workflow;
  std::string name;
  input_options input;
};
struct query_command {
  common_flags common;
  workflow_flags workflow;
  query_flags query;
};

std::string named(const std::string& action, const workflow_flags& workflow) {
  return action + " workflow '" + workflow.workflow_id + "'";
}

template <class Request>
Request& addressed(Request& request, const session& by) {
  request.set_namespace_(by.namespace_());
  if constexpr (requires { request.set_identity(by.identity()); }) request.set_identity(by.identity());
  return request;
}

void run_list(const list_command& flags) {
  const printer to(std::cout, flags.common);
  if (flags.limit < 0) throw command_error("--limit must not be negative");
  if (flags.page_size < 0) throw command_error("--page-size must not be negative");
  session server(flags.common);
  service::ListWorkflowExecutionsRequest request;
  addressed(request, server).set_query(flags.query);
  auto rows = workflow_table();
  json_list list(to);
  const proto_json json(to.payloads());
  constexpr int largest_page = 1000;
  int left = flags.limit;
  do {
    request.set_page_size(flags.page_size);
    if (flags.limit > 0) request.set_page_size(std::min(left, flags.page_size == 0 ? largest_page : flags.page_size));
    const auto page =
        server.call<service::ListWorkflowExecutionsResponse>("list workflows", "ListWorkflowExecutions", request);
    for (const auto& info : page.executions()) {
      if (flags.limit > 0 && left-- <= 0) break;
      if (to.is_text()) rows.add(workflow_row(info, to.times()));
      if (to.is_json()) list.add(json.line(info));
    }
    request.set_next_page_token(page.next_page_token());
  } while (!request.next_page_token().empty() && (flags.limit == 0 || left > 0));
  list.finish();
  to.text(rows.take_all());
}

void run_describe(const one_workflow_command& flags) {
  const printer to(std::cout, flags.common);
  session server(flags.common);
  service::DescribeWorkflowExecutionRequest request;
  set_execution(flags.workflow, *addressed(request, server).mutable_execution());
  const auto found = server.call<service::DescribeWorkflowExecutionResponse>(named("describe", flags.workflow),
                                                                             "DescribeWorkflowExecution", request);
  to.message(found);
  if (!to.is_text()) return;
  to.text(description_text(found, server.namespace_(), to.times()));
  if (found.workflow_execution_info().status() == enums::WORKFLOW_EXECUTION_STATUS_RUNNING) return;
  const auto& execution = found.workflow_execution_info().execution();
  to.text("\n" + ending_text(wait_close_event(server, {execution.workflow_id(), execution.run_id()})));
}

void run_show(const one_workflow_command& flags) {
  const printer to(std::cout, flags.common);
  session server(flags.common);
  history_reader reader(server, flags.workflow);
  temporal::api::history::v1::History all;
  HistoryEvent last;
  event_table rows(to);
  if (flags.follow && to.is_text()) reader.follow();
  reader.each_page([&](const temporal::api::history::v1::History& page) {
    if (!to.is_text()) {
      all.MergeFrom(page);
      return;
    }
    if (page.events_size() > 0) last = page.events(page.events_size() - 1);
    if (!flags.detailed) return rows.print(page);
    for (const auto& event : page.events()) to.text(event_section(event, to.times()));
  });
  // Replayers read full payloads only.
  to.message_in(all, payload_style::full);
  if (!ending_of(last).status.empty()) to.text("\n" + ending_text(last));
}

void run_start(const start_command& flags) {
  const printer to(std::cout, flags.common);
  auto request = start_request(flags.start);
  session server(flags.common);
  const workflow_flags id{request.workflow_id(), {}};
  const auto started = server.call<service::StartWorkflowExecutionResponse>(
      named("start", id), "StartWorkflowExecution", addressed(request, server));
  json_object object;
  object.add("workflowId", id.workflow_id);
  object.add("runId", started.run_id());
  object.add("type", flags.start.type);
  object.add("namespace", server.namespace_());
  object.add("taskQueue", flags.start.task_queue);
  to.json(object.line());
  property_list list;
  list.add("WorkflowId", id.workflow_id);
  list.add("RunId", started.run_id());
  list.add("Type", flags.start.type);
  list.add("Namespace", server.namespace_());
  list.add("TaskQueue", flags.start.task_queue);
  to.text("Running execution:\n" + list.text());
}

void run_signal(const signal_command& flags) {
  const printer to(std::cout, flags.common);
  auto request = signal_request(flags.workflow, flags.name, flags.input);
  session server(flags.common);
  server.call<service::SignalWorkflowExecutionResponse>(named("signal", flags.workflow), "SignalWorkflowExecution",
                                                        addressed(request, server));
  to.text("Signal workflow succeeded\n");
}

void run_query(const query_command& flags) {
  const printer to(std::cout, flags.common);
  auto request = query_request(flags.workflow, flags.query);
  session server(flags.common);
  const std::string action = "query '" + flags.query.name + "' of workflow '" + flags.workflow.workflow_id + "'";
  const auto reply = server.try_call<service::QueryWorkflowResponse>("QueryWorkflow", addressed(request, server));
  if (!reply.status.ok()) server.fail(action, reply.status, "does a worker poll the workflow's task queue?");
  if (reply.response.has_query_rejected()) {
    throw command_error(action + " was rejected: the workflow's status is " +
                        status_text(reply.response.query_rejected().status()));
  }
  json_object object;
  object.add_json("queryResult", proto_json(to.payloads()).line(reply.response.query_result()));
  to.json(object.line());
  property_list list;
  list.add("QueryResult", payloads_text(reply.response.query_result()));
  to.text("Query result:\n" + list.text());
}

void run_cancel(const one_workflow_command& flags) {
  const printer to(std::cout, flags.common);
  auto request = cancel_request(flags.workflow, flags.reason);
  session server(flags.common);
  server.call<service::RequestCancelWorkflowExecutionResponse>(
      named("cancel", flags.workflow), "RequestCancelWorkflowExecution", addressed(request, server));
  to.text("Canceled workflow\n");
}

void run_terminate(const one_workflow_command& flags) {
  const printer to(std::cout, flags.common);
  session server(flags.common);
  auto request = terminate_request(flags.workflow,
                                   flags.reason.empty() ? "Requested from CLI by " + server.identity() : flags.reason);
  server.call<service::TerminateWorkflowExecutionResponse>(named("terminate", flags.workflow),
                                                           "TerminateWorkflowExecution", addressed(request, server));
  to.text("Workflow terminated\n");
}

std::string current_run(session& server, const workflow_flags& of) {
  service::DescribeWorkflowExecutionRequest request;
  set_execution(of, *addressed(request, server).mutable_execution());
  const auto found = server.call<service::DescribeWorkflowExecutionResponse>(named("result of", of),
                                                                             "DescribeWorkflowExecution", request);
  return found.workflow_execution_info().execution().run_id();
}

void run_result(const one_workflow_command& flags) {
  const printer to(std::cout, flags.common);
  session server(flags.common);
  workflow_flags run = flags.workflow;
  if (run.run_id.empty()) run.run_id = current_run(server, run);
  HistoryEvent last = wait_close_event(server, run);
  while (!rondo::detail::calls::successor_of(last).empty()) {
    run.run_id = rondo::detail::calls::successor_of(last);
    last = wait_close_event(server, run);
  }
  to.json(ending_json(last, run, run.run_id, to.payloads()));
  to.text(ending_text(last));
  const ending end = ending_of(last);
  if (!end.problem.empty()) throw command_error(named("", flags.workflow).substr(1) + " " + end.problem);
}

void add_workflow_flags(CLI::App& app, workflow_flags& to) {
  app.add_option("-w,--workflow-id", to.workflow_id, "Workflow id")->required()->type_name("ID");
  app.add_option("-r,--run-id", to.run_id, "Run id; the latest run if not given")->type_name("ID");
}

void add_list(CLI::App& to, chosen_command& chosen) {
  auto [app, flags] = add_command<list_command>(to, "list", "List workflows", chosen, run_list);
  app->add_option("-q,--query", flags->query, "Which ones: WorkflowType = 'order' AND ExecutionStatus = 'Running'")
      ->type_name("FILTER");
  app->add_option("--limit", flags->limit, "Show at most so many")->type_name("NUMBER");
  app->add_option("--page-size", flags->page_size, "Ask the server for so many at a time")->type_name("NUMBER");
}

/// A command about one workflow, without flags of its own.
one_workflow_command& add_one(CLI::App& to, chosen_command& chosen, const char* name, const char* what,
                              void (*run)(const one_workflow_command&), CLI::App** made = nullptr) {
  auto [app, flags] = add_command<one_workflow_command>(to, name, what, chosen, run);
  add_workflow_flags(*app, flags->workflow);
  if (made) *made = app;
  return *flags;
}

void add_show(CLI::App& to, chosen_command& chosen) {
  CLI::App* app = nullptr;
  auto& flags = add_one(to, chosen, "show", "Show the history of a workflow; -o json can be replayed", run_show, &app);
  app->add_flag("-f,--follow", flags.follow, "Go on showing events until the workflow ends (text only)");
  app->add_flag("--detailed", flags.detailed, "Show events with all their attributes (text only)");
}

void add_start(CLI::App& to, chosen_command& chosen) {
  auto [app, command] = add_command<start_command>(to, "start", "Start a workflow", chosen, run_start);
  auto& flags = command->start;
  app->add_option("-w,--workflow-id", flags.workflow_id, "Workflow id; random if not given")->type_name("ID");
  app->add_option("--type,--name", flags.type, "Workflow type")->required()->type_name("NAME");
  app->add_option("-t,--task-queue", flags.task_queue, "Task queue")->required()->type_name("NAME");
  add_input_flags(*app, flags.input);
  app->add_option("--id-reuse-policy", flags.id_reuse_policy,
                  "If a closed workflow had the id: AllowDuplicate, AllowDuplicateFailedOnly, RejectDuplicate, "
                  "TerminateIfRunning")
      ->type_name("POLICY");
  app->add_option("--id-conflict-policy", flags.id_conflict_policy,
                  "If a running workflow has the id: Fail, UseExisting, TerminateExisting")
      ->type_name("POLICY");
  app->add_flag("--fail-existing", flags.fail_existing, "Fail if a running workflow has the id");
  const auto duration = [app = app](const char* name, std::string& value, const char* what) {
    app->add_option(name, value, what)->type_name("DURATION");
  };
  duration("--execution-timeout", flags.execution_timeout, "Longest time of all runs together");
  duration("--run-timeout", flags.run_timeout, "Longest time of one run");
  duration("--task-timeout", flags.task_timeout, "Longest time of one workflow task; 10s if not given");
  duration("--start-delay", flags.start_delay, "How long the first workflow task waits");
  app->add_option("--cron", flags.cron, "Run again and again, such as '0 12 * * *'")->type_name("SCHEDULE");
  add_repeated(*app, "--search-attribute", flags.search_attributes, "A search attribute; may be given many times")
      ->type_name("KEY=JSON");
  add_repeated(*app, "--memo", flags.memo, "An entry of the memo; may be given many times")->type_name("KEY=JSON");
  app->add_option("--static-summary", flags.static_summary, "One line about it for people")->type_name("TEXT");
  app->add_option("--static-details", flags.static_details, "Lines about it for people")->type_name("TEXT");
  app->add_option("--priority-key", flags.priority_key, "Priority of its tasks, 1 (first) to 5")->type_name("NUMBER");
}

void add_signal(CLI::App& to, chosen_command& chosen) {
  auto [app, flags] = add_command<signal_command>(to, "signal", "Send a signal to a workflow", chosen, run_signal);
  add_workflow_flags(*app, flags->workflow);
  app->add_option("--name,--type", flags->name, "Signal name")->required()->type_name("NAME");
  add_input_flags(*app, flags->input);
}

void add_query(CLI::App& to, chosen_command& chosen) {
  auto [app, flags] = add_command<query_command>(to, "query", "Query a workflow", chosen, run_query);
  add_workflow_flags(*app, flags->workflow);
  app->add_option("--name,--type", flags->query.name, "Query name")->required()->type_name("NAME");
  app->add_option("--reject-condition", flags->query.reject_condition,
                  "Refuse if the workflow is not_open or not_completed_cleanly")
      ->type_name("CONDITION");
  add_input_flags(*app, flags->query.input);
}

void add_cancel_and_terminate(CLI::App& to, chosen_command& chosen) {
  CLI::App* app = nullptr;
  auto& cancel = add_one(to, chosen, "cancel", "Ask a workflow to cancel itself", run_cancel, &app);
  app->add_option("--reason", cancel.reason, "Reason, kept in the history")->type_name("TEXT");
  auto& terminate = add_one(to, chosen, "terminate", "End a workflow at once", run_terminate, &app);
  app->add_option("--reason", terminate.reason, "Reason, kept in the history")->type_name("TEXT");
}

}  // namespace

void add_workflow_commands(CLI::App& to, chosen_command& chosen) {
  auto* group = to.add_subcommand("workflow", "Start workflows, look at them, talk to them");
  add_list(*group, chosen);
  add_one(*group, chosen, "describe", "Show what the server knows about a workflow", run_describe);
  add_show(*group, chosen);
  add_start(*group, chosen);
  add_signal(*group, chosen);
  add_query(*group, chosen);
  add_cancel_and_terminate(*group, chosen);
  add_one(*group, chosen, "result", "Wait for the result of a workflow and print it", run_result);
}

}  // namespace rondo::tools
