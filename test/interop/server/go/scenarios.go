package main

import (
	"fmt"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
)

// scenarios holds every scenario under its name.
var scenarios = map[string]func(*scenario){
	"id_reuse": idReuse, "id_conflict": idConflict, "start_delay": startDelay, "cron": cron, "workflow_retry": workflowRetry,
	"workflow_timeouts": workflowTimeouts, "eager_start": eagerStart, "signal_with_start": signalWithStart,
	"terminate_and_cancel": terminateAndCancel, "queries": queries, "updates": updates, "update_with_start": updateWithStart,
	"activity_retries": activityRetries, "activity_timeouts": activityTimeouts, "activity_cancel": activityCancel,
	"activity_outside": activityOutside, "timers": timers, "children": children, "parent_close": parentClose,
	"external": external, "continue_as_new": continueAsNew, "markers": markersScenario, "local_activities": localActivitiesScenario,
	"local_heartbeat": localHeartbeat, "reset": reset, "delete": deleteScenario, "describe": describeScenario,

	"task_timeout": taskTimeout, "task_failures": taskFailures, "bad_commands": badCommands, "unhandled_command": unhandledCommand,
	"buffered_order": bufferedOrder, "cancel_fired_timer": cancelFiredTimer, "sticky": sticky, "raw_queries": rawQueries,
	"raw_updates": rawUpdates, "task_heartbeat": taskHeartbeat, "stale_tokens": staleTokens, "raw_activity": rawActivity,
	"history_pages": historyPages, "bad_requests": badRequests, "start_options": startOptions,

	"namespaces": namespaces, "search_attributes": searchAttributes, "list_and_count": listAndCount,
	"describe_task_queue": describeTaskQueue, "deployments": deployments, "system_info": systemInfo,
}

func idReuse(s *scenario) {
	run := s.start("done", "echo", "one")
	s.result("first", run)
	again := s.options("done")
	again.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
	_, err := s.client.ExecuteWorkflow(s.ctx, again, "echo", "two")
	s.noteError("reject duplicate", err)
	again.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY
	_, err = s.client.ExecuteWorkflow(s.ctx, again, "echo", "two")
	s.noteError("failed only, after success", err)
	again.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	s.result("allow", s.startWith(again, "failAlways", "final"))
	again.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY
	last := s.startWith(again, "echo", "three")
	s.result("failed only, after failure", last)
	s.history("last", last.GetID(), last.GetRunID())
}

func idConflict(s *scenario) {
	first := s.start("busy", "board", []string{"first"})
	s.settled(first.GetID())
	options := s.options("busy")
	_, err := s.client.ExecuteWorkflow(s.ctx, options, "board", []string{"second"})
	s.noteError("fail", err)
	options.WorkflowIDConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
	same := s.startWith(options, "board", []string{"third"})
	s.note("use existing gives the same run", same.GetRunID() == first.GetRunID())
	options.WorkflowIDConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING
	other := s.startWith(options, "board", []string{"fourth"})
	s.note("terminate existing gives another run", other.GetRunID() != first.GetRunID())
	s.settled(other.GetID())
	s.signal(other.GetID(), "done", nil)
	s.result("result", other)
	s.history("terminated", first.GetID(), first.GetRunID())
	s.history("its successor", other.GetID(), other.GetRunID())
	options = s.options("conflicting policies")
	options.WorkflowIDConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING
	options.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
	_, err = s.client.ExecuteWorkflow(s.ctx, options, "echo", "x")
	s.noteError("terminate existing with reject duplicate", err)
}

func startDelay(s *scenario) {
	options := s.options("delayed")
	options.StartDelay = 700 * time.Millisecond
	since := time.Now()
	run := s.startWith(options, "echo", "late")
	s.result("result", run)
	s.note("waited", time.Since(since) >= options.StartDelay)
	s.history("delayed", run.GetID(), "")
	options = s.options("signalled")
	options.StartDelay = 30 * time.Second
	early := s.startWith(options, "board", []string{})
	s.signal(early.GetID(), "done", nil)
	s.note("a signal does not start it", s.describe(early.GetID(), "").PendingWorkflowTask == nil)
	s.note("pending", len(s.history("signalled", early.GetID(), "").Events))
	s.terminate(early.GetID())
}

