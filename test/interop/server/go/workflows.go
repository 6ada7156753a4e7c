package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

func register(registry worker.WorkflowRegistry) {
	for name, function := range map[string]any{
		"echo": echo, "board": board, "failUntil": failUntil, "failAlways": failAlways, "sleeper": sleeper, "count": count,
		"oneActivity": oneActivity, "parent": parent, "failingParent": failingParent, "outside": outside, "countdown": countdown,
		"markers": markers, "longLocal": longLocal, "localActivities": localActivities, "steps": steps, "versionOf": versionOf,
		"stubborn": stubborn, "waitForCancel": waitForCancel, "flow": flow,
	} {
		registry.RegisterWorkflowWithOptions(function, workflow.RegisterOptions{Name: name,
			VersioningBehavior: workflow.VersioningBehaviorAutoUpgrade})
	}
	if activities, ok := registry.(worker.ActivityRegistry); ok {
		activities.RegisterActivityWithOptions(act, activity.RegisterOptions{Name: "act"})
	}
}

func echo(_ workflow.Context, value string) (string, error) { return value, nil }

func failAlways(_ workflow.Context, kind string) error {
	if kind == "final" {
		return temporal.NewNonRetryableApplicationError("final failure", "Final", nil, "detail")
	}
	return temporal.NewApplicationError("failure", "Plain", 42)
}

func failUntil(ctx workflow.Context, attempt int32) (int32, error) {
	info := workflow.GetInfo(ctx)
	if info.Attempt < attempt {
		return 0, temporal.NewApplicationError(fmt.Sprintf("attempt %d", info.Attempt), "TooEarly")
	}
	return info.Attempt, nil
}

func sleeper(ctx workflow.Context, milliseconds int) error {
	return workflow.Sleep(ctx, time.Duration(milliseconds)*time.Millisecond)
}

// count adds one to what the last run of the cron gave.
func count(ctx workflow.Context) (int, error) {
	last := 0
	if workflow.HasLastCompletionResult(ctx) {
		if err := workflow.GetLastCompletionResult(ctx, &last); err != nil {
			return 0, err
		}
	}
	return last + 1, nil
}

// board collects what signals and updates bring until the signal "done".
func board(ctx workflow.Context, first []string) ([]string, error) {
	entries, done := first, false
	if err := workflow.SetQueryHandler(ctx, "entries", func() ([]string, error) { return entries, nil }); err != nil {
		return nil, err
	}
	if err := workflow.SetQueryHandler(ctx, "broken", func() (string, error) { return "", errors.New("broken query") }); err != nil {
		return nil, err
	}
	append_ := func(ctx workflow.Context, entry string) (int, error) {
		switch entry {
		case "slow":
			if err := workflow.Sleep(ctx, 300*time.Millisecond); err != nil {
				return 0, err
			}
		case "bad":
			return 0, temporal.NewApplicationError("bad entry", "BadEntry")
		}
		entries = append(entries, entry)
		return len(entries), nil
	}
	validate := func(entry string) error {
		if entry == "" {
			return errors.New("empty entry")
		}
		return nil
	}
	if err := workflow.SetUpdateHandlerWithOptions(ctx, "append", append_, workflow.UpdateHandlerOptions{Validator: validate}); err != nil {
		return nil, err
	}
	workflow.Go(ctx, func(ctx workflow.Context) {
		for channel := workflow.GetSignalChannel(ctx, "add"); ; {
			var entry string
			channel.Receive(ctx, &entry)
			entries = append(entries, entry)
		}
	})
	workflow.Go(ctx, func(ctx workflow.Context) {
		workflow.GetSignalChannel(ctx, "done").Receive(ctx, nil)
		done = true
	})
	err := workflow.Await(ctx, func() bool { return done && workflow.AllHandlersFinished(ctx) })
	return entries, err
}

// stubborn does not end when it is cancelled, only by the signal "done".
func stubborn(ctx workflow.Context) (string, error) {
	detached, _ := workflow.NewDisconnectedContext(ctx)
	workflow.GetSignalChannel(ctx, "done").Receive(detached, nil)
	return fmt.Sprintf("cancelled: %v", ctx.Err() != nil), nil
}

func waitForCancel(ctx workflow.Context) error {
	ctx.Done().Receive(ctx, nil)
	return ctx.Err()
}

