package main

import (
	"context"
	"fmt"
	"time"

	commandpb "go.temporal.io/api/command/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"
	protocolpb "go.temporal.io/api/protocol/v1"
	querypb "go.temporal.io/api/query/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	updatepb "go.temporal.io/api/update/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
)

// These scenarios play the worker themselves, call by call, to see what no SDK shows.

type historyEvent = historypb.HistoryEvent
type workflowTask = workflowservice.PollWorkflowTaskQueueResponse

func eventTypes(events []*historyEvent) []string {
	names := []string{}
	for _, event := range events {
		names = append(names, event.EventType.String())
	}
	return names
}

func asJSONOrNil[T interface {
	comparable
	proto.Message
}](message T) any {
	var none T
	if message == none {
		return nil
	}
	return asJSON(message)
}

func queueOf(name string) *taskqueuepb.TaskQueue {
	return &taskqueuepb.TaskQueue{Name: name, Kind: enumspb.TASK_QUEUE_KIND_NORMAL}
}

func (s *scenario) startRequest(label, workflow string) *workflowservice.StartWorkflowExecutionRequest {
	return &workflowservice.StartWorkflowExecutionRequest{Namespace: namespace, WorkflowId: s.id(label),
		WorkflowType: &commonpb.WorkflowType{Name: workflow}, TaskQueue: queueOf(s.id(label + " queue")), RequestId: newID(),
		Identity: "raw", Input: payloads("input"), WorkflowRunTimeout: durationpb.New(time.Minute)}
}

func (s *scenario) startRaw(label string) *workflowservice.StartWorkflowExecutionRequest {
	request := s.startRequest(label, "raw")
	_, err := s.service.StartWorkflowExecution(s.ctx, request)
	s.must(err)
	return request
}

func (s *scenario) poll(queue string) *workflowTask {
	for {
		task, err := s.service.PollWorkflowTaskQueue(s.ctx, &workflowservice.PollWorkflowTaskQueueRequest{
			Namespace: namespace, TaskQueue: queueOf(queue), Identity: "raw"})
		s.must(err)
		if len(task.TaskToken) > 0 {
			return task
		}
	}
}

func (s *scenario) completion(token []byte, commands ...*commandpb.Command) *workflowservice.RespondWorkflowTaskCompletedRequest {
	return &workflowservice.RespondWorkflowTaskCompletedRequest{Namespace: namespace, TaskToken: token, Commands: commands, Identity: "raw"}
}

func (s *scenario) complete(token []byte, commands ...*commandpb.Command) error {
	_, err := s.service.RespondWorkflowTaskCompleted(s.ctx, s.completion(token, commands...))
	return err
}

func (s *scenario) finish(queue string) {
	s.must(s.complete(s.poll(queue).TaskToken, completeCommand("end")))
}

func completeCommand(result string) *commandpb.Command {
	return &commandpb.Command{CommandType: enumspb.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
		Attributes: &commandpb.Command_CompleteWorkflowExecutionCommandAttributes{
			CompleteWorkflowExecutionCommandAttributes: &commandpb.CompleteWorkflowExecutionCommandAttributes{Result: payloads(result)}}}
}

func timerCommand(id string, after time.Duration) *commandpb.Command {
	return &commandpb.Command{CommandType: enumspb.COMMAND_TYPE_START_TIMER, Attributes: &commandpb.Command_StartTimerCommandAttributes{
		StartTimerCommandAttributes: &commandpb.StartTimerCommandAttributes{TimerId: id, StartToFireTimeout: durationpb.New(after)}}}
}

func cancelTimerCommand(id string) *commandpb.Command {
	return &commandpb.Command{CommandType: enumspb.COMMAND_TYPE_CANCEL_TIMER, Attributes: &commandpb.Command_CancelTimerCommandAttributes{
		CancelTimerCommandAttributes: &commandpb.CancelTimerCommandAttributes{TimerId: id}}}
}

func activityCommand(attributes *commandpb.ScheduleActivityTaskCommandAttributes) *commandpb.Command {
	return &commandpb.Command{CommandType: enumspb.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
		Attributes: &commandpb.Command_ScheduleActivityTaskCommandAttributes{ScheduleActivityTaskCommandAttributes: attributes}}
}

func plainActivity(id, queue string) *commandpb.ScheduleActivityTaskCommandAttributes {
	return &commandpb.ScheduleActivityTaskCommandAttributes{ActivityId: id, ActivityType: &commonpb.ActivityType{Name: "raw activity"},
		TaskQueue: queueOf(queue), Input: payloads("activity input"), StartToCloseTimeout: durationpb.New(10 * time.Second),
		HeartbeatTimeout: durationpb.New(10 * time.Second)}
}

func cancelActivityCommand(scheduled int64) *commandpb.Command {
	return &commandpb.Command{CommandType: enumspb.COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK,
		Attributes: &commandpb.Command_RequestCancelActivityTaskCommandAttributes{
			RequestCancelActivityTaskCommandAttributes: &commandpb.RequestCancelActivityTaskCommandAttributes{ScheduledEventId: scheduled}}}
}

func applicationFailure(message string) *failurepb.Failure {
	return &failurepb.Failure{Message: message, FailureInfo: &failurepb.Failure_ApplicationFailureInfo{
		ApplicationFailureInfo: &failurepb.ApplicationFailureInfo{Type: "Raw"}}}
}

func (s *scenario) failTask(token []byte, cause enumspb.WorkflowTaskFailedCause) error {
	_, err := s.service.RespondWorkflowTaskFailed(s.ctx, &workflowservice.RespondWorkflowTaskFailedRequest{Namespace: namespace,
		TaskToken: token, Cause: cause, Failure: applicationFailure("task failed"), Identity: "raw"})
	return err
}

func (s *scenario) rawSignal(id, name string) {
	_, err := s.service.SignalWorkflowExecution(s.ctx, &workflowservice.SignalWorkflowExecutionRequest{Namespace: namespace,
		WorkflowExecution: s.execution(id, ""), SignalName: name, Input: payloads(name), Identity: "raw", RequestId: newID()})
	s.must(err)
}

func (s *scenario) noteTask(label string, task *workflowTask) {
	s.note(label, map[string]any{"attempt": task.Attempt, "events": eventTypes(task.History.GetEvents()),
		"started": task.StartedEventId, "previous": task.PreviousStartedEventId, "queries": len(task.Queries), "query": task.Query != nil,
		"messages": len(task.Messages), "backlog": task.BacklogCountHint, "type": task.WorkflowType.GetName()})
}