func cron(s *scenario) {
	options := s.options("counter")
	options.CronSchedule = "@every 1s"
	run := s.startWith(options, "count")
	first := run.GetRunID()
	s.until(run.GetID(), func(d *description) bool { return d.WorkflowExecutionInfo.Execution.RunId != first })
	second := s.describe(run.GetID(), "").WorkflowExecutionInfo.Execution.RunId
	s.eventually(func() bool { return s.describe(run.GetID(), "").WorkflowExecutionInfo.Execution.RunId != second })
	s.terminate(run.GetID())
	s.history("first", run.GetID(), first)
	s.history("second", run.GetID(), second)
	options = s.options("bad")
	options.CronSchedule = "not a schedule"
	_, err := s.client.ExecuteWorkflow(s.ctx, options, "count")
	s.noteError("bad schedule", err)
	failing := s.options("failing")
	failing.CronSchedule = "@every 1s"
	run = s.startWith(failing, "failAlways", "final")
	first = run.GetRunID()
	s.until(run.GetID(), func(d *description) bool { return d.WorkflowExecutionInfo.Execution.RunId != first })
	s.terminate(run.GetID())
	s.history("failing", run.GetID(), first)
}

func workflowRetry(s *scenario) {
	options := s.options("thrice")
	options.RetryPolicy = &temporal.RetryPolicy{InitialInterval: 20 * time.Millisecond, BackoffCoefficient: 2, MaximumAttempts: 5}
	run := s.startWith(options, "failUntil", 3)
	first := run.GetRunID()
	s.result("third attempt", run)
	s.chain("thrice", run.GetID(), first, 5)
	options = s.options("exhausted")
	options.RetryPolicy = &temporal.RetryPolicy{InitialInterval: 20 * time.Millisecond, MaximumAttempts: 2}
	run = s.startWith(options, "failUntil", 9)
	first = run.GetRunID()
	s.result("exhausted", run)
	s.chain("exhausted", run.GetID(), first, 5)
	options = s.options("refused")
	options.RetryPolicy = &temporal.RetryPolicy{InitialInterval: 20 * time.Millisecond, NonRetryableErrorTypes: []string{"TooEarly"}}
	run = s.startWith(options, "failUntil", 9)
	s.result("non-retryable type", run)
	s.history("refused", run.GetID(), "")
	options = s.options("final")
	options.RetryPolicy = &temporal.RetryPolicy{InitialInterval: 20 * time.Millisecond}
	run = s.startWith(options, "failAlways", "final")
	s.result("non-retryable failure", run)
	s.history("final", run.GetID(), "")
	options = s.options("bad")
	options.RetryPolicy = &temporal.RetryPolicy{InitialInterval: -time.Second}
	_, err := s.client.ExecuteWorkflow(s.ctx, options, "failUntil", 1)
	s.noteError("bad policy", err)
}

func workflowTimeouts(s *scenario) {
	parallel(func() {
		options := s.options("run")
		options.WorkflowRunTimeout = 3 * time.Second
		run := s.startWith(options, "sleeper", 60000)
		s.result("run timeout", run)
		s.history("run", run.GetID(), "")
	}, func() {
		options := s.options("execution")
		options.WorkflowExecutionTimeout = 3 * time.Second
		run := s.startWith(options, "sleeper", 60000)
		s.result("execution timeout", run)
		s.history("execution", run.GetID(), "")
	}, func() {
		options := s.options("retried")
		options.WorkflowRunTimeout = 4 * time.Second
		options.RetryPolicy = &temporal.RetryPolicy{InitialInterval: 10 * time.Millisecond, MaximumAttempts: 2}
		run := s.startWith(options, "sleeper", 60000)
		first := run.GetRunID()
		s.result("run timeout with retry", run)
		s.chain("retried", run.GetID(), first, 3)
	}, func() {
		options := s.options("nobody")
		options.TaskQueue = s.id("nobody polls")
		options.WorkflowRunTimeout = 1200 * time.Millisecond
		run := s.startWith(options, "sleeper", 1)
		s.result("no worker", run)
		s.history("nobody", run.GetID(), "")
	})
}