type activityCase struct {
	Kind                                                  string
	Schedule, ScheduleToStart, StartToClose, Heartbeat_ms int
	Attempts                                              int32
	Queue                                                 string
	NonRetryable                                          []string
	CancelAfter, Interval                                 int
	WaitForCancellation                                   bool
}

func ms(value int) time.Duration { return time.Duration(value) * time.Millisecond }

func oneActivity(ctx workflow.Context, c activityCase) (any, error) {
	options := workflow.ActivityOptions{
		TaskQueue: c.Queue, ScheduleToCloseTimeout: ms(c.Schedule), ScheduleToStartTimeout: ms(c.ScheduleToStart),
		StartToCloseTimeout: ms(c.StartToClose), HeartbeatTimeout: ms(c.Heartbeat_ms), WaitForCancellation: c.WaitForCancellation,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: 50 * time.Millisecond, BackoffCoefficient: 1, MaximumAttempts: c.Attempts,
			NonRetryableErrorTypes: c.NonRetryable},
	}
	if c.Interval > 0 {
		options.RetryPolicy.InitialInterval = ms(c.Interval)
	}
	ctx, cancel := workflow.WithCancel(workflow.WithActivityOptions(ctx, options))
	future := workflow.ExecuteActivity(ctx, "act", c.Kind)
	if c.CancelAfter > 0 {
		if err := workflow.Sleep(ctx, ms(c.CancelAfter)); err != nil {
			return nil, err
		}
		cancel()
	}
	var result any
	err := future.Get(ctx, &result)
	return result, err
}

// act is every activity of these scenarios: what it does depends on its argument.
func act(ctx context.Context, kind string) (any, error) {
	info := activity.GetInfo(ctx)
	switch kind {
	case "succeed":
		return "done", nil
	case "third":
		if info.Attempt < 3 {
			return nil, temporal.NewApplicationError(fmt.Sprintf("attempt %d", info.Attempt), "Early")
		}
		return info.Attempt, nil
	case "fail":
		return nil, temporal.NewApplicationError("always", "Always", "detail")
	case "final":
		return nil, temporal.NewNonRetryableApplicationError("final", "Final", errors.New("cause"))
	case "soon":
		if info.Attempt < 2 {
			return nil, temporal.NewApplicationErrorWithOptions("soon", "Soon",
				temporal.ApplicationErrorOptions{NextRetryDelay: 20 * time.Millisecond})
		}
		return "soon done", nil
	case "hang":
		<-ctx.Done()
		return nil, ctx.Err()
	case "beat once":
		if info.Attempt == 1 {
			activity.RecordHeartbeat(ctx, "page 7")
			<-ctx.Done()
			return nil, ctx.Err()
		}
		var details string
		if err := activity.GetHeartbeatDetails(ctx, &details); err != nil {
			return nil, err
		}
		return "resumed at " + details, nil
	case "beat":
		for {
			activity.RecordHeartbeat(ctx, "beating")
			select {
			case <-ctx.Done():
				return nil, temporal.NewCanceledError("noticed")
			case <-time.After(100 * time.Millisecond):
			}
		}
	case "later":
		return nil, activity.ErrResultPending
	}
	return nil, fmt.Errorf("unknown kind %q", kind)
}

type childCase struct {
	ID, Workflow string
	Argument     any
	Policy       enumspb.ParentClosePolicy
	Wait         bool
	CancelAfter  bool
}

// parent starts a child and waits for it, or ends when the child has begun.
func parent(ctx workflow.Context, c childCase) (any, error) {
	ctx, cancel := workflow.WithCancel(workflow.WithChildOptions(ctx,
		workflow.ChildWorkflowOptions{WorkflowID: c.ID, ParentClosePolicy: c.Policy, WaitForCancellation: true}))
	arguments := []any{}
	if c.Argument != nil {
		arguments = append(arguments, c.Argument)
	}
	future := workflow.ExecuteChildWorkflow(ctx, c.Workflow, arguments...)
	if err := future.GetChildWorkflowExecution().Get(ctx, nil); err != nil {
		return nil, err
	}
	if c.CancelAfter {
		cancel()
	}
	if !c.Wait {
		return "left", nil
	}
	var result any
	err := future.Get(ctx, &result)
	return result, err
}

