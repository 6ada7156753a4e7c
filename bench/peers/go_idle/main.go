// go_idle measures the memory of workflows that wait for a signal in the cache of a Go worker.
//
//	go_idle ADDRESS [COUNT]
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

var waiting atomic.Int64

func idleWorkflow(ctx workflow.Context) (int, error) {
	finish := workflow.GetSignalChannel(ctx, "finish")
	waiting.Add(1)
	finish.Receive(ctx, nil)
	return 1, nil
}

// resident gives all that is free back to the system first.
func resident() (int64, error) {
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	var size, pages int64
	_, err = fmt.Sscan(string(text), &size, &pages)
	return pages * int64(os.Getpagesize()), err
}

func measure(address string, count int64) error {
	const warmUp = 50
	worker.SetStickyWorkflowCacheSize(int(count + warmUp))
	silent := log.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, nil)))
	c, err := client.Dial(client.Options{HostPort: address, Logger: silent})
	if err != nil {
		return err
	}
	defer c.Close()
	prefix := fmt.Sprintf("idle-%d-%d", os.Getpid(), time.Now().UnixNano())
	w := worker.New(c, prefix, worker.Options{})
	w.RegisterWorkflow(idleWorkflow)
	if err := w.Start(); err != nil {
		return err
	}
	defer w.Stop()

	started := int64(0)
	start := func(more int64) error {
		for i := int64(0); i < more; i++ {
			started++
			options := client.StartWorkflowOptions{ID: fmt.Sprintf("%s-%d", prefix, started), TaskQueue: prefix}
			if _, err := c.ExecuteWorkflow(context.Background(), options, idleWorkflow); err != nil {
				return err
			}
		}
		for waiting.Load() < started {
			time.Sleep(20 * time.Millisecond)
		}
		// The answers to the last tasks are on their way.
		time.Sleep(500 * time.Millisecond)
		return nil
	}
	if err := start(warmUp); err != nil {
		return err
	}
	before, err := resident()
	if err != nil {
		return err
	}
	if err := start(count); err != nil {
		return err
	}
	after, err := resident()
	if err != nil {
		return err
	}
	fmt.Printf("resident_bytes_per_workflow=%d\n", (after-before)/count)
	return nil
}

func main() {
	count := int64(2000)
	var err error
	if len(os.Args) > 2 {
		count, err = strconv.ParseInt(os.Args[2], 10, 64)
	}
	if err != nil || len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: go_idle ADDRESS [COUNT]")
		os.Exit(1)
	}
	if err := measure(os.Args[1], count); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