func eagerStart(s *scenario) {
	options := s.options("sdk")
	options.EnableEagerStart = true
	run := s.startWith(options, "echo", "eager")
	s.result("sdk", run)
	s.history("sdk", run.GetID(), "")
	request := s.startRequest("raw", "rawEager")
	request.RequestEagerExecution = true
	started, err := s.service.StartWorkflowExecution(s.ctx, request)
	s.must(err)
	task := started.EagerWorkflowTask
	s.note("a task comes with the answer", task != nil)
	if task != nil {
		s.note("its events", eventTypes(task.History.GetEvents()))
		s.note("started", started.Started)
		s.must(s.complete(task.TaskToken, completeCommand("eager")))
	} else {
		s.terminate(request.WorkflowId)
	}
	s.history("raw", request.WorkflowId, "")
}

func signalWithStart(s *scenario) {
	id := s.id("board")
	options := client.StartWorkflowOptions{ID: id, TaskQueue: s.queue}
	first, err := s.client.SignalWithStartWorkflow(s.ctx, id, "add", "one", options, "board", []string{"zero"})
	s.must(err)
	s.settled(id)
	second, err := s.client.SignalWithStartWorkflow(s.ctx, id, "add", "two", options, "board", []string{"ignored"})
	s.must(err)
	s.settled(id)
	s.note("same run", first.GetRunID() == second.GetRunID())
	s.signal(id, "done", nil)
	s.result("result", s.client.GetWorkflow(s.ctx, id, ""))
	s.history("board", id, "")
	options.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
	_, err = s.client.SignalWithStartWorkflow(s.ctx, id, "add", "three", options, "board", []string{})
	s.noteError("closed, reject duplicate", err)
	s.noteError("signal to closed", s.client.SignalWorkflow(s.ctx, id, "", "add", "x"))
	s.noteError("signal to unknown", s.client.SignalWorkflow(s.ctx, s.id("nobody"), "", "add", "x"))
	s.noteError("signal to unknown run", s.client.SignalWorkflow(s.ctx, id, newID(), "add", "x"))
}

func terminateAndCancel(s *scenario) {
	run := s.start("terminated", "board", []string{})
	s.settled(run.GetID())
	s.must(s.client.TerminateWorkflow(s.ctx, run.GetID(), "", "because", "detail"))
	s.result("terminated", run)
	s.history("terminated", run.GetID(), "")
	s.noteError("terminate again", s.client.TerminateWorkflow(s.ctx, run.GetID(), "", "because"))
	s.noteError("terminate unknown", s.client.TerminateWorkflow(s.ctx, s.id("nobody"), "", "because"))
	s.noteError("cancel closed", s.client.CancelWorkflow(s.ctx, run.GetID(), ""))
	s.noteError("cancel unknown", s.client.CancelWorkflow(s.ctx, s.id("nobody"), ""))

	run = s.start("cancelled", "waitForCancel")
	s.settled(run.GetID())
	s.must(s.client.CancelWorkflow(s.ctx, run.GetID(), ""))
	s.result("cancelled", run)
	s.history("cancelled", run.GetID(), "")

	run = s.start("stubborn", "stubborn")
	s.settled(run.GetID())
	s.must(s.client.CancelWorkflow(s.ctx, run.GetID(), ""))
	s.settled(run.GetID())
	s.noteError("cancel twice", s.client.CancelWorkflow(s.ctx, run.GetID(), ""))
	s.settled(run.GetID())
	s.signal(run.GetID(), "done", nil)
	s.result("stubborn", run)
	s.history("stubborn", run.GetID(), "")
}

func (s *scenario) query(label, id, name string) {
	got, err := s.client.QueryWorkflow(s.ctx, id, "", name)
	if err != nil {
		s.noteError(label, err)
		return
	}
	var value any
	s.must(got.Get(&value))
	s.note(label, value)
}