func failingParent(ctx workflow.Context, id string) error {
	ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{WorkflowID: id})
	return workflow.ExecuteChildWorkflow(ctx, "failAlways", "final").Get(ctx, nil)
}

// outside signals and cancels another workflow, which may not exist.
func outside(ctx workflow.Context, id string) ([]string, error) {
	report := []string{}
	add := func(what string, err error) {
		if err == nil {
			report = append(report, what+": ok")
		} else {
			report = append(report, what+": "+err.Error())
		}
	}
	add("signal", workflow.SignalExternalWorkflow(ctx, id, "", "add", "from outside").Get(ctx, nil))
	add("cancel", workflow.RequestCancelExternalWorkflow(ctx, id, "").Get(ctx, nil))
	return report, nil
}

func countdown(ctx workflow.Context, from int) (int, error) {
	if from == 0 {
		return 0, nil
	}
	return 0, workflow.NewContinueAsNewError(ctx, "countdown", from-1)
}

var stage = temporal.NewSearchAttributeKeyKeyword("InteropKeyword")

func markers(ctx workflow.Context) (any, error) {
	var side int
	if err := workflow.SideEffect(ctx, func(workflow.Context) any { return 7 }).Get(&side); err != nil {
		return nil, err
	}
	var mutable string
	for _, value := range []string{"a", "a", "b"} {
		encoded := workflow.MutableSideEffect(ctx, "mutable", func(workflow.Context) any { return value },
			func(a, b any) bool { return a == b })
		if err := encoded.Get(&mutable); err != nil {
			return nil, err
		}
	}
	version := workflow.GetVersion(ctx, "change", workflow.DefaultVersion, 2)
	if err := workflow.UpsertTypedSearchAttributes(ctx, stage.ValueSet("set")); err != nil {
		return nil, err
	}
	if err := workflow.UpsertMemo(ctx, map[string]any{"note": "changed", "gone": nil}); err != nil {
		return nil, err
	}
	if err := workflow.Sleep(ctx, 10*time.Millisecond); err != nil {
		return nil, err
	}
	return []any{side, mutable, version}, nil
}

func longLocal(ctx workflow.Context) (string, error) {
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{ScheduleToCloseTimeout: 10 * time.Second})
	var result string
	err := workflow.ExecuteLocalActivity(ctx, func(context.Context) (string, error) {
		time.Sleep(2600 * time.Millisecond)
		return "slept", nil
	}).Get(ctx, &result)
	return result, err
}

func localActivities(ctx workflow.Context) (any, error) {
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{ScheduleToCloseTimeout: 5 * time.Second,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: 10 * time.Millisecond, MaximumAttempts: 2}})
	var ok string
	if err := workflow.ExecuteLocalActivity(ctx, func(context.Context) (string, error) { return "local", nil }).Get(ctx, &ok); err != nil {
		return nil, err
	}
	err := workflow.ExecuteLocalActivity(ctx, func(context.Context) (string, error) {
		return "", temporal.NewApplicationError("local failure", "Local")
	}).Get(ctx, nil)
	return ok, err
}

// steps takes one signal after the other and writes down each, so that a reset has points to go to.
func steps(ctx workflow.Context) ([]string, error) {
	seen := []string{}
	for channel := workflow.GetSignalChannel(ctx, "step"); ; {
		var step string
		channel.Receive(ctx, &step)
		seen = append(seen, step)
		if step == "end" {
			return seen, nil
		}
		if err := workflow.Sleep(ctx, time.Millisecond); err != nil {
			return nil, err
		}
	}
}

func versionOf(ctx workflow.Context) (string, error) {
	workflow.GetSignalChannel(ctx, "done").Receive(ctx, nil)
	return workflow.GetInfo(ctx).GetCurrentBuildID(), nil
}

// flow runs timers side by side: one fires, one is cancelled.
func flow(ctx workflow.Context) (string, error) {
	inner, cancel := workflow.WithCancel(ctx)
	long := workflow.NewTimer(inner, time.Hour)
	if err := workflow.NewTimer(ctx, 50*time.Millisecond).Get(ctx, nil); err != nil {
		return "", err
	}
	cancel()
	if err := long.Get(ctx, nil); err == nil {
		return "", errors.New("the cancelled timer fired")
	}
	return "fired one", nil
}