func taskTimeout(s *scenario) {
	request := s.startRequest("slow", "raw")
	request.WorkflowTaskTimeout = durationpb.New(time.Second)
	_, err := s.service.StartWorkflowExecution(s.ctx, request)
	s.must(err)
	queue := request.TaskQueue.Name
	lost := s.poll(queue)
	s.noteTask("first", lost)
	second := s.poll(queue)
	s.noteTask("second", second)
	s.noteError("late answer", s.complete(lost.TaskToken, completeCommand("late")))
	s.must(s.failTask(second.TaskToken, enumspb.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE))
	third := s.poll(queue)
	s.noteTask("third", third)
	s.must(s.complete(third.TaskToken, timerCommand("t", time.Hour)))
	s.rawSignal(request.WorkflowId, "go")
	fourth := s.poll(queue)
	s.noteTask("fourth", fourth)
	s.must(s.complete(fourth.TaskToken, completeCommand("done")))
	s.history("slow", request.WorkflowId, "")
}

func taskFailures(s *scenario) {
	var tasks []func()
	for _, cause := range []enumspb.WorkflowTaskFailedCause{enumspb.WORKFLOW_TASK_FAILED_CAUSE_UNSPECIFIED,
		enumspb.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE, enumspb.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR,
		enumspb.WORKFLOW_TASK_FAILED_CAUSE_RESET_STICKY_TASK_QUEUE} {
		tasks = append(tasks, func() {
			request := s.startRaw(cause.String())
			s.noteError(cause.String(), s.failTask(s.poll(request.TaskQueue.Name).TaskToken, cause))
			again := s.poll(request.TaskQueue.Name)
			s.noteTask(cause.String()+", next", again)
			s.must(s.complete(again.TaskToken, completeCommand("recovered")))
			s.history(cause.String(), request.WorkflowId, "")
		})
	}
	parallel(tasks...)
}

func badCommands(s *scenario) {
	empty := func(kind enumspb.CommandType) []*commandpb.Command { return []*commandpb.Command{{CommandType: kind}} }
	one := func(command *commandpb.Command) []*commandpb.Command { return []*commandpb.Command{command} }
	activity := func(change func(*commandpb.ScheduleActivityTaskCommandAttributes)) []*commandpb.Command {
		attributes := plainActivity("1", "queue")
		change(attributes)
		return one(activityCommand(attributes))
	}
	cases := map[string][]*commandpb.Command{
		"unspecified":           empty(enumspb.COMMAND_TYPE_UNSPECIFIED),
		"activity, nothing set": empty(enumspb.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK),
		"activity without type": activity(func(a *commandpb.ScheduleActivityTaskCommandAttributes) { a.ActivityType = nil }),
		"activity without id":   activity(func(a *commandpb.ScheduleActivityTaskCommandAttributes) { a.ActivityId = "" }),
		"activity without queue": activity(func(a *commandpb.ScheduleActivityTaskCommandAttributes) {
			a.TaskQueue = nil
		}),
		"activity without timeout": activity(func(a *commandpb.ScheduleActivityTaskCommandAttributes) { a.StartToCloseTimeout = nil }),
		"activity with negative timeout": activity(func(a *commandpb.ScheduleActivityTaskCommandAttributes) {
			a.StartToCloseTimeout = durationpb.New(-time.Second)
		}),
		"activity with bad retry policy": activity(func(a *commandpb.ScheduleActivityTaskCommandAttributes) {
			a.RetryPolicy = &commonpb.RetryPolicy{BackoffCoefficient: 0.5, InitialInterval: durationpb.New(time.Second)}
		}),
		"activity id twice":  {activityCommand(plainActivity("1", "q")), activityCommand(plainActivity("1", "q"))},
		"timer without id":   one(timerCommand("", time.Second)),
		"negative timer":     one(timerCommand("t", -time.Second)),
		"timer id twice":     {timerCommand("t", time.Hour), timerCommand("t", time.Hour)},
		"cancel no timer":    one(cancelTimerCommand("t")),
		"cancel no activity": one(cancelActivityCommand(77)),
		"marker without name": one(&commandpb.Command{CommandType: enumspb.COMMAND_TYPE_RECORD_MARKER,
			Attributes: &commandpb.Command_RecordMarkerCommandAttributes{RecordMarkerCommandAttributes: &commandpb.RecordMarkerCommandAttributes{}}}),
		"child without id": one(&commandpb.Command{CommandType: enumspb.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION,
			Attributes: &commandpb.Command_StartChildWorkflowExecutionCommandAttributes{
				StartChildWorkflowExecutionCommandAttributes: &commandpb.StartChildWorkflowExecutionCommandAttributes{
					WorkflowType: &commonpb.WorkflowType{Name: "raw"}}}}),
		"child without type": one(&commandpb.Command{CommandType: enumspb.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION,
			Attributes: &commandpb.Command_StartChildWorkflowExecutionCommandAttributes{
				StartChildWorkflowExecutionCommandAttributes: &commandpb.StartChildWorkflowExecutionCommandAttributes{
					WorkflowId: s.id("no child")}}}),
		"external signal without name": one(&commandpb.Command{CommandType: enumspb.COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION,
			Attributes: &commandpb.Command_SignalExternalWorkflowExecutionCommandAttributes{
				SignalExternalWorkflowExecutionCommandAttributes: &commandpb.SignalExternalWorkflowExecutionCommandAttributes{
					Execution: s.execution("x", "")}}}),
		"external cancel without id": one(&commandpb.Command{CommandType: enumspb.COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION,
			Attributes: &commandpb.Command_RequestCancelExternalWorkflowExecutionCommandAttributes{
				RequestCancelExternalWorkflowExecutionCommandAttributes: &commandpb.RequestCancelExternalWorkflowExecutionCommandAttributes{}}}),
		"unknown search attribute": one(&commandpb.Command{CommandType: enumspb.COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
			Attributes: &commandpb.Command_UpsertWorkflowSearchAttributesCommandAttributes{
				UpsertWorkflowSearchAttributesCommandAttributes: &commandpb.UpsertWorkflowSearchAttributesCommandAttributes{
					SearchAttributes: &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{
						"NoSuchAttribute": payloads("x").Payloads[0]}}}}}),
		"search attribute of another type": one(&commandpb.Command{CommandType: enumspb.COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
			Attributes: &commandpb.Command_UpsertWorkflowSearchAttributesCommandAttributes{
				UpsertWorkflowSearchAttributesCommandAttributes: &commandpb.UpsertWorkflowSearchAttributesCommandAttributes{
					SearchAttributes: &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{
						"InteropInt": payloads("x").Payloads[0]}}}}}),
		"no search attributes": empty(enumspb.COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES),
		"no memo":              empty(enumspb.COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES),
		"fail without failure": one(&commandpb.Command{CommandType: enumspb.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION,
			Attributes: &commandpb.Command_FailWorkflowExecutionCommandAttributes{
				FailWorkflowExecutionCommandAttributes: &commandpb.FailWorkflowExecutionCommandAttributes{}}}),
		"complete without attributes": empty(enumspb.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION),
		"cancel without attributes":   empty(enumspb.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION),
		"complete twice":              {completeCommand("one"), completeCommand("two")},
		"timer after completion":      {completeCommand("one"), timerCommand("t", time.Hour)},
		"good ones before a bad one":  {timerCommand("good", time.Hour), timerCommand("", time.Hour)},
		"protocol message without id": empty(enumspb.COMMAND_TYPE_PROTOCOL_MESSAGE),
	}
	var tasks []func()
	for name, commands := range cases {
		tasks = append(tasks, func() {
			request := s.startRaw(name)
			err := s.complete(s.poll(request.TaskQueue.Name).TaskToken, commands...)
			s.noteError(name, err)
			s.history(name, request.WorkflowId, "")
			if s.describe(request.WorkflowId, "").WorkflowExecutionInfo.Status == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
				s.terminate(request.WorkflowId)
			}
		})
	}
	parallel(tasks...)
}