func queries(s *scenario) {
	run := s.start("board", "board", []string{"first"})
	id := run.GetID()
	s.query("at once", id, "entries")
	s.signal(id, "add", "second")
	s.query("after a signal", id, "entries")
	s.query("broken", id, "broken")
	s.query("unknown", id, "no such query")
	rejected, err := s.client.QueryWorkflowWithOptions(s.ctx, &client.QueryWorkflowWithOptionsRequest{WorkflowID: id,
		QueryType: "entries", QueryRejectCondition: enumspb.QUERY_REJECT_CONDITION_NOT_OPEN})
	s.must(err)
	s.note("running is not rejected", rejected.QueryRejected == nil)
	s.settled(id)
	s.signal(id, "done", nil)
	s.result("result", run)
	s.query("closed", id, "entries")
	for name, condition := range map[string]enumspb.QueryRejectCondition{
		"not open": enumspb.QUERY_REJECT_CONDITION_NOT_OPEN, "not completed cleanly": enumspb.QUERY_REJECT_CONDITION_NOT_COMPLETED_CLEANLY} {
		rejected, err := s.client.QueryWorkflowWithOptions(s.ctx, &client.QueryWorkflowWithOptionsRequest{WorkflowID: id,
			QueryType: "entries", QueryRejectCondition: condition})
		s.must(err)
		s.note("closed, rejected if "+name, asJSONOrNil(rejected.QueryRejected))
	}
	s.query("of nobody", s.id("nobody"), "entries")
}

func (s *scenario) update(label, id, updateID, argument string) {
	handle, err := s.client.UpdateWorkflow(s.ctx, client.UpdateWorkflowOptions{WorkflowID: id, UpdateID: updateID,
		UpdateName: "append", Args: []any{argument}, WaitForStage: client.WorkflowUpdateStageCompleted})
	if err != nil {
		s.noteError(label, err)
		return
	}
	var value any
	if err := handle.Get(s.ctx, &value); err != nil {
		s.noteError(label, err)
		return
	}
	s.note(label, value)
}

func updates(s *scenario) {
	run := s.start("board", "board", []string{})
	id := run.GetID()
	s.settled(id)
	s.update("completed", id, "u1", "one")
	s.update("the same id again", id, "u1", "other")
	s.update("rejected", id, "u2", "")
	s.update("rejected id again", id, "u2", "two")
	s.update("failing", id, "u3", "bad")
	s.settled(id)
	handle, err := s.client.UpdateWorkflow(s.ctx, client.UpdateWorkflowOptions{WorkflowID: id, UpdateID: "u4",
		UpdateName: "append", Args: []any{"slow"}, WaitForStage: client.WorkflowUpdateStageAccepted})
	s.must(err)
	var value any
	s.must(handle.Get(s.ctx, &value))
	s.note("accepted, completed later", value)
	err = s.client.GetWorkflowUpdateHandle(client.GetWorkflowUpdateHandleOptions{WorkflowID: id, UpdateID: "u3"}).Get(s.ctx, nil)
	s.noteError("outcome by id", err)
	err = s.client.GetWorkflowUpdateHandle(client.GetWorkflowUpdateHandleOptions{WorkflowID: id, UpdateID: "u9"}).Get(s.ctx, nil)
	s.noteError("unknown update", err)
	_, err = s.client.UpdateWorkflow(s.ctx, client.UpdateWorkflowOptions{WorkflowID: id, UpdateName: "no such update", UpdateID: "u5",
		WaitForStage: client.WorkflowUpdateStageCompleted})
	s.noteError("no handler", err)
	s.settled(id)
	s.signal(id, "done", nil)
	s.result("result", run)
	s.update("on closed", id, "u6", "six")
	s.update("a completed one on closed", id, "u1", "one")
	s.update("of nobody", s.id("nobody"), "u7", "x")
	s.history("board", id, "")
}

