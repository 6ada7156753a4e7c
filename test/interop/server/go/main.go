// Scenarios of the Go SDK against one server; prints what came out as one JSON document.
//
//	scenarios ADDRESS [PATTERN]      runs the scenarios (those whose names match the regular expression)
//	scenarios replay FILE...         replays the histories of such documents
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"runtime/debug"
	"sort"
	"strings"
	"sync"
	"time"

	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
)

type document struct {
	Program   string             `json:"program"`
	Token     string             `json:"token"`
	Scenarios map[string]*report `json:"scenarios"`
}

var quiet = log.NewStructuredLogger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError + 4})))

func scenarioTimeout() time.Duration {
	if given, err := time.ParseDuration(os.Getenv("RONDO_SCENARIO_TIMEOUT")); err == nil {
		return given
	}
	return 15 * time.Second
}

// runScenario gives a scenario its time; one that overruns it is left behind with what it noted so far.
func runScenario(s *scenario, function func(*scenario)) report {
	done := make(chan string, 1)
	go func() {
		defer func() {
			if caught := recover(); caught == nil {
				done <- "ok"
			} else if known, ok := caught.(stopped); ok {
				done <- "failed: " + known.reason
			} else {
				done <- fmt.Sprintf("panic: %v\n%s", caught, debug.Stack())
			}
		}()
		function(s)
	}()
	var outcome string
	select {
	case outcome = <-done:
	case <-time.After(scenarioTimeout() + time.Second):
		outcome = "failed: timed out"
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	copied := report{Status: outcome, Outcome: map[string]any{}, Histories: map[string]json.RawMessage{}}
	for key, value := range s.report.Outcome {
		copied.Outcome[key] = value
	}
	for key, value := range s.report.Histories {
		copied.Histories[key] = value
	}
	return copied
}

func run(address, pattern string) error {
	wanted, err := regexp.Compile(pattern)
	if err != nil {
		return err
	}
	c, err := client.Dial(client.Options{HostPort: address, Logger: quiet, Identity: "go-interop"})
	if err != nil {
		return err
	}
	defer c.Close()
	token := strings.ReplaceAll(newID(), "-", "")[:12]
	queue := "go-" + token
	w := worker.New(c, queue, worker.Options{MaxConcurrentWorkflowTaskPollers: 4, MaxConcurrentActivityTaskPollers: 4,
		DeadlockDetectionTimeout: 5 * time.Second})
	register(w)
	if err := w.Start(); err != nil {
		return err
	}
	defer w.Stop()
	result := document{Program: "go", Token: token, Scenarios: map[string]*report{}}
	var mutex sync.Mutex
	var group sync.WaitGroup
	places := make(chan struct{}, 12)
	for name, function := range scenarios {
		if !wanted.MatchString(name) {
			continue
		}
		group.Add(1)
		go func() {
			defer group.Done()
			places <- struct{}{}
			defer func() { <-places }()
			ctx, cancel := context.WithTimeout(context.Background(), scenarioTimeout())
			defer cancel()
			s := &scenario{ctx: ctx, name: name, token: token, queue: queue, client: c, address: address,
				service: c.WorkflowService(), operator: c.OperatorService(),
				report: report{Outcome: map[string]any{}, Histories: map[string]json.RawMessage{}}}
			since := time.Now()
			got := runScenario(s, function)
			fmt.Fprintf(os.Stderr, "%-28s %6.2f s  %s\n", name, time.Since(since).Seconds(), got.Status)
			mutex.Lock()
			defer mutex.Unlock()
			result.Scenarios[name] = &got
		}()
	}
	group.Wait()
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", " ")
	return encoder.Encode(result)
}

// replay feeds every recorded history of a workflow that the SDK ran to the SDK's replayer.
func replay(files []string) error {
	replayed, failures := 0, 0
	replayer := worker.NewWorkflowReplayer()
	register(replayer)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var read document
		if err := json.Unmarshal(text, &read); err != nil {
			return err
		}
		names := []string{}
		for name := range read.Scenarios {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			for label, recorded := range read.Scenarios[name].Histories {
				history := &historypb.History{}
				if err := (temporalproto.CustomJSONUnmarshalOptions{DiscardUnknown: true}).Unmarshal(recorded, history); err != nil {
					return fmt.Errorf("%s, %s: %w", name, label, err)
				}
				started := history.Events[0].GetWorkflowExecutionStartedEventAttributes()
				if strings.HasPrefix(started.GetWorkflowType().GetName(), "raw") || len(history.Events) < 3 {
					continue
				}
				replayed++
				if err := replayer.ReplayWorkflowHistory(quiet, history); err != nil {
					failures++
					fmt.Printf("NOT ACCEPTED  %s, %s: %v\n", name, label, err)
				}
			}
		}
	}
	fmt.Printf("go replayer: %d accepted, %d not\n", replayed-failures, failures)
	if failures > 0 || replayed == 0 {
		os.Exit(1)
	}
	return nil
}

func main() {
	var err error
	switch {
	case len(os.Args) > 2 && os.Args[1] == "replay":
		err = replay(os.Args[2:])
	case len(os.Args) > 2:
		err = run(os.Args[1], os.Args[2])
	case len(os.Args) > 1:
		err = run(os.Args[1], "")
	default:
		err = fmt.Errorf("usage: scenarios ADDRESS [PATTERN] | replay FILE")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
