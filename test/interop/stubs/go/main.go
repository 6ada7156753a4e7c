// The Go part of the checks of rondo-stubs. The packages shop and elsewhere are generated.
//
//	stubs worker ADDRESS TASK_QUEUE          offers what elsewhere.json says
//	stubs check ADDRESS TASK_QUEUE OTHERS    uses what the C++ worker on another task queue offers
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"rondo/test/interop/stubs/elsewhere"
	"rondo/test/interop/stubs/shop"
)

func pointer[T any](value T) *T { return &value }

func full() shop.Record {
	return shop.Record{
		ID:       "naïve \"東京\"\n",
		Serial:   1<<62 + 1,
		Weight:   -1.5e300,
		Urgent:   true,
		Note:     pointer("a note"),
		Lines:    []shop.Line{{Sku: "tea", Count: 255, Tint: pointer(shop.ColorDeepBlue)}, {Sku: "cup"}},
		Labels:   map[string]string{"": "empty"},
		Numbered: map[int32]bool{-5: true},
		Tints:    map[shop.Color]int32{shop.ColorRed: 7},
		History:  [][]int64{{1, -1 << 63}, nil},
		Pair:     shop.Tuple2[string, int32]{Item1: "one", Item2: 2},
		Both:     [2]int32{3, 4},
		Raw:      []byte{0, 255},
		Octets:   []uint16{0, 255},
		Age:      1500,
		At:       time.Date(2026, 11, 28, 12, 0, 0, 123456000, time.UTC),
		Tint:     shop.ColorDeepBlue,
		Mark:     9,
		Family:   shop.Tree{Name: "root", Branches: []shop.Tree{{Name: "leaf"}}},
		Strange:  shop.Odd{Class: "a", From: 1, IsDashed: true},
		Extra:    map[string]any{"any": []any{nil, "thing"}},
	}
}

func expect(what string, actual, wanted any) error {
	one, err := json.Marshal(actual)
	if err != nil {
		return err
	}
	other, err := json.Marshal(wanted)
	if err != nil {
		return err
	}
	if string(one) != string(other) {
		return fmt.Errorf("%s: expected %s, got %s", what, other, one)
	}
	return nil
}

// callsCpp calls everything that the C++ worker offers from a workflow.
func callsCpp(ctx workflow.Context, queue string) (shop.Record, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{TaskQueue: queue, StartToCloseTimeout: 10 * time.Second})
	ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{TaskQueue: queue})
	record, err := shop.ExecuteAdvance(ctx, full()).Result(ctx)
	if err != nil {
		return record, err
	}
	for _, second := range [][]byte{nil, {4}} {
		joined, err := shop.ExecuteJoin(ctx, nil, second).Result(ctx)
		if err != nil || !bytes.Equal(joined, second) {
			return record, errors.Join(err, fmt.Errorf("joined %v to %v", second, joined))
		}
	}
	if err := shop.ExecuteIdle(ctx).Get(ctx, nil); err != nil {
		return record, err
	}
	child := shop.ExecuteCounterChild(ctx, record, pointer(int32(100)))
	if err := child.SignalAdd(ctx, 2).Get(ctx, nil); err != nil {
		return record, err
	}
	if err := child.SignalStop(ctx).Get(ctx, nil); err != nil {
		return record, err
	}
	return child.Result(ctx)
}