func updateWithStart(s *scenario) {
	attempt := func(label, workflow, updateID, argument string, policy enumspb.WorkflowIdConflictPolicy) {
		options := s.options(workflow)
		options.WorkflowIDConflictPolicy = policy
		operation := s.client.NewWithStartWorkflowOperation(options, "board", []string{"start"})
		handle, err := s.client.UpdateWithStartWorkflow(s.ctx, client.UpdateWithStartWorkflowOptions{StartWorkflowOperation: operation,
			UpdateOptions: client.UpdateWorkflowOptions{UpdateName: "append", UpdateID: updateID, Args: []any{argument},
				WaitForStage: client.WorkflowUpdateStageCompleted}})
		if err != nil {
			s.noteError(label, err)
			return
		}
		var value any
		if err := handle.Get(s.ctx, &value); err != nil {
			s.noteError(label, err)
			return
		}
		s.note(label, value)
	}
	fail, use := enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL, enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
	attempt("starts", "board", "u1", "one", fail)
	id := s.id("board")
	s.settled(id)
	attempt("running, fail", "board", "u2", "two", fail)
	attempt("running, use existing", "board", "u3", "three", use)
	attempt("the same update again", "board", "u3", "other", use)
	attempt("rejected, running", "board", "u4", "", use)
	attempt("rejected, started", "other", "u5", "", use)
	s.settled(id)
	s.signal(id, "done", nil)
	s.result("result", s.client.GetWorkflow(s.ctx, id, ""))
	s.history("board", id, "")
	other := s.id("other")
	s.settled(other)
	s.history("other", other, "")
	s.terminate(other)

	bad := s.startRequest("bad", "board")
	bad.CronSchedule = "@every 1h"
	_, err := s.service.ExecuteMultiOperation(s.ctx, multi(bad, s.updateRequest("bad", "u6")))
	s.noteError("with cron", err)
	mismatch := s.startRequest("bad", "board")
	_, err = s.service.ExecuteMultiOperation(s.ctx, multi(mismatch, s.updateRequest("different", "u7")))
	s.noteError("different ids", err)
	_, err = s.service.ExecuteMultiOperation(s.ctx, &workflowservice.ExecuteMultiOperationRequest{Namespace: namespace})
	s.noteError("no operations", err)
}

func (s *scenario) activity(label string, c activityCase) client.WorkflowRun {
	run := s.start(label, "oneActivity", c)
	s.result(label, run)
	s.history(label, run.GetID(), "")
	return run
}

func activityRetries(s *scenario) {
	parallel(
		func() { s.activity("succeed", activityCase{Kind: "succeed", StartToClose: 5000}) },
		func() { s.activity("third", activityCase{Kind: "third", StartToClose: 5000}) },
		func() { s.activity("exhausted", activityCase{Kind: "fail", StartToClose: 5000, Attempts: 3}) },
		func() { s.activity("final", activityCase{Kind: "final", StartToClose: 5000}) },
		func() {
			s.activity("type", activityCase{Kind: "fail", StartToClose: 5000, NonRetryable: []string{"Always"}})
		},
		func() { s.activity("soon", activityCase{Kind: "soon", StartToClose: 5000}) },
		func() { s.activity("no time left", activityCase{Kind: "fail", Schedule: 400, Interval: 2000}) },
	)
}

func activityTimeouts(s *scenario) {
	parallel(
		func() { s.activity("start to close", activityCase{Kind: "hang", StartToClose: 500, Attempts: 1}) },
		func() {
			s.activity("start to close, twice", activityCase{Kind: "hang", StartToClose: 500, Attempts: 2})
		},
		func() { s.activity("schedule to close", activityCase{Kind: "hang", Schedule: 600, Attempts: 3}) },
		func() {
			s.activity("schedule to start", activityCase{Kind: "hang", ScheduleToStart: 500, StartToClose: 5000, Queue: s.id("nobody")})
		},
		func() {
			s.activity("schedule to close, not started", activityCase{Kind: "hang", Schedule: 500, Queue: s.id("nobody")})
		},
		func() {
			s.activity("heartbeat", activityCase{Kind: "hang", StartToClose: 5000, Heartbeat_ms: 500, Attempts: 1})
		},
		func() {
			s.activity("heartbeat details", activityCase{Kind: "beat once", StartToClose: 5000, Heartbeat_ms: 600, Attempts: 2})
		},
		func() {
			s.activity("heartbeat details in the failure", activityCase{Kind: "beat once", StartToClose: 5000, Heartbeat_ms: 600, Attempts: 1})
		},
	)
}

func activityCancel(s *scenario) {
	parallel(
		func() {
			s.activity("wait", activityCase{Kind: "beat", StartToClose: 9000, Heartbeat_ms: 1000, CancelAfter: 300, WaitForCancellation: true})
		},
		func() {
			s.activity("try", activityCase{Kind: "beat", StartToClose: 9000, Heartbeat_ms: 1000, CancelAfter: 300})
		},
		func() {
			s.activity("not started", activityCase{Kind: "beat", StartToClose: 9000, CancelAfter: 200, Queue: s.id("nobody"), WaitForCancellation: true})
		},
	)
}

