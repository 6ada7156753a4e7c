package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

const namespace = "default"

// report is what one scenario leaves behind.
type report struct {
	Status    string                     `json:"status"`
	Outcome   map[string]any             `json:"outcome"`
	Histories map[string]json.RawMessage `json:"histories"`
}

// scenario is the hand that a scenario function works with; its methods panic when the scenario cannot go on.
type scenario struct {
	ctx      context.Context
	name     string
	token    string
	queue    string
	client   client.Client
	service  workflowservice.WorkflowServiceClient
	operator operatorservice.OperatorServiceClient
	address  string

	mutex  sync.Mutex
	report report
}

type stopped struct{ reason string }

func (s *scenario) must(err error) {
	if err != nil {
		panic(stopped{err.Error()})
	}
}

// id makes the id of a workflow or queue that belongs to this scenario and run alone.
func (s *scenario) id(label string) string { return s.name + "-" + label + "-" + s.token }

func (s *scenario) note(label string, value any) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.report.Outcome[label] = value
}

func (s *scenario) noteError(label string, err error) { s.note(label, describeError(err)) }

// describeError gives a chain of failures, or a gRPC error with its code and the types of its details.
func describeError(err error) any {
	if err == nil {
		return "ok"
	}
	var asService serviceerror.ServiceError
	if errors.As(err, &asService) {
		return describeStatus(asService.Status())
	}
	if st, ok := status.FromError(err); ok && st.Code() != codes.Unknown {
		return describeStatus(st)
	}
	var chain []any
	for ; err != nil; err = errors.Unwrap(err) {
		link := map[string]any{"class": fmt.Sprintf("%T", err)}
		var application *temporal.ApplicationError
		if found, ok := err.(*temporal.ApplicationError); ok {
			application = found
			link["message"], link["type"] = application.Message(), application.Type()
			link["nonRetryable"] = application.NonRetryable()
		}
		if found, ok := err.(*temporal.TimeoutError); ok {
			link["timeout"] = found.TimeoutType().String()
		}
		if found, ok := err.(*temporal.ActivityError); ok {
			link["retryState"] = found.RetryState().String()
		}
		if link["message"] == nil {
			if next := errors.Unwrap(err); next == nil {
				link["message"] = err.Error()
			}
		}
		chain = append(chain, link)
	}
	return chain
}

func describeStatus(st *status.Status) any {
	details := []string{}
	for _, detail := range st.Proto().GetDetails() {
		details = append(details, string(detail.MessageName()))
	}
	return map[string]any{"code": st.Code().String(), "message": st.Message(), "details": details}
}

func (s *scenario) execution(id, run string) *commonpb.WorkflowExecution {
	return &commonpb.WorkflowExecution{WorkflowId: id, RunId: run}
}

// history records all events of a run (the current one when the run id is empty) under the label.
func (s *scenario) history(label, id, run string) *historypb.History {
	whole := &historypb.History{}
	var token []byte
	for {
		page, err := s.service.GetWorkflowExecutionHistory(s.ctx, &workflowservice.GetWorkflowExecutionHistoryRequest{
			Namespace: namespace, Execution: s.execution(id, run), NextPageToken: token})
		s.must(err)
		whole.Events = append(whole.Events, page.History.Events...)
		if token = page.NextPageToken; len(token) == 0 {
			break
		}
	}
	text, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(whole)
	s.must(err)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.report.Histories[label] = text
	return whole
}

// chain records the histories of all runs that follow one another from the given one.
func (s *scenario) chain(label, id, run string, limit int) {
	for number := 1; number <= limit && run != ""; number++ {
		whole := s.history(fmt.Sprintf("%s run %d", label, number), id, run)
		run = nextRun(whole.Events[len(whole.Events)-1])
	}
}