func unhandledCommand(s *scenario) {
	request := s.startRaw("late signal")
	queue := request.TaskQueue.Name
	task := s.poll(queue)
	s.rawSignal(request.WorkflowId, "late")
	s.noteError("completion", s.complete(task.TaskToken, completeCommand("too early")))
	again := s.poll(queue)
	s.noteTask("next", again)
	s.must(s.complete(again.TaskToken, completeCommand("now")))
	s.history("late signal", request.WorkflowId, "")
}

func (s *scenario) pollActivity(queue string) *workflowservice.PollActivityTaskQueueResponse {
	for {
		task, err := s.service.PollActivityTaskQueue(s.ctx, &workflowservice.PollActivityTaskQueueRequest{
			Namespace: namespace, TaskQueue: queueOf(queue), Identity: "raw"})
		s.must(err)
		if len(task.TaskToken) > 0 {
			return task
		}
	}
}

func bufferedOrder(s *scenario) {
	request := s.startRaw("buffer")
	queue, id := request.TaskQueue.Name, request.WorkflowId
	s.must(s.complete(s.poll(queue).TaskToken, activityCommand(plainActivity("a", queue)), timerCommand("t", time.Hour)))
	activity := s.pollActivity(queue)
	s.rawSignal(id, "one")
	task := s.poll(queue)
	s.noteTask("second", task)
	_, err := s.service.RespondActivityTaskCompleted(s.ctx, &workflowservice.RespondActivityTaskCompletedRequest{Namespace: namespace,
		TaskToken: activity.TaskToken, Result: payloads("result"), Identity: "raw"})
	s.must(err)
	s.rawSignal(id, "two")
	_, err = s.service.RequestCancelWorkflowExecution(s.ctx, &workflowservice.RequestCancelWorkflowExecutionRequest{Namespace: namespace,
		WorkflowExecution: s.execution(id, ""), Identity: "raw", RequestId: newID(), Reason: "enough"})
	s.must(err)
	s.rawSignal(id, "three")
	s.note("seen while buffered", eventTypes(s.history("buffer", id, "").Events))
	s.must(s.complete(task.TaskToken))
	third := s.poll(queue)
	s.noteTask("third", third)
	s.must(s.complete(third.TaskToken, completeCommand("done")))
	s.history("buffer", id, "")
}

func cancelFiredTimer(s *scenario) {
	request := s.startRaw("fired")
	queue, id := request.TaskQueue.Name, request.WorkflowId
	s.must(s.complete(s.poll(queue).TaskToken, timerCommand("t", time.Second)))
	s.rawSignal(id, "wake")
	task := s.poll(queue)
	s.pause(1500 * time.Millisecond)
	s.must(s.complete(task.TaskToken, cancelTimerCommand("t")))
	s.settled(id)
	s.history("fired", id, "")
	s.terminate(id)
}

func sticky(s *scenario) {
	stickyQueue := func(name, normal string) *taskqueuepb.TaskQueue {
		return &taskqueuepb.TaskQueue{Name: name, Kind: enumspb.TASK_QUEUE_KIND_STICKY, NormalName: normal}
	}
	pollSticky := func(name, normal string, wait time.Duration) chan *workflowTask {
		result := make(chan *workflowTask, 1)
		go func() {
			ctx, cancel := context.WithTimeout(s.ctx, wait)
			defer cancel()
			task, err := s.service.PollWorkflowTaskQueue(ctx, &workflowservice.PollWorkflowTaskQueueRequest{
				Namespace: namespace, TaskQueue: stickyQueue(name, normal), Identity: "raw"})
			if err != nil || len(task.TaskToken) == 0 {
				task = nil
			}
			result <- task
		}()
		s.pause(600 * time.Millisecond) // the poll has arrived
		return result
	}
	stick := func(token []byte, name, normal string) {
		request := s.completion(token)
		request.StickyAttributes = &taskqueuepb.StickyExecutionAttributes{WorkerTaskQueue: stickyQueue(name, normal),
			ScheduleToStartTimeout: durationpb.New(2 * time.Second)}
		_, err := s.service.RespondWorkflowTaskCompleted(s.ctx, request)
		s.must(err)
	}
	parallel(func() {
		request := s.startRaw("polled")
		name, normal := s.id("sticky"), request.TaskQueue.Name
		first := s.poll(normal)
		polled := pollSticky(name, normal, 10*time.Second)
		stick(first.TaskToken, name, normal)
		s.rawSignal(request.WorkflowId, "one")
		task := <-polled
		if task == nil {
			panic(stopped{"no sticky task"})
		}
		s.noteTask("on the sticky queue", task)
		stick(task.TaskToken, name, normal)
		s.rawSignal(request.WorkflowId, "two")
		task = s.poll(normal)
		s.noteTask("left on the sticky queue", task)
		s.must(s.complete(task.TaskToken, completeCommand("done")))
		s.history("polled", request.WorkflowId, "")
	}, func() {
		request := s.startRaw("never polled")
		normal := request.TaskQueue.Name
		stick(s.poll(normal).TaskToken, s.id("sticky nobody"), normal)
		s.rawSignal(request.WorkflowId, "one")
		task := s.poll(normal)
		s.noteTask("no sticky poller", task)
		s.must(s.complete(task.TaskToken, completeCommand("done")))
		s.history("never polled", request.WorkflowId, "")
	}, func() {
		request := s.startRaw("unstuck")
		name, normal := s.id("sticky reset"), request.TaskQueue.Name
		first := s.poll(normal)
		<-pollSticky(name, normal, 1500*time.Millisecond)
		stick(first.TaskToken, name, normal)
		_, err := s.service.ResetStickyTaskQueue(s.ctx, &workflowservice.ResetStickyTaskQueueRequest{Namespace: namespace,
			Execution: s.execution(request.WorkflowId, "")})
		s.noteError("reset", err)
		s.rawSignal(request.WorkflowId, "one")
		task := s.poll(normal)
		s.noteTask("after a reset of stickiness", task)
		s.must(s.complete(task.TaskToken, completeCommand("done")))
		s.history("unstuck", request.WorkflowId, "")
	})
}