// activityOutside completes activities from outside, by token (taken from the id of the activity) and by id.
func activityOutside(s *scenario) {
	begin := func(label string) (client.WorkflowRun, string) {
		run := s.start(label, "oneActivity", activityCase{Kind: "later", StartToClose: 9000, Heartbeat_ms: 5000, Attempts: 1})
		got := s.until(run.GetID(), func(d *description) bool {
			return len(d.PendingActivities) == 1 && d.PendingActivities[0].State == enumspb.PENDING_ACTIVITY_STATE_STARTED
		})
		return run, got.PendingActivities[0].ActivityId
	}
	end := func(label string, run client.WorkflowRun) {
		s.result(label, run)
		s.history(label, run.GetID(), "")
	}
	run, activityID := begin("completed")
	s.must(s.client.RecordActivityHeartbeatByID(s.ctx, namespace, run.GetID(), "", activityID, "beat"))
	s.must(s.client.CompleteActivityByID(s.ctx, namespace, run.GetID(), "", activityID, "from outside", nil))
	end("completed", run)
	s.noteError("completed again", s.client.CompleteActivityByID(s.ctx, namespace, run.GetID(), "", activityID, "again", nil))
	run, activityID = begin("failed")
	s.must(s.client.CompleteActivityByID(s.ctx, namespace, run.GetID(), "", activityID, nil,
		temporal.NewNonRetryableApplicationError("from outside", "Outside", nil)))
	end("failed", run)
	run, activityID = begin("cancelled")
	s.noteError("cancel without request", s.client.CompleteActivityByID(s.ctx, namespace, run.GetID(), "", activityID, nil,
		temporal.NewCanceledError("why")))
	s.noteError("unknown activity", s.client.CompleteActivityByID(s.ctx, namespace, run.GetID(), "", "no-such", nil, nil))
	s.noteError("unknown workflow", s.client.CompleteActivityByID(s.ctx, namespace, s.id("nobody"), "", "5", nil, nil))
	s.terminate(run.GetID())
	s.noteError("after termination", s.client.CompleteActivityByID(s.ctx, namespace, run.GetID(), "", activityID, nil, nil))
}

func timers(s *scenario) {
	run := s.start("flow", "flow")
	s.result("flow", run)
	s.history("flow", run.GetID(), "")
}

func children(s *scenario) {
	with := func(label string, c childCase, workflow string) client.WorkflowRun {
		if c.ID == "" {
			c.ID = s.id(label + " child")
		}
		run := s.start(label, workflow, c)
		s.result(label, run)
		s.history(label, run.GetID(), "")
		return run
	}
	parallel(
		func() {
			with("completes", childCase{Workflow: "echo", Argument: "hello", Wait: true}, "parent")
			s.history("completed child", s.id("completes child"), "")
		},
		func() { with("fails", childCase{Workflow: "failAlways", Argument: "final", Wait: true}, "parent") },
		func() {
			taken := s.id("taken")
			other := s.startWith(s.options("taken"), "board", []string{})
			s.settled(other.GetID())
			with("id taken", childCase{ID: taken, Workflow: "echo", Argument: "x", Wait: true}, "parent")
			s.terminate(taken)
		},
		func() {
			with("cancelled", childCase{Workflow: "waitForCancel", Wait: true, CancelAfter: true}, "parent")
			s.note("cancelled child", s.closed(s.id("cancelled child")).WorkflowExecutionInfo.Status.String())
		},
		func() {
			c := childCase{ID: s.id("terminated child"), Workflow: "board", Argument: []string{}, Wait: true}
			run := s.start("terminated", "parent", c)
			s.until(run.GetID(), func(d *description) bool {
				return len(d.PendingChildren) == 1 && d.PendingChildren[0].RunId != "" && d.PendingWorkflowTask == nil
			})
			s.settled(c.ID)
			s.terminate(c.ID)
			s.result("terminated", run)
			s.history("terminated", run.GetID(), "")
		},
		func() {
			c := childCase{ID: s.id("continuing child"), Workflow: "countdown", Argument: 2, Wait: true}
			with("continuing", c, "parent")
		},
	)
}