func nextRun(last *historypb.HistoryEvent) string {
	switch last.EventType {
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
		return last.GetWorkflowExecutionContinuedAsNewEventAttributes().NewExecutionRunId
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
		return last.GetWorkflowExecutionCompletedEventAttributes().NewExecutionRunId
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
		return last.GetWorkflowExecutionFailedEventAttributes().NewExecutionRunId
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
		return last.GetWorkflowExecutionTimedOutEventAttributes().NewExecutionRunId
	}
	return ""
}

func (s *scenario) describe(id, run string) *workflowservice.DescribeWorkflowExecutionResponse {
	got, err := s.service.DescribeWorkflowExecution(s.ctx, &workflowservice.DescribeWorkflowExecutionRequest{
		Namespace: namespace, Execution: s.execution(id, run)})
	s.must(err)
	return got
}

type description = workflowservice.DescribeWorkflowExecutionResponse

// until waits till the description of the workflow fulfils the condition.
func (s *scenario) until(id string, condition func(*description) bool) *description {
	for {
		if got := s.describe(id, ""); condition(got) {
			return got
		}
		s.pause(20 * time.Millisecond)
	}
}

// settled waits till the workflow is closed or has no workflow task.
func (s *scenario) settled(id string) *description {
	return s.until(id, func(d *description) bool {
		return d.WorkflowExecutionInfo.Status != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING || d.PendingWorkflowTask == nil
	})
}

func (s *scenario) closed(id string) *description {
	return s.until(id, func(d *description) bool {
		return d.WorkflowExecutionInfo.Status != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	})
}

// eventually waits for a condition on something else.
func (s *scenario) eventually(condition func() bool) {
	for !condition() {
		s.pause(50 * time.Millisecond)
	}
}

func (s *scenario) pause(d time.Duration) {
	select {
	case <-s.ctx.Done():
		panic(stopped{"timed out"})
	case <-time.After(d):
	}
}

func (s *scenario) options(label string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{ID: s.id(label), TaskQueue: s.queue, WorkflowExecutionErrorWhenAlreadyStarted: true}
}

func (s *scenario) start(label, workflow string, arguments ...any) client.WorkflowRun {
	return s.startWith(s.options(label), workflow, arguments...)
}

func (s *scenario) startWith(options client.StartWorkflowOptions, workflow string, arguments ...any) client.WorkflowRun {
	run, err := s.client.ExecuteWorkflow(s.ctx, options, workflow, arguments...)
	s.must(err)
	return run
}

// result waits for a run and notes its result or failure.
func (s *scenario) result(label string, run client.WorkflowRun) {
	var value any
	if err := run.Get(s.ctx, &value); err != nil {
		s.noteError(label, err)
		return
	}
	s.note(label, value)
}

func (s *scenario) terminate(id string) { s.must(s.client.TerminateWorkflow(s.ctx, id, "", "tidy up")) }

func (s *scenario) signal(id, name string, argument any) {
	s.must(s.client.SignalWorkflow(s.ctx, id, "", name, argument))
}

// parallel runs the functions at the same time and passes on the first panic.
func parallel(functions ...func()) {
	var group sync.WaitGroup
	var mutex sync.Mutex
	var failure any
	for _, function := range functions {
		group.Add(1)
		go func() {
			defer group.Done()
			defer func() {
				if caught := recover(); caught != nil {
					mutex.Lock()
					defer mutex.Unlock()
					failure = caught
				}
			}()
			function()
		}()
	}
	group.Wait()
	if failure != nil {
		panic(failure)
	}
}

func payloads(values ...string) *commonpb.Payloads {
	result := &commonpb.Payloads{}
	for _, value := range values {
		data, _ := json.Marshal(value)
		result.Payloads = append(result.Payloads,
			&commonpb.Payload{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: data})
	}
	return result
}

func asJSON(message proto.Message) any {
	text, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(message)
	if err != nil {
		return err.Error()
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return err.Error()
	}
	return value
}

func newID() string { return uuid.NewString() }