func rawQueries(s *scenario) {
	request := s.startRaw("asked")
	queue, id := request.TaskQueue.Name, request.WorkflowId
	s.must(s.complete(s.poll(queue).TaskToken, timerCommand("t", time.Hour)))
	ask := func(label string) chan struct{} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			got, err := s.service.QueryWorkflow(s.ctx, &workflowservice.QueryWorkflowRequest{Namespace: namespace,
				Execution: s.execution(id, ""), Query: &querypb.WorkflowQuery{QueryType: "state", QueryArgs: payloads(label)}})
			if err != nil {
				s.noteError(label, err)
				return
			}
			s.note(label, asJSON(got))
		}()
		return done
	}
	direct := ask("direct")
	task := s.poll(queue)
	s.noteTask("direct task", task)
	answer := &workflowservice.RespondQueryTaskCompletedRequest{Namespace: namespace, TaskToken: task.TaskToken,
		CompletedType: enumspb.QUERY_RESULT_TYPE_ANSWERED, QueryResult: payloads("answer")}
	_, err := s.service.RespondQueryTaskCompleted(s.ctx, answer)
	s.must(err)
	<-direct
	_, err = s.service.RespondQueryTaskCompleted(s.ctx, answer)
	s.noteError("answered twice", err)
	failing := ask("direct, failing")
	task = s.poll(queue)
	_, err = s.service.RespondQueryTaskCompleted(s.ctx, &workflowservice.RespondQueryTaskCompletedRequest{Namespace: namespace,
		TaskToken: task.TaskToken, CompletedType: enumspb.QUERY_RESULT_TYPE_FAILED, ErrorMessage: "cannot", Failure: applicationFailure("cannot")})
	s.must(err)
	<-failing

	s.rawSignal(id, "wake")
	buffered := ask("buffered")
	s.pause(time.Second)
	task = s.poll(queue)
	s.noteTask("task with a buffered query", task)
	respond := s.completion(task.TaskToken)
	respond.QueryResults = map[string]*querypb.WorkflowQueryResult{}
	for key, query := range task.Queries {
		s.note("buffered query", asJSON(query))
		respond.QueryResults[key] = &querypb.WorkflowQueryResult{ResultType: enumspb.QUERY_RESULT_TYPE_ANSWERED, Answer: payloads("buffered answer")}
	}
	_, err = s.service.RespondWorkflowTaskCompleted(s.ctx, respond)
	s.must(err)
	<-buffered

	s.rawSignal(id, "wake")
	bufferedFailing := ask("buffered, failing")
	s.pause(time.Second)
	task = s.poll(queue)
	respond = s.completion(task.TaskToken)
	respond.QueryResults = map[string]*querypb.WorkflowQueryResult{}
	for key := range task.Queries {
		respond.QueryResults[key] = &querypb.WorkflowQueryResult{ResultType: enumspb.QUERY_RESULT_TYPE_FAILED, ErrorMessage: "cannot"}
	}
	_, err = s.service.RespondWorkflowTaskCompleted(s.ctx, respond)
	s.must(err)
	<-bufferedFailing

	s.rawSignal(id, "wake")
	task = s.poll(queue)
	whileStarted := ask("asked while a task runs")
	s.pause(time.Second)
	s.must(s.complete(task.TaskToken))
	task = s.poll(queue)
	s.noteTask("task for the query asked while a task ran", task)
	_, err = s.service.RespondQueryTaskCompleted(s.ctx, &workflowservice.RespondQueryTaskCompletedRequest{Namespace: namespace,
		TaskToken: task.TaskToken, CompletedType: enumspb.QUERY_RESULT_TYPE_ANSWERED, QueryResult: payloads("after the task")})
	s.noteError("answer of that", err)
	<-whileStarted
	s.terminate(id)
	s.history("asked", id, "")
	closed := ask("closed")
	task = s.poll(queue)
	s.noteTask("task of a closed workflow", task)
	_, err = s.service.RespondQueryTaskCompleted(s.ctx, &workflowservice.RespondQueryTaskCompletedRequest{Namespace: namespace,
		TaskToken: task.TaskToken, CompletedType: enumspb.QUERY_RESULT_TYPE_ANSWERED, QueryResult: payloads("from the grave")})
	s.must(err)
	<-closed
}

func packed(message proto.Message) *anypb.Any {
	result, err := anypb.New(message)
	if err != nil {
		panic(err)
	}
	return result
}

func messageCommand(id string) *commandpb.Command {
	return &commandpb.Command{CommandType: enumspb.COMMAND_TYPE_PROTOCOL_MESSAGE, Attributes: &commandpb.Command_ProtocolMessageCommandAttributes{
		ProtocolMessageCommandAttributes: &commandpb.ProtocolMessageCommandAttributes{MessageId: id}}}
}

