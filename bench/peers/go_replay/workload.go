package main

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// The workload that all peers record and replay: activities one after the other, each adding one to an integer.

func addOne(_ context.Context, value int) (int, error) {
	return value + 1, nil
}

func sequentialActivities(ctx workflow.Context, count int) (int, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: 10 * time.Second})
	value := 0
	for round := 0; round < count; round++ {
		if err := workflow.ExecuteActivity(ctx, "add_one", value).Get(ctx, &value); err != nil {
			return 0, err
		}
	}
	return value, nil
}

func registerWorkflows(registry worker.WorkflowRegistry) {
	registry.RegisterWorkflowWithOptions(sequentialActivities, workflow.RegisterOptions{Name: "sequential_activities"})
}

func registerActivities(registry worker.ActivityRegistry) {
	registry.RegisterActivityWithOptions(addOne, activity.RegisterOptions{Name: "add_one"})
}