func parentClose(s *scenario) {
	var tasks []func()
	for name, policy := range map[string]enumspb.ParentClosePolicy{"terminate": enumspb.PARENT_CLOSE_POLICY_TERMINATE,
		"abandon": enumspb.PARENT_CLOSE_POLICY_ABANDON, "cancel": enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL} {
		tasks = append(tasks, func() {
			child := s.id(name + " child")
			run := s.start(name, "parent", childCase{ID: child, Workflow: "waitForCancel", Policy: policy})
			s.result(name, run)
			s.history(name, run.GetID(), "")
			if policy == enumspb.PARENT_CLOSE_POLICY_ABANDON {
				got := s.settled(child)
				s.note("abandoned child", got.WorkflowExecutionInfo.Status.String())
				s.terminate(child)
				return
			}
			s.note(name+" child", s.closed(child).WorkflowExecutionInfo.Status.String())
			closing := s.history(name+" child", child, "").Events
			s.note(name+" child's end", closing[len(closing)-1].EventType.String())
		})
	}
	parallel(tasks...)
	// How far the child has come when its parent closes is not certain, only how it ends.
	s.mutex.Lock()
	delete(s.report.Histories, "terminate child")
	delete(s.report.Histories, "cancel child")
	s.mutex.Unlock()
}

func external(s *scenario) {
	target := s.start("target", "stubborn")
	s.settled(target.GetID())
	run := s.start("reaching", "outside", target.GetID())
	s.result("reaching", run)
	s.settled(target.GetID())
	s.signal(target.GetID(), "done", nil)
	s.result("target", target)
	s.history("reaching", run.GetID(), "")
	run = s.start("missing", "outside", s.id("nobody"))
	s.result("missing", run)
	s.history("missing", run.GetID(), "")
	run = s.start("closed", "outside", target.GetID())
	s.result("closed", run)
	s.history("closed", run.GetID(), "")
}

func continueAsNew(s *scenario) {
	options := s.options("countdown")
	options.Memo = map[string]any{"kept": "memo"}
	options.TypedSearchAttributes = temporal.NewSearchAttributes(stage.ValueSet("kept"))
	options.WorkflowExecutionTimeout = time.Minute
	run := s.startWith(options, "countdown", 2)
	first := run.GetRunID()
	s.result("result", run)
	s.chain("countdown", run.GetID(), first, 5)
	s.result("result of the first run", s.client.GetWorkflow(s.ctx, run.GetID(), first))
	err := s.client.GetWorkflow(s.ctx, run.GetID(), first).GetWithOptions(s.ctx, nil, client.WorkflowRunGetOptions{DisableFollowingRuns: true})
	s.noteError("first run alone", err)
	s.noteError("signal to the first run", s.client.SignalWorkflow(s.ctx, run.GetID(), first, "add", "x"))
}

func markersScenario(s *scenario) {
	options := s.options("markers")
	options.Memo = map[string]any{"note": "first", "gone": 1}
	run := s.startWith(options, "markers")
	s.result("result", run)
	s.history("markers", run.GetID(), "")
	info := s.describe(run.GetID(), "").WorkflowExecutionInfo
	s.note("memo", asJSON(info.Memo))
	s.note("search attributes", asJSON(info.SearchAttributes))
}

func localActivitiesScenario(s *scenario) {
	run := s.start("local", "localActivities")
	s.result("result", run)
	s.history("local", run.GetID(), "")
}

func localHeartbeat(s *scenario) {
	options := s.options("long")
	options.WorkflowTaskTimeout = 2 * time.Second
	run := s.startWith(options, "longLocal")
	s.result("result", run)
	s.history("long", run.GetID(), "")
}