func (s *scenario) updateRequest(label, updateID string) *workflowservice.UpdateWorkflowExecutionRequest {
	return &workflowservice.UpdateWorkflowExecutionRequest{Namespace: namespace, WorkflowExecution: s.execution(s.id(label), ""),
		WaitPolicy: &updatepb.WaitPolicy{LifecycleStage: enumspb.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED},
		Request: &updatepb.Request{Meta: &updatepb.Meta{UpdateId: updateID, Identity: "raw"},
			Input: &updatepb.Input{Name: "change", Args: payloads(updateID)}}}
}

func multi(start *workflowservice.StartWorkflowExecutionRequest, update *workflowservice.UpdateWorkflowExecutionRequest) *workflowservice.ExecuteMultiOperationRequest {
	return &workflowservice.ExecuteMultiOperationRequest{Namespace: namespace, Operations: []*workflowservice.ExecuteMultiOperationRequest_Operation{
		{Operation: &workflowservice.ExecuteMultiOperationRequest_Operation_StartWorkflow{StartWorkflow: start}},
		{Operation: &workflowservice.ExecuteMultiOperationRequest_Operation_UpdateWorkflow{UpdateWorkflow: update}}}}
}

func rawUpdates(s *scenario) {
	request := s.startRaw("updated")
	queue, id := request.TaskQueue.Name, request.WorkflowId
	s.must(s.complete(s.poll(queue).TaskToken, timerCommand("t", time.Hour)))
	begin := func(updateID string) chan struct{} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			got, err := s.service.UpdateWorkflowExecution(s.ctx, s.updateRequest("updated", updateID))
			if err != nil {
				s.noteError(updateID, err)
				return
			}
			s.note(updateID, asJSON(got))
		}()
		return done
	}
	accept := func(message *protocolpb.Message, complete bool) ([]*protocolpb.Message, []*commandpb.Command) {
		update := &updatepb.Request{}
		s.must(message.Body.UnmarshalTo(update))
		messages := []*protocolpb.Message{{Id: "accept", ProtocolInstanceId: message.ProtocolInstanceId, Body: packed(&updatepb.Acceptance{
			AcceptedRequestMessageId: message.Id, AcceptedRequestSequencingEventId: message.GetEventId(), AcceptedRequest: update})}}
		commands := []*commandpb.Command{messageCommand("accept")}
		if complete {
			messages = append(messages, &protocolpb.Message{Id: "answer", ProtocolInstanceId: message.ProtocolInstanceId,
				Body: packed(&updatepb.Response{Meta: update.Meta, Outcome: &updatepb.Outcome{Value: &updatepb.Outcome_Success{Success: payloads("changed")}}})})
			commands = append(commands, messageCommand("answer"))
		}
		return messages, commands
	}
	respond := func(label string, task *workflowTask, messages []*protocolpb.Message, commands ...*commandpb.Command) {
		answer := s.completion(task.TaskToken, commands...)
		answer.Messages = messages
		got, err := s.service.RespondWorkflowTaskCompleted(s.ctx, answer)
		if err != nil {
			s.noteError(label, err)
			return
		}
		s.note(label, got.ResetHistoryEventId)
	}

	rejected := begin("rejected")
	task := s.poll(queue)
	s.noteTask("speculative task", task)
	s.note("its message", asJSON(task.Messages[0]))
	update := &updatepb.Request{}
	s.must(task.Messages[0].Body.UnmarshalTo(update))
	respond("rejection", task, []*protocolpb.Message{{Id: "reject", ProtocolInstanceId: task.Messages[0].ProtocolInstanceId,
		Body: packed(&updatepb.Rejection{RejectedRequestMessageId: task.Messages[0].Id, RejectedRequestSequencingEventId: task.Messages[0].GetEventId(),
			RejectedRequest: update, Failure: applicationFailure("no")})}})
	<-rejected
	s.note("no trace", eventTypes(s.history("updated", id, "").Events))

	accepted := begin("accepted")
	task = s.poll(queue)
	messages, commands := accept(task.Messages[0], true)
	respond("acceptance", task, messages, commands...)
	<-accepted

	failed := begin("after a failed task")
	task = s.poll(queue)
	s.must(s.failTask(task.TaskToken, enumspb.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE))
	task = s.poll(queue)
	s.noteTask("task after a failed speculative one", task)
	messages, commands = accept(task.Messages[0], true)
	respond("second try", task, messages, commands...)
	<-failed

	with := begin("beside a signal")
	task = s.poll(queue)
	s.rawSignal(id, "beside")
	messages, commands = accept(task.Messages[0], true)
	respond("with a signal buffered", task, messages, commands...)
	<-with
	task = s.poll(queue)
	s.noteTask("task of the signal", task)
	s.must(s.complete(task.TaskToken))

	bad := begin("bad message")
	task = s.poll(queue)
	respond("no such message", task, []*protocolpb.Message{{Id: "odd", ProtocolInstanceId: "nobody",
		Body: packed(&updatepb.Acceptance{AcceptedRequestMessageId: "x", AcceptedRequest: update})}}, messageCommand("odd"))
	task = s.poll(queue)
	s.noteTask("task after a bad message", task)
	<-bad
	s.must(s.complete(task.TaskToken))
	closing := begin("closing")
	task = s.poll(queue)
	messages, commands = accept(task.Messages[0], false)
	respond("accepted only", task, messages, append(commands, completeCommand("closed"))...)
	<-closing
	s.history("updated", id, "")
	_, err := s.service.UpdateWorkflowExecution(s.ctx, s.updateRequest("updated", "late"))
	s.noteError("on closed", err)
	admitted := s.updateRequest("updated", "admitted")
	admitted.WaitPolicy.LifecycleStage = enumspb.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ADMITTED
	_, err = s.service.UpdateWorkflowExecution(s.ctx, admitted)
	s.noteError("wait for admitted", err)
}

func taskHeartbeat(s *scenario) {
	request := s.startRaw("beating")
	queue := request.TaskQueue.Name
	beat := s.completion(s.poll(queue).TaskToken)
	beat.ForceCreateNewWorkflowTask, beat.ReturnNewWorkflowTask = true, true
	got, err := s.service.RespondWorkflowTaskCompleted(s.ctx, beat)
	s.must(err)
	s.note("the next task comes with the answer", got.WorkflowTask != nil)
	if got.WorkflowTask == nil {
		s.finish(queue)
	} else {
		s.noteTask("next task", got.WorkflowTask)
		s.must(s.complete(got.WorkflowTask.TaskToken, completeCommand("done")))
	}
	s.history("beating", request.WorkflowId, "")
}

