package main

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
)

// replay replays the history at path once to warm up and then rounds times, and prints events per second. Every round
// reads the history from its bytes, as a worker does that gets it from the server.
func replay(path string, rounds int) error {
	data, err := readHistoryBytes(path)
	if err != nil {
		return err
	}
	silent := log.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, nil)))
	replayer := worker.NewWorkflowReplayer()
	registerWorkflows(replayer)

	events := 0
	once := func() error {
		history, err := parseHistory(data)
		if err != nil {
			return err
		}
		events = len(history.Events)
		return replayer.ReplayWorkflowHistory(silent, history)
	}
	if err := once(); err != nil {
		return err
	}
	begin := time.Now()
	for round := 0; round < rounds; round++ {
		if err := once(); err != nil {
			return err
		}
	}
	seconds := time.Since(begin).Seconds()
	fmt.Printf("events=%d rounds=%d events_per_second=%.0f\n", events, rounds, float64(events*rounds)/seconds)
	return nil
}