func check(ctx context.Context, c client.Client, queue, theirs string) error {
	id := "go-counter-" + queue
	options := client.StartWorkflowOptions{ID: id, TaskQueue: theirs, WorkflowExecutionTimeout: 30 * time.Second}
	if _, err := shop.StartCounter(ctx, c, options, full(), nil); err != nil {
		return err
	}
	handle := shop.GetCounter(ctx, c, id, "")
	wanted := full()
	for _, step := range []struct {
		what string
		do   func() (any, error)
		want any
	}{
		{"a signal", func() (any, error) { return nil, handle.SignalAdd(ctx, 3) }, nil},
		{"a query", func() (any, error) { return handle.QueryTotal(ctx) }, wanted.Serial + 3},
		{"an optional answer", func() (any, error) { return handle.QueryLineAt(ctx, 0) }, wanted.Lines[0]},
		{"no answer", func() (any, error) { return handle.QueryLineAt(ctx, 5) }, nil},
		{"an update", func() (any, error) { return handle.UpdateSetNote(ctx, "another") }, "a note"},
		{"the last signal", func() (any, error) { return nil, handle.SignalStop(ctx) }, nil},
	} {
		got, err := step.do()
		if err = errors.Join(err, expect(step.what, got, step.want)); err != nil {
			return err
		}
	}
	result, err := handle.Result(ctx)
	wanted.Serial += 3
	wanted.Note = pointer("another")
	if err = errors.Join(err, expect("the result", result, wanted)); err != nil {
		return err
	}

	options.ID, options.TaskQueue = "go-calls-"+queue, queue
	run, err := c.ExecuteWorkflow(ctx, options, "GoCalls", theirs)
	if err != nil {
		return err
	}
	wanted = full()
	wanted.Serial += 201
	err = run.Get(ctx, &result)
	return errors.Join(err, expect("what a Go workflow called", result, wanted))
}

func advance(_ context.Context, value elsewhere.Item) (elsewhere.Item, error) {
	value.SerialNumber++
	return value, nil
}

func count(ctx workflow.Context, value elsewhere.Item, step *int32) (elsewhere.Item, error) {
	times := int32(1)
	if step != nil {
		times = *step
	}
	err := workflow.SetQueryHandler(ctx, "Total", func() (int64, error) { return value.SerialNumber, nil })
	if err != nil {
		return value, err
	}
	err = workflow.SetUpdateHandler(ctx, "set-note", func(_ workflow.Context, note string) (string, error) {
		before := ""
		if value.Note != nil {
			before = *value.Note
		}
		value.Note = &note
		return "was " + before, nil
	})
	if err != nil {
		return value, err
	}
	stopped := false
	selector := workflow.NewSelector(ctx)
	selector.AddReceive(workflow.GetSignalChannel(ctx, "add"), func(channel workflow.ReceiveChannel, _ bool) {
		var more int32
		channel.Receive(ctx, &more)
		value.SerialNumber += int64(more * times)
	})
	selector.AddReceive(workflow.GetSignalChannel(ctx, "stop"), func(channel workflow.ReceiveChannel, _ bool) {
		channel.Receive(ctx, nil)
		stopped = true
	})
	for !stopped || selector.HasPending() {
		selector.Select(ctx)
	}
	return value, nil
}

func newWorker(c client.Client, queue string) worker.Worker {
	// Otherwise a call of "advance", an activity in C++, becomes one of the function of that name here.
	w := worker.New(c, queue, worker.Options{WorkerStopTimeout: time.Second, DisableRegistrationAliasing: true})
	w.RegisterActivityWithOptions(advance, activity.RegisterOptions{Name: "Elsewhere.Advance"})
	w.RegisterWorkflowWithOptions(count, workflow.RegisterOptions{Name: elsewhere.ElsewhereCounterName})
	w.RegisterWorkflowWithOptions(callsCpp, workflow.RegisterOptions{Name: "GoCalls"})
	return w
}

func run(how, address string, queues []string) error {
	errorsOnly := log.NewStructuredLogger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	c, err := client.Dial(client.Options{HostPort: address, Logger: errorsOnly})
	if err != nil {
		return err
	}
	defer c.Close()
	if how == "worker" && len(queues) == 1 {
		return newWorker(c, queues[0]).Run(worker.InterruptCh())
	}
	if how == "check" && len(queues) == 2 {
		ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
		defer cancel()
		return check(ctx, c, queues[0], queues[1])
	}
	return errors.New("usage: stubs worker ADDRESS TASK_QUEUE | check ADDRESS TASK_QUEUE OTHERS")
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: stubs worker|check ADDRESS TASK_QUEUE...")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