func staleTokens(s *scenario) {
	request := s.startRaw("twice")
	queue := request.TaskQueue.Name
	task := s.poll(queue)
	s.must(s.complete(task.TaskToken, activityCommand(plainActivity("a", queue))))
	s.noteError("task completed twice", s.complete(task.TaskToken))
	s.noteError("completed task failed", s.failTask(task.TaskToken, enumspb.WORKFLOW_TASK_FAILED_CAUSE_UNSPECIFIED))
	activity := s.pollActivity(queue)
	done := &workflowservice.RespondActivityTaskCompletedRequest{Namespace: namespace, TaskToken: activity.TaskToken}
	_, err := s.service.RespondActivityTaskCompleted(s.ctx, done)
	s.must(err)
	_, err = s.service.RespondActivityTaskCompleted(s.ctx, done)
	s.noteError("activity completed twice", err)
	_, err = s.service.RecordActivityTaskHeartbeat(s.ctx, &workflowservice.RecordActivityTaskHeartbeatRequest{Namespace: namespace, TaskToken: activity.TaskToken})
	s.noteError("heartbeat of a completed activity", err)
	s.finish(queue)
	_, err = s.service.RespondActivityTaskFailed(s.ctx, &workflowservice.RespondActivityTaskFailedRequest{Namespace: namespace, TaskToken: activity.TaskToken})
	s.noteError("activity of a closed workflow", err)
	s.noteError("task of a closed workflow", s.complete(task.TaskToken))
	s.noteError("no token", s.complete(nil))
	s.noteError("garbage token", s.complete([]byte("garbage that is no token")))
	done.TaskToken = nil
	_, err = s.service.RespondActivityTaskCompleted(s.ctx, done)
	s.noteError("activity without token", err)
	done.TaskToken = []byte("garbage that is no token")
	_, err = s.service.RespondActivityTaskCompleted(s.ctx, done)
	s.noteError("activity with garbage token", err)
	_, err = s.service.RespondQueryTaskCompleted(s.ctx, &workflowservice.RespondQueryTaskCompletedRequest{Namespace: namespace})
	s.noteError("query without token", err)
}

func rawActivity(s *scenario) {
	request := s.startRaw("worked")
	queue, id := request.TaskQueue.Name, request.WorkflowId
	s.must(s.complete(s.poll(queue).TaskToken, activityCommand(plainActivity("a", queue)), activityCommand(plainActivity("never", s.id("nobody")))))
	task := s.pollActivity(queue)
	s.note("task", map[string]any{"attempt": task.Attempt, "id": task.ActivityId, "type": task.ActivityType.GetName(),
		"input": asJSON(task.Input), "start to close": task.StartToCloseTimeout.AsDuration().String(),
		"schedule to close": task.ScheduleToCloseTimeout.AsDuration().String(), "heartbeat": task.HeartbeatTimeout.AsDuration().String(),
		"retry policy": asJSONOrNil(task.RetryPolicy), "workflow": task.WorkflowExecution.GetWorkflowId() == id})
	_, err := s.service.RespondActivityTaskCanceled(s.ctx, &workflowservice.RespondActivityTaskCanceledRequest{Namespace: namespace, TaskToken: task.TaskToken})
	s.noteError("cancelled unasked", err)
	beat := func(label string) {
		got, err := s.service.RecordActivityTaskHeartbeat(s.ctx, &workflowservice.RecordActivityTaskHeartbeatRequest{Namespace: namespace,
			TaskToken: task.TaskToken, Details: payloads(label)})
		s.must(err)
		s.note(label, got.CancelRequested)
	}
	beat("first heartbeat")
	for _, pending := range s.describe(id, "").PendingActivities {
		s.note("pending "+pending.ActivityId, asJSON(pending))
	}
	s.rawSignal(id, "cancel it")
	s.must(s.complete(s.poll(queue).TaskToken, cancelActivityCommand(5), cancelActivityCommand(6)))
	beat("heartbeat after the request")
	_, err = s.service.RespondActivityTaskFailed(s.ctx, &workflowservice.RespondActivityTaskFailedRequest{Namespace: namespace,
		TaskToken: task.TaskToken, Failure: applicationFailure("fails while being cancelled"), LastHeartbeatDetails: payloads("last")})
	s.must(err)
	next := s.poll(queue)
	s.noteTask("then", next)
	s.must(s.complete(next.TaskToken, activityCommand(plainActivity("b", queue))))
	task = s.pollActivity(queue)
	s.rawSignal(id, "cancel it too")
	next = s.poll(queue)
	s.must(s.complete(next.TaskToken, cancelActivityCommand(task_scheduled(next))))
	_, err = s.service.RespondActivityTaskCanceledById(s.ctx, &workflowservice.RespondActivityTaskCanceledByIdRequest{Namespace: namespace,
		WorkflowId: id, ActivityId: "b", Details: payloads("by id")})
	s.must(err)
	s.finish(queue)
	s.history("worked", id, "")
}

// task_scheduled is the event that scheduled the last activity in the history of the task.
func task_scheduled(task *workflowTask) int64 {
	var found int64
	for _, event := range task.History.Events {
		if event.EventType == enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED {
			found = event.EventId
		}
	}
	return found
}

