// go_worker runs activities that C++ workflows call, and a workflow that calls a C++ activity.
//
//	go_worker ADDRESS TASK_QUEUE
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
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