func reset(s *scenario) {
	run := s.start("steps", "steps")
	id := run.GetID()
	s.settled(id)
	for _, step := range []string{"one", "two", "three"} {
		s.signal(id, "step", step)
		s.until(id, func(d *description) bool { return d.PendingWorkflowTask == nil })
		s.eventually(func() bool {
			events := s.history("base", id, run.GetRunID()).Events
			last := events[len(events)-1].EventType
			return last == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED && hasSteps(events, step)
		})
	}
	events := s.history("base", id, run.GetRunID()).Events
	var points []int64
	for _, event := range events {
		if event.EventType == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			points = append(points, event.EventId)
		}
	}
	s.note("points", len(points))
	again := func(label string, point int64, run string, exclude ...enumspb.ResetReapplyExcludeType) string {
		got, err := s.service.ResetWorkflowExecution(s.ctx, &workflowservice.ResetWorkflowExecutionRequest{Namespace: namespace,
			WorkflowExecution: s.execution(id, run), Reason: label, WorkflowTaskFinishEventId: point, RequestId: newID(),
			ResetReapplyExcludeTypes: exclude})
		s.noteError(label, err)
		if err != nil {
			return ""
		}
		s.settled(id)
		return got.RunId
	}
	second := again("running", points[1], "")
	s.eventually(func() bool { return s.tookSteps(id, second, 3) })
	s.history("base", id, run.GetRunID())
	s.signal(id, "step", "end")
	s.result("reset result", s.client.GetWorkflow(s.ctx, id, second))
	s.history("reset", id, second)
	third := again("closed, without signals", points[0], "", enumspb.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL)
	s.settled(id)
	s.history("without signals", id, third)
	s.signal(id, "step", "end")
	s.result("result without signals", s.client.GetWorkflow(s.ctx, id, third))
	again("bad event", 9999, "")
	again("event of another kind", 1, "")
	again("unknown run", points[0], newID())
}

func hasSteps(events []*historyEvent, step string) bool {
	for _, event := range events {
		for _, payload := range event.GetWorkflowExecutionSignaledEventAttributes().GetInput().GetPayloads() {
			if string(payload.Data) == fmt.Sprintf("%q", step) {
				return true
			}
		}
	}
	return false
}

// tookSteps says whether the run has taken so many steps and rests.
func (s *scenario) tookSteps(id, run string, steps int) bool {
	events := s.history("reset", id, run).Events
	for _, event := range events {
		if event.EventType == enumspb.EVENT_TYPE_TIMER_FIRED {
			steps--
		}
	}
	return steps == 0 && events[len(events)-1].EventType == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
}

func deleteScenario(s *scenario) {
	gone := func(id string) bool {
		_, err := s.service.DescribeWorkflowExecution(s.ctx, &workflowservice.DescribeWorkflowExecutionRequest{
			Namespace: namespace, Execution: s.execution(id, "")})
		if err != nil {
			s.noteError("describe after deletion of "+id, err)
		}
		return err != nil
	}
	remove := func(id string) {
		_, err := s.service.DeleteWorkflowExecution(s.ctx, &workflowservice.DeleteWorkflowExecutionRequest{
			Namespace: namespace, WorkflowExecution: s.execution(id, "")})
		s.noteError("delete "+id, err)
	}
	parallel(func() {
		run := s.start("closed", "echo", "x")
		s.result("closed", run)
		remove(run.GetID())
	}, func() {
		run := s.start("running", "board", []string{})
		s.settled(run.GetID())
		remove(run.GetID())
		s.eventually(func() bool { return gone(run.GetID()) })
	}, func() { remove(s.id("nobody")) })
}

func describeScenario(s *scenario) {
	options := s.options("activity")
	options.Memo = map[string]any{"kept": "memo"}
	options.StaticSummary, options.StaticDetails = "a summary", "some details"
	options.WorkflowRunTimeout = time.Minute
	run := s.startWith(options, "oneActivity", activityCase{Kind: "fail", StartToClose: 5000, Attempts: 0, Queue: s.id("nobody")})
	got := s.until(run.GetID(), func(d *description) bool { return len(d.PendingActivities) == 1 && d.PendingWorkflowTask == nil })
	s.note("waiting activity", asJSON(got))
	s.terminate(run.GetID())
	s.note("terminated", asJSON(s.describe(run.GetID(), "")))
	child := s.id("child")
	run = s.start("parent", "parent", childCase{ID: child, Workflow: "board", Argument: []string{}, Wait: true})
	got = s.until(run.GetID(), func(d *description) bool {
		return len(d.PendingChildren) == 1 && d.PendingChildren[0].RunId != "" && d.PendingWorkflowTask == nil
	})
	s.settled(child)
	s.note("with a child", asJSON(got))
	s.note("the child", asJSON(s.settled(child)))
	s.terminate(run.GetID())
	_, err := s.service.DescribeWorkflowExecution(s.ctx, &workflowservice.DescribeWorkflowExecutionRequest{Namespace: namespace,
		Execution: &commonpb.WorkflowExecution{WorkflowId: s.id("nobody")}})
	s.noteError("nobody", err)
}