func historyPages(s *scenario) {
	request := s.startRaw("long")
	queue, id := request.TaskQueue.Name, request.WorkflowId
	for i := 0; i < 20; i++ {
		s.rawSignal(id, fmt.Sprint("signal ", i))
	}
	task := s.poll(queue)
	s.must(s.complete(task.TaskToken, timerCommand("t", time.Hour)))
	get := func(change func(*workflowservice.GetWorkflowExecutionHistoryRequest)) *workflowservice.GetWorkflowExecutionHistoryResponse {
		request := &workflowservice.GetWorkflowExecutionHistoryRequest{Namespace: namespace, Execution: s.execution(id, "")}
		change(request)
		got, err := s.service.GetWorkflowExecutionHistory(s.ctx, request)
		s.must(err)
		return got
	}
	var sizes []int
	var token []byte
	for {
		page := get(func(r *workflowservice.GetWorkflowExecutionHistoryRequest) {
			r.MaximumPageSize, r.NextPageToken = 5, token
		})
		sizes = append(sizes, len(page.History.Events))
		if token = page.NextPageToken; len(token) == 0 || len(sizes) > 50 {
			break
		}
	}
	total := 0
	for _, size := range sizes {
		total += size
	}
	s.note("events over all pages", total)
	s.note("more than one page", len(sizes) > 1)
	var reverse []int64
	token = nil
	for {
		page, err := s.service.GetWorkflowExecutionHistoryReverse(s.ctx, &workflowservice.GetWorkflowExecutionHistoryReverseRequest{
			Namespace: namespace, Execution: s.execution(id, ""), MaximumPageSize: 7, NextPageToken: token})
		s.must(err)
		for _, event := range page.History.Events {
			reverse = append(reverse, event.EventId)
		}
		if token = page.NextPageToken; len(token) == 0 || len(reverse) > 100 {
			break
		}
	}
	s.note("reverse", reverse)
	first := get(func(r *workflowservice.GetWorkflowExecutionHistoryRequest) { r.WaitNewEvent = true })
	s.note("long poll, what is there", len(first.History.Events))
	s.note("long poll goes on", len(first.NextPageToken) > 0)
	woken := make(chan *workflowservice.GetWorkflowExecutionHistoryResponse, 1)
	closing := make(chan *workflowservice.GetWorkflowExecutionHistoryResponse, 1)
	begin := func(into chan *workflowservice.GetWorkflowExecutionHistoryResponse, change func(*workflowservice.GetWorkflowExecutionHistoryRequest)) {
		go func() {
			defer func() { _ = recover() }()
			into <- get(change)
		}()
	}
	begin(woken, func(r *workflowservice.GetWorkflowExecutionHistoryRequest) {
		r.WaitNewEvent, r.NextPageToken = true, first.NextPageToken
	})
	begin(closing, func(r *workflowservice.GetWorkflowExecutionHistoryRequest) {
		r.WaitNewEvent, r.HistoryEventFilterType = true, enumspb.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT
	})
	s.pause(600 * time.Millisecond)
	s.rawSignal(id, "wake")
	receive := func(from chan *workflowservice.GetWorkflowExecutionHistoryResponse) *workflowservice.GetWorkflowExecutionHistoryResponse {
		select {
		case got := <-from:
			return got
		case <-s.ctx.Done():
			panic(stopped{"timed out in a long poll"})
		}
	}
	s.note("woken by", eventTypes(receive(woken).History.Events))
	s.finish(queue)
	s.note("closed by", eventTypes(receive(closing).History.Events))
	_, err := s.service.GetWorkflowExecutionHistory(s.ctx, &workflowservice.GetWorkflowExecutionHistoryRequest{Namespace: namespace,
		Execution: s.execution(id, ""), NextPageToken: []byte("garbage")})
	s.noteError("garbage page token", err)
	_, err = s.service.GetWorkflowExecutionHistory(s.ctx, &workflowservice.GetWorkflowExecutionHistoryRequest{Namespace: namespace,
		Execution: s.execution(id, newID())})
	s.noteError("unknown run", err)
	_, err = s.service.GetWorkflowExecutionHistory(s.ctx, &workflowservice.GetWorkflowExecutionHistoryRequest{Namespace: namespace,
		Execution: s.execution(id, "not a uuid")})
	s.noteError("run id that is none", err)
	s.history("long", id, "")
}

func startOptions(s *scenario) {
	attempt := func(label string, change func(*workflowservice.StartWorkflowExecutionRequest)) {
		request := s.startRequest(label, "raw")
		change(request)
		_, err := s.service.StartWorkflowExecution(s.ctx, request)
		s.noteError(label, err)
		if err == nil {
			s.history(label, request.WorkflowId, "")
			s.terminate(request.WorkflowId)
		}
	}
	type start = workflowservice.StartWorkflowExecutionRequest
	attempt("plain", func(*start) {})
	attempt("everything", func(r *start) {
		r.WorkflowExecutionTimeout, r.WorkflowTaskTimeout = durationpb.New(2*time.Minute), durationpb.New(7*time.Second)
		r.RetryPolicy = &commonpb.RetryPolicy{MaximumAttempts: 3}
		r.Memo = &commonpb.Memo{Fields: map[string]*commonpb.Payload{"memo": payloads("value").Payloads[0]}}
		r.SearchAttributes = &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{"InteropKeyword": payloads("value").Payloads[0]}}
		r.Header = &commonpb.Header{Fields: map[string]*commonpb.Payload{"header": payloads("value").Payloads[0]}}
		r.Priority = &commonpb.Priority{PriorityKey: 2}
	})
	attempt("task timeout above the limit", func(r *start) { r.WorkflowTaskTimeout = durationpb.New(time.Hour) })
	attempt("run timeout above the execution's", func(r *start) { r.WorkflowExecutionTimeout = durationpb.New(time.Second) })
	attempt("no id", func(r *start) { r.WorkflowId = "" })
	attempt("no type", func(r *start) { r.WorkflowType = nil })
	attempt("no queue", func(r *start) { r.TaskQueue = nil })
	attempt("no request id", func(r *start) { r.RequestId = "" })
	attempt("negative timeout", func(r *start) { r.WorkflowRunTimeout = durationpb.New(-time.Second) })
	attempt("unknown search attribute", func(r *start) {
		r.SearchAttributes = &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{"NoSuchAttribute": payloads("x").Payloads[0]}}
	})
	attempt("delay and cron", func(r *start) { r.CronSchedule, r.WorkflowStartDelay = "@every 1h", durationpb.New(time.Second) })
	attempt("unknown namespace", func(r *start) { r.Namespace = "no-such-namespace" })
	attempt("no namespace", func(r *start) { r.Namespace = "" })
	attempt("long id", func(r *start) { r.WorkflowId = fmt.Sprintf("%01001d", 1) })
	attempt("terminate if running with a conflict policy", func(r *start) {
		r.WorkflowIdReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING
		r.WorkflowIdConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL
	})
	request := s.startRequest("same request", "raw")
	first, err := s.service.StartWorkflowExecution(s.ctx, request)
	s.must(err)
	second, err := s.service.StartWorkflowExecution(s.ctx, request)
	s.must(err)
	s.note("the same request id gives the same run", first.RunId == second.RunId)
	s.note("started flags", []bool{first.Started, second.Started})
	s.terminate(request.WorkflowId)
}

