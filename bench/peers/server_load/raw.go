package main

import (
	"context"
	"strconv"
	"time"

	commandpb "go.temporal.io/api/command/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/durationpb"
)

func numberPayload(value int) *commonpb.Payloads {
	return &commonpb.Payloads{Payloads: []*commonpb.Payload{{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte(strconv.Itoa(value))}}}
}

func number(payloads *commonpb.Payloads) int {
	value, _ := strconv.Atoi(string(payloads.GetPayloads()[0].GetData()))
	return value
}

// beginRaw does the workers' part with bare calls: the first task schedules the activity, the second completes.
func beginRaw(address string) (func(), error) {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	service := workflowservice.NewWorkflowServiceClient(connection)
	ctx, cancel := context.WithCancel(context.Background())
	tasks := &taskqueuepb.TaskQueue{Name: queue, Kind: enumspb.TASK_QUEUE_KIND_NORMAL}
	for range 16 {
		go func() {
			for ctx.Err() == nil {
				waiting, done := context.WithTimeout(ctx, time.Minute) // servers refuse polls without a limit
				task, err := service.PollWorkflowTaskQueue(waiting, &workflowservice.PollWorkflowTaskQueueRequest{Namespace: "default", TaskQueue: tasks, Identity: "raw"})
				done()
				if err != nil || len(task.TaskToken) == 0 {
					continue
				}
				var command *commandpb.Command
				for _, event := range task.History.Events {
					switch event.EventType {
					case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
						command = &commandpb.Command{CommandType: enumspb.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
							Attributes: &commandpb.Command_ScheduleActivityTaskCommandAttributes{
								ScheduleActivityTaskCommandAttributes: &commandpb.ScheduleActivityTaskCommandAttributes{ActivityId: "1",
									ActivityType: &commonpb.ActivityType{Name: "add"}, TaskQueue: tasks, StartToCloseTimeout: durationpb.New(time.Minute),
									Input: event.GetWorkflowExecutionStartedEventAttributes().Input}}}
					case enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
						command = &commandpb.Command{CommandType: enumspb.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
							Attributes: &commandpb.Command_CompleteWorkflowExecutionCommandAttributes{
								CompleteWorkflowExecutionCommandAttributes: &commandpb.CompleteWorkflowExecutionCommandAttributes{
									Result: event.GetActivityTaskCompletedEventAttributes().Result}}}
					}
				}
				_, _ = service.RespondWorkflowTaskCompleted(ctx, &workflowservice.RespondWorkflowTaskCompletedRequest{Namespace: "default",
					TaskToken: task.TaskToken, Commands: []*commandpb.Command{command}, Identity: "raw"})
			}
		}()
		go func() {
			for ctx.Err() == nil {
				waiting, done := context.WithTimeout(ctx, time.Minute)
				task, err := service.PollActivityTaskQueue(waiting, &workflowservice.PollActivityTaskQueueRequest{Namespace: "default", TaskQueue: tasks, Identity: "raw"})
				done()
				if err != nil || len(task.TaskToken) == 0 {
					continue
				}
				_, _ = service.RespondActivityTaskCompleted(ctx, &workflowservice.RespondActivityTaskCompletedRequest{Namespace: "default",
					TaskToken: task.TaskToken, Result: numberPayload(number(task.Input) + 1), Identity: "raw"})
			}
		}()
	}
	return func() { cancel(); _ = connection.Close() }, nil
}
