// lambda_worker is a Temporal worker as an AWS Lambda function in Go, the peer of bench/lambda/load_worker.cpp. The module
// go.temporal.io/sdk/contrib/aws/lambdaworker may be missing where this is built, so its life cycle is written out here: for
// each invocation it dials, starts a worker with that module's numbers, lets it work until 7 s before the deadline, stops it
// and closes the connection. The worker is the SDK's own.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

const (
	stopTimeout = 5 * time.Second
	hookBuffer  = 2 * time.Second
	leastWork   = time.Second
)

func greet(_ context.Context, name string) (string, error) { return "hello " + name, nil }

// load is two activities with a pause between them, which may outlast the function.
func load(ctx workflow.Context, name string, pauseMs int) (string, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: 10 * time.Second})
	var first, second string
	if err := workflow.ExecuteActivity(ctx, "greet", name).Get(ctx, &first); err != nil {
		return "", err
	}
	if err := workflow.Sleep(ctx, time.Duration(pauseMs)*time.Millisecond); err != nil {
		return "", err
	}
	if err := workflow.ExecuteActivity(ctx, "greet", "again").Get(ctx, &second); err != nil {
		return "", err
	}
	return first + ", " + second, nil
}

func hello(ctx workflow.Context, name string) (string, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: 10 * time.Second})
	var greeting string
	err := workflow.ExecuteActivity(ctx, "greet", name).Get(ctx, &greeting)
	return greeting, err
}

func needed(name string) string {
	value := os.Getenv(name)
	if value == "" {
		fmt.Fprintln(os.Stderr, name, "is not set")
		os.Exit(1)
	}
	return value
}

// work is one invocation.
func work(what invocation) error {
	budget := time.Until(what.deadline) - stopTimeout - hookBuffer
	if budget <= leastWork {
		return fmt.Errorf("the timeout leaves %v for work", budget)
	}
	logger := log.NewStructuredLogger(slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	c, err := client.Dial(client.Options{HostPort: needed("TEMPORAL_ADDRESS"), Logger: logger, Identity: what.id + "@" + what.arn})
	if err != nil {
		return err
	}
	defer c.Close()
	w := worker.New(c, needed("TEMPORAL_TASK_QUEUE"), worker.Options{
		MaxConcurrentActivityExecutionSize:      2,
		MaxConcurrentWorkflowTaskExecutionSize:  10,
		MaxConcurrentLocalActivityExecutionSize: 2,
		MaxConcurrentNexusTaskExecutionSize:     5,
		MaxConcurrentActivityTaskPollers:        1,
		MaxConcurrentWorkflowTaskPollers:        2,
		MaxConcurrentNexusTaskPollers:           1,
		WorkerStopTimeout:                       stopTimeout,
		DisableEagerActivities:                  true,
		DeploymentOptions: worker.DeploymentOptions{
			UseVersioning: true,
			Version: worker.WorkerDeploymentVersion{
				DeploymentName: needed("TEMPORAL_DEPLOYMENT_NAME"), BuildID: needed("TEMPORAL_WORKER_BUILD_ID")},
		},
	})
	w.RegisterWorkflowWithOptions(load, workflow.RegisterOptions{Name: "load", VersioningBehavior: workflow.VersioningBehaviorPinned})
	w.RegisterWorkflowWithOptions(hello, workflow.RegisterOptions{Name: "hello", VersioningBehavior: workflow.VersioningBehaviorPinned})
	w.RegisterActivityWithOptions(greet, activity.RegisterOptions{Name: "greet"})
	if err := w.Start(); err != nil {
		return err
	}
	if noted := os.Getenv("LAMBDA_WORKER_STARTS"); noted != "" {
		note(noted, what.began)
	}
	time.Sleep(time.Until(what.deadline) - stopTimeout - hookBuffer)
	w.Stop()
	return nil
}

// note appends the milliseconds from the invocation to the started worker.
func note(file string, began time.Time) {
	out, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return
	}
	defer out.Close()
	fmt.Fprintln(out, strconv.FormatFloat(float64(time.Since(began).Microseconds())/1000, 'f', 2, 64))
}

func main() {
	worker.SetStickyWorkflowCacheSize(100)
	api := runtimeAPI{base: "http://" + needed("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"}
	for {
		what, err := api.next()
		if err == nil {
			err = api.answer(what.id, work(what))
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