func badRequests(s *scenario) {
	type case_ struct {
		name string
		call func() error
	}
	none := s.execution(s.id("nobody"), "")
	for _, c := range []case_{
		{"signal without name", func() error {
			_, err := s.service.SignalWorkflowExecution(s.ctx, &workflowservice.SignalWorkflowExecutionRequest{Namespace: namespace, WorkflowExecution: none})
			return err
		}},
		{"signal without execution", func() error {
			_, err := s.service.SignalWorkflowExecution(s.ctx, &workflowservice.SignalWorkflowExecutionRequest{Namespace: namespace, SignalName: "x"})
			return err
		}},
		{"signal, bad run id", func() error {
			_, err := s.service.SignalWorkflowExecution(s.ctx, &workflowservice.SignalWorkflowExecutionRequest{Namespace: namespace, SignalName: "x",
				WorkflowExecution: s.execution("x", "bad")})
			return err
		}},
		{"signal, unknown namespace", func() error {
			_, err := s.service.SignalWorkflowExecution(s.ctx, &workflowservice.SignalWorkflowExecutionRequest{Namespace: "no-such-namespace",
				SignalName: "x", WorkflowExecution: none})
			return err
		}},
		{"signal with start without signal", func() error {
			_, err := s.service.SignalWithStartWorkflowExecution(s.ctx, &workflowservice.SignalWithStartWorkflowExecutionRequest{Namespace: namespace,
				WorkflowId: "x", WorkflowType: &commonpb.WorkflowType{Name: "x"}, TaskQueue: queueOf("x")})
			return err
		}},
		{"query without query", func() error {
			_, err := s.service.QueryWorkflow(s.ctx, &workflowservice.QueryWorkflowRequest{Namespace: namespace, Execution: none})
			return err
		}},
		{"update without request", func() error {
			_, err := s.service.UpdateWorkflowExecution(s.ctx, &workflowservice.UpdateWorkflowExecutionRequest{Namespace: namespace, WorkflowExecution: none})
			return err
		}},
		{"update without name", func() error {
			request := s.updateRequest("x", "y")
			request.Request.Input.Name = ""
			_, err := s.service.UpdateWorkflowExecution(s.ctx, request)
			return err
		}},
		{"poll update without reference", func() error {
			_, err := s.service.PollWorkflowExecutionUpdate(s.ctx, &workflowservice.PollWorkflowExecutionUpdateRequest{Namespace: namespace})
			return err
		}},
		{"poll without queue", func() error {
			_, err := s.service.PollWorkflowTaskQueue(s.ctx, &workflowservice.PollWorkflowTaskQueueRequest{Namespace: namespace})
			return err
		}},
		{"poll in an unknown namespace", func() error {
			_, err := s.service.PollActivityTaskQueue(s.ctx, &workflowservice.PollActivityTaskQueueRequest{Namespace: "no-such-namespace", TaskQueue: queueOf("x")})
			return err
		}},
		{"describe without execution", func() error {
			_, err := s.service.DescribeWorkflowExecution(s.ctx, &workflowservice.DescribeWorkflowExecutionRequest{Namespace: namespace})
			return err
		}},
		{"history without execution", func() error {
			_, err := s.service.GetWorkflowExecutionHistory(s.ctx, &workflowservice.GetWorkflowExecutionHistoryRequest{Namespace: namespace})
			return err
		}},
		{"history of nobody", func() error {
			_, err := s.service.GetWorkflowExecutionHistory(s.ctx, &workflowservice.GetWorkflowExecutionHistoryRequest{Namespace: namespace, Execution: none})
			return err
		}},
		{"reverse history of nobody", func() error {
			_, err := s.service.GetWorkflowExecutionHistoryReverse(s.ctx, &workflowservice.GetWorkflowExecutionHistoryReverseRequest{Namespace: namespace, Execution: none})
			return err
		}},
		{"reset of nobody", func() error {
			_, err := s.service.ResetWorkflowExecution(s.ctx, &workflowservice.ResetWorkflowExecutionRequest{Namespace: namespace,
				WorkflowExecution: none, WorkflowTaskFinishEventId: 3, RequestId: newID()})
			return err
		}},
		{"reset without event", func() error {
			_, err := s.service.ResetWorkflowExecution(s.ctx, &workflowservice.ResetWorkflowExecutionRequest{Namespace: namespace,
				WorkflowExecution: none, RequestId: newID()})
			return err
		}},
		{"list, bad filter", func() error {
			_, err := s.service.ListWorkflowExecutions(s.ctx, &workflowservice.ListWorkflowExecutionsRequest{Namespace: namespace, Query: "this is no filter"})
			return err
		}},
		{"list, unknown attribute", func() error {
			_, err := s.service.ListWorkflowExecutions(s.ctx, &workflowservice.ListWorkflowExecutionsRequest{Namespace: namespace, Query: "NoSuch = 'x'"})
			return err
		}},
		{"count, bad grouping", func() error {
			_, err := s.service.CountWorkflowExecutions(s.ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: namespace, Query: "GROUP BY WorkflowType"})
			return err
		}},
		{"describe task queue without queue", func() error {
			_, err := s.service.DescribeTaskQueue(s.ctx, &workflowservice.DescribeTaskQueueRequest{Namespace: namespace})
			return err
		}},
		{"heartbeat by id of nobody", func() error {
			_, err := s.service.RecordActivityTaskHeartbeatById(s.ctx, &workflowservice.RecordActivityTaskHeartbeatByIdRequest{Namespace: namespace,
				WorkflowId: none.WorkflowId, ActivityId: "x"})
			return err
		}},
		{"heartbeat by id without id", func() error {
			_, err := s.service.RecordActivityTaskHeartbeatById(s.ctx, &workflowservice.RecordActivityTaskHeartbeatByIdRequest{Namespace: namespace})
			return err
		}},
		{"terminate, first run does not match", func() error {
			_, err := s.service.TerminateWorkflowExecution(s.ctx, &workflowservice.TerminateWorkflowExecutionRequest{Namespace: namespace,
				WorkflowExecution: none, FirstExecutionRunId: newID()})
			return err
		}},
		{"list, page too large", func() error {
			_, err := s.service.ListWorkflowExecutions(s.ctx, &workflowservice.ListWorkflowExecutionsRequest{Namespace: namespace, PageSize: 100000,
				Query: "WorkflowId = 'nobody'"})
			return err
		}},
	} {
		s.noteError(c.name, c.call())
	}
}
