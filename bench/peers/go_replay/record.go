package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
)

const recordingQueue = "record-go"

// record runs the workload once on the server at address and writes its history to path.
func record(address, path string, activities int) error {
	errorsOnly := log.NewStructuredLogger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	c, err := client.Dial(client.Options{HostPort: address, Logger: errorsOnly})
	if err != nil {
		return err
	}
	defer c.Close()

	w := worker.New(c, recordingQueue, worker.Options{})
	registerWorkflows(w)
	registerActivities(w)
	if err := w.Start(); err != nil {
		return err
	}
	defer w.Stop()

	ctx := context.Background()
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{TaskQueue: recordingQueue}, "sequential_activities", activities)
	if err != nil {
		return err
	}
	var result int
	if err := run.Get(ctx, &result); err != nil {
		return err
	}

	history := &historypb.History{}
	events := c.GetWorkflowHistory(ctx, run.GetID(), run.GetRunID(), false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return err
		}
		history.Events = append(history.Events, event)
	}
	if err := writeHistory(path, history); err != nil {
		return err
	}
	fmt.Printf("%s: result %d, %d events\n", path, result, len(history.Events))
	return nil
}
