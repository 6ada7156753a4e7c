// server_load measures development servers under the load of a Go worker and starter: time to the first answer, memory,
// workflows per second, open timers. The servers take turns, so that what else the machine does hits both.
//
//	server_load -real PROGRAM -ours PROGRAM [-workflows N] [-real-workflows N] [-rounds N] [-open N] [-file] [-raw]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

var (
	realProgram = flag.String("real", "", "the real server's program")
	oursProgram = flag.String("ours", "", "the other server's program")
	workflows   = flag.Int("workflows", 3000, "workflows of a measurement, one activity each")
	fewer       = flag.Int("real-workflows", 300, "the same for the real server, which would take long")
	rounds      = flag.Int("rounds", 3, "turns of each server")
	parallel    = flag.Int("parallel", 64, "workflows at the same time")
	open        = flag.Int("open", 0, "open workflows with a timer, on the other server only")
	onFile      = flag.Bool("file", false, "the servers keep their state in a file")
	raw         = flag.Bool("raw", false, "a worker without an SDK, which costs less itself")
)

const queue = "load"

func once(ctx workflow.Context, value int) (int, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	err := workflow.ExecuteActivity(ctx, "add", value).Get(ctx, &value)
	return value, err
}

func add(_ context.Context, value int) (int, error) { return value + 1, nil }

func wait(ctx workflow.Context) error { return workflow.Sleep(ctx, time.Hour) }

// measurement is what one turn of a server gave.
type measurement struct {
	ready               time.Duration
	atStart, afterwards float64
	rate                float64       // workflows per second
	each                time.Duration // CPU time of the server for one workflow
}

// inParallel calls the function for all numbers below count.
func inParallel(count int, function func(int) error) error {
	var next atomic.Int64
	var group sync.WaitGroup
	var mutex sync.Mutex
	var failure error
	for range *parallel {
		group.Add(1)
		go func() {
			defer group.Done()
			for number := next.Add(1) - 1; number < int64(count); number = next.Add(1) - 1 {
				if err := function(int(number)); err != nil {
					mutex.Lock()
					failure = errors.Join(failure, err)
					mutex.Unlock()
					return
				}
			}
		}()
	}
	group.Wait()
	return failure
}

// finish runs the workflows to their end.
func finish(ctx context.Context, c client.Client, label string, count int) error {
	return inParallel(count, func(number int) error {
		run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: fmt.Sprintf("%s-%d", label, number), TaskQueue: queue}, "once", number)
		if err != nil {
			return err
		}
		var result int
		if err := run.Get(ctx, &result); err != nil {
			return err
		}
		if result != number+1 {
			return fmt.Errorf("workflow %d gave %d", number, result)
		}
		return nil
	})
}

func quiet() log.Logger {
	return log.NewStructuredLogger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError + 4})))
}

// startWorkers starts several workers, since the SDK lets one poll at most 1000 times a second.
func startWorkers(c client.Client) (stop func(), err error) {
	var workers []worker.Worker
	stop = func() {
		for _, w := range workers {
			w.Stop()
		}
	}
	for range 3 {
		w := newWorker(c)
		if err := w.Start(); err != nil {
			stop()
			return nil, err
		}
		workers = append(workers, w)
	}
	return stop, nil
}

func newWorker(c client.Client) worker.Worker {
	w := worker.New(c, queue, worker.Options{MaxConcurrentWorkflowTaskPollers: 4, MaxConcurrentActivityTaskPollers: 4})
	w.RegisterWorkflowWithOptions(once, workflow.RegisterOptions{Name: "once"})
	w.RegisterWorkflowWithOptions(wait, workflow.RegisterOptions{Name: "wait"})
	w.RegisterActivityWithOptions(add, activity.RegisterOptions{Name: "add"})
	return w
}

// readiness is how long the program takes to start: the median of some starts.
func readiness(ctx context.Context, program string) (time.Duration, error) {
	var times []float64
	for range 5 {
		s, err := startServer(ctx, program, *onFile)
		if err != nil {
			return 0, err
		}
		s.stop()
		times = append(times, s.ready.Seconds())
	}
	return time.Duration(median(times) * float64(time.Second)), nil
}

