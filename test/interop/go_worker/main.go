// go_worker runs activities and Nexus operations that C++ workflows call, and workflows that call those of C++.
//
//	go_worker ADDRESS TASK_QUEUE
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/nexus-rpc/sdk-go/nexus"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/temporalnexus"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

type line struct {
	Sku      string `json:"sku"`
	Quantity int    `json:"quantity"`
}

// record has the fields of the struct of the same name in worker.cpp and client.py.
type record struct {
	ID      string            `json:"id"`
	Serial  int64             `json:"serial"`
	Weight  float64           `json:"weight"`
	Urgent  bool              `json:"urgent"`
	Note    *string           `json:"note"`
	Lines   []line            `json:"lines"`
	Labels  map[string]string `json:"labels"`
	History [][]int64         `json:"history"`
}

// countUp gives the record back with its serial number raised by one, so that the caller sees that Go was there.
func countUp(_ context.Context, value record) (record, error) {
	value.Serial++
	return value, nil
}

func reverse(_ context.Context, value []byte) ([]byte, error) {
	for i, j := 0, len(value)-1; i < j; i, j = i+1, j-1 {
		value[i], value[j] = value[j], value[i]
	}
	return value, nil
}

func refuse(_ context.Context, value record) error {
	return temporal.NewNonRetryableApplicationError("Go refuses "+value.ID, "GoRefused", nil, value.Serial, value)
}

func callCpp(ctx workflow.Context, queue string, value record) (record, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{TaskQueue: queue, StartToCloseTimeout: 10 * time.Second})
	var result record
	err := workflow.ExecuteActivity(ctx, "cpp_count_up", value).Get(ctx, &result)
	return result, err
}

func countUpBehind(_ workflow.Context, value record) (record, error) {
	value.Serial++
	return value, nil
}

func callNexus(ctx workflow.Context, endpoint string, value record) (record, error) {
	service := workflow.NewNexusClient(endpoint, "counting")
	for _, operation := range []string{"count_up", "count_up_later"} {
		call := service.ExecuteOperation(ctx, operation, value, workflow.NexusOperationOptions{})
		if err := call.Get(ctx, &value); err != nil {
			return value, err
		}
	}
	return value, nil
}

// newCounting serves the operations that the workers in all languages do.
func newCounting() (*nexus.Service, error) {
	service := nexus.NewService("counting")
	atOnce := func(ctx context.Context, value record, _ nexus.StartOperationOptions) (record, error) {
		return countUp(ctx, value)
	}
	later := func(_ context.Context, _ record, options nexus.StartOperationOptions) (client.StartWorkflowOptions, error) {
		return client.StartWorkflowOptions{ID: "behind-" + options.RequestID}, nil
	}
	return service, service.Register(nexus.NewSyncOperation("count_up", atOnce),
		temporalnexus.NewWorkflowRunOperation("count_up_later", countUpBehind, later))
}

func run(address, queue string) error {
	errorsOnly := log.NewStructuredLogger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	c, err := client.Dial(client.Options{HostPort: address, Logger: errorsOnly})
	if err != nil {
		return err
	}
	defer c.Close()
	w := worker.New(c, queue, worker.Options{WorkerStopTimeout: time.Second})
	w.RegisterActivityWithOptions(countUp, activity.RegisterOptions{Name: "GoCountUp"})
	w.RegisterActivityWithOptions(reverse, activity.RegisterOptions{Name: "GoReverse"})
	w.RegisterActivityWithOptions(refuse, activity.RegisterOptions{Name: "GoRefuse"})
	w.RegisterWorkflowWithOptions(callCpp, workflow.RegisterOptions{Name: "GoCallsCpp"})
	w.RegisterWorkflowWithOptions(callNexus, workflow.RegisterOptions{Name: "GoCallsNexus"})
	w.RegisterWorkflow(countUpBehind)
	counting, err := newCounting()
	if err != nil {
		return err
	}
	w.RegisterNexusService(counting)
	return w.Run(worker.InterruptCh())
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: go_worker ADDRESS TASK_QUEUE")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