func turn(ctx context.Context, program string, count int) (measurement, error) {
	var result measurement
	var err error
	if result.ready, err = readiness(ctx, program); err != nil {
		return result, err
	}
	s, err := startServer(ctx, program, *onFile)
	if err != nil {
		return result, err
	}
	defer s.stop()
	time.Sleep(500 * time.Millisecond)
	result.atStart = s.memory()
	if *raw {
		stop, err := beginRaw(s.address)
		if err != nil {
			return result, err
		}
		defer stop()
	}
	c, err := client.Dial(client.Options{HostPort: s.address, Logger: quiet()})
	if err != nil {
		return result, err
	}
	defer c.Close()
	if !*raw {
		stop, err := startWorkers(c)
		if err != nil {
			return result, err
		}
		defer stop()
	}
	if err := finish(ctx, c, "warm", count/10+1); err != nil {
		return result, err
	}
	since, used := time.Now(), s.used()
	if err := finish(ctx, c, "run", count); err != nil {
		return result, err
	}
	result.rate = float64(count) / time.Since(since).Seconds()
	result.each = (s.used() - used) / time.Duration(count)
	time.Sleep(500 * time.Millisecond)
	result.afterwards = s.memory()
	return result, nil
}

// manyTimers opens workflows that wait for a timer and says what they cost.
func manyTimers(ctx context.Context, program string, count int) error {
	s, err := startServer(ctx, program, *onFile)
	if err != nil {
		return err
	}
	defer s.stop()
	c, err := client.Dial(client.Options{HostPort: s.address, Logger: quiet()})
	if err != nil {
		return err
	}
	defer c.Close()
	stop, err := startWorkers(c)
	if err != nil {
		return err
	}
	defer stop()
	before, since := s.memory(), time.Now()
	if err := inParallel(count, func(number int) error {
		_, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: fmt.Sprintf("open-%d", number), TaskQueue: queue}, "wait")
		return err
	}); err != nil {
		return err
	}
	opened := time.Since(since)
	since = time.Now()
	if err := finish(ctx, c, "beside", 1); err != nil {
		return err
	}
	beside := time.Since(since)
	memory := s.memory()
	fmt.Printf("open workflows with a timer: %d in %.1f s, memory %.0f MB (%.1f KB each), one more from start to end behind them: %.0f ms\n",
		count, opened.Seconds(), memory, (memory-before)*1024/float64(count), float64(beside.Microseconds())/1000)
	return nil
}

func median(values []float64) float64 {
	sort.Float64s(values)
	return values[len(values)/2]
}

func main() {
	flag.Parse()
	if *oursProgram == "" {
		flag.Usage()
		os.Exit(2)
	}
	ctx := context.Background()
	programs := map[string]string{"real": *realProgram, "ours": *oursProgram}
	got := map[string][]measurement{}
	where := "memory"
	if *onFile {
		where = "file"
	}
	fmt.Printf("%-5s %-7s %12s %12s %14s %14s %16s\n", "", "state", "ready (ms)", "start (MB)", "workflows/s", "CPU each (us)", "afterwards (MB)")
	for range *rounds {
		for _, name := range []string{"real", "ours"} {
			if programs[name] == "" {
				continue
			}
			count := *workflows
			if name == "real" {
				count = *fewer
			}
			m, err := turn(ctx, programs[name], count)
			if err != nil {
				fmt.Fprintln(os.Stderr, name+":", err)
				os.Exit(1)
			}
			got[name] = append(got[name], m)
			fmt.Printf("%-5s %-7s %12.1f %12.1f %14.0f %14d %16.1f\n", name, where, float64(m.ready.Microseconds())/1000, m.atStart, m.rate, m.each.Microseconds(), m.afterwards)
		}
	}
	if len(got["real"]) > 0 {
		ratio := func(of func(measurement) float64, inverse bool) float64 {
			var values []float64
			for round := range got["ours"] {
				value := of(got["ours"][round]) / of(got["real"][round])
				if inverse {
					value = 1 / value
				}
				values = append(values, value)
			}
			return median(values)
		}
		fmt.Printf("medians of the ratios, real to ours where less is better: ready %.1f, memory at start %.1f, memory afterwards %.1f, CPU %.1f\n",
			ratio(func(m measurement) float64 { return m.ready.Seconds() }, true), ratio(func(m measurement) float64 { return m.atStart }, true),
			ratio(func(m measurement) float64 { return m.afterwards }, true), ratio(func(m measurement) float64 { return m.each.Seconds() }, true))
		fmt.Printf("state in %s: ratio=%.1f\n", where, ratio(func(m measurement) float64 { return m.rate }, false))
	}
	if *open > 0 {
		if err := manyTimers(ctx, *oursProgram, *open); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
