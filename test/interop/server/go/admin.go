package main

import (
	"context"
	"fmt"
	"sort"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	namespacepb "go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/types/known/durationpb"
)

func systemInfo(s *scenario) {
	info, err := s.service.GetSystemInfo(s.ctx, &workflowservice.GetSystemInfoRequest{})
	s.must(err)
	s.note("capabilities", asJSON(info.Capabilities))
	described, err := s.service.DescribeNamespace(s.ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	s.must(err)
	s.note("namespace capabilities", asJSON(described.NamespaceInfo.Capabilities))
	s.note("limits", asJSON(described.NamespaceInfo.Limits))
	cluster, err := s.service.GetClusterInfo(s.ctx, &workflowservice.GetClusterInfoRequest{})
	s.must(err)
	s.note("cluster", map[string]any{"name": cluster.ClusterName, "shards": cluster.HistoryShardCount > 0, "id": cluster.ClusterId != ""})
	connection, err := grpc.NewClient(s.address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	s.must(err)
	defer connection.Close()
	health := healthpb.NewHealthClient(connection)
	for _, service := range []string{"temporal.api.workflowservice.v1.WorkflowService", "temporal.api.operatorservice.v1.OperatorService", "no.such.Service"} {
		got, err := health.Check(s.ctx, &healthpb.HealthCheckRequest{Service: service})
		if err != nil {
			s.noteError("health of "+service, err)
		} else {
			s.note("health of "+service, got.Status.String())
		}
	}
	s.noteError("unknown service", connection.Invoke(s.ctx, "/no.such.Service/Call", &commonpb.Memo{}, &commonpb.Memo{}))
	s.noteError("unknown method", connection.Invoke(s.ctx, "/temporal.api.workflowservice.v1.WorkflowService/NoSuch", &commonpb.Memo{}, &commonpb.Memo{}))
}

func namespaces(s *scenario) {
	name := s.id("space")
	register := func(label string, change func(*workflowservice.RegisterNamespaceRequest)) {
		request := &workflowservice.RegisterNamespaceRequest{Namespace: name, Description: "for a test", OwnerEmail: "nobody@example.org",
			WorkflowExecutionRetentionPeriod: durationpb.New(48 * time.Hour), Data: map[string]string{"key": "value"}}
		change(request)
		_, err := s.service.RegisterNamespace(s.ctx, request)
		s.noteError(label, err)
	}
	type request = workflowservice.RegisterNamespaceRequest
	register("register", func(*request) {})
	register("register again", func(*request) {})
	register("register without name", func(r *request) { r.Namespace = "" })
	register("register without retention", func(r *request) { r.Namespace, r.WorkflowExecutionRetentionPeriod = s.id("other"), nil })
	register("register with short retention", func(r *request) {
		r.Namespace, r.WorkflowExecutionRetentionPeriod = s.id("other"), durationpb.New(time.Second)
	})
	register("register the system's", func(r *request) { r.Namespace = "temporal-system" })
	describe := func(label string) {
		got, err := s.service.DescribeNamespace(s.ctx, &workflowservice.DescribeNamespaceRequest{Namespace: name})
		if err != nil {
			s.noteError(label, err)
			return
		}
		s.note(label, asJSON(got))
	}
	describe("described")
	// Other parts of a server may learn of a namespace a little later.
	s.eventually(func() bool {
		_, err := s.service.StartWorkflowExecution(s.ctx, func() *workflowservice.StartWorkflowExecutionRequest {
			start := s.startRequest("inside", "raw")
			start.Namespace = name
			return start
		}())
		return err == nil
	})
	updated, err := s.service.UpdateNamespace(s.ctx, &workflowservice.UpdateNamespaceRequest{Namespace: name,
		UpdateInfo: &namespacepb.UpdateNamespaceInfo{Description: "changed", Data: map[string]string{"other": "value"}},
		Config:     &namespacepb.NamespaceConfig{WorkflowExecutionRetentionTtl: durationpb.New(72 * time.Hour)}})
	s.must(err)
	s.note("updated", asJSON(updated))
	describe("described after update")
	_, err = s.service.UpdateNamespace(s.ctx, &workflowservice.UpdateNamespaceRequest{Namespace: "no-such-namespace"})
	s.noteError("update of nobody", err)
	found := false
	var token []byte
	for {
		listed, err := s.service.ListNamespaces(s.ctx, &workflowservice.ListNamespacesRequest{PageSize: 5, NextPageToken: token})
		s.must(err)
		for _, each := range listed.Namespaces {
			found = found || each.NamespaceInfo.Name == name
		}
		if token = listed.NextPageToken; len(token) == 0 {
			break
		}
	}
	s.note("listed", found)
	deleted, err := s.operator.DeleteNamespace(s.ctx, &operatorservice.DeleteNamespaceRequest{Namespace: name})
	s.must(err)
	s.note("renamed on deletion", deleted.DeletedNamespace != name && deleted.DeletedNamespace != "")
	s.eventually(func() bool {
		_, err := s.service.DescribeNamespace(s.ctx, &workflowservice.DescribeNamespaceRequest{Namespace: name})
		return err != nil
	})
	describe("described after deletion")
	_, err = s.operator.DeleteNamespace(s.ctx, &operatorservice.DeleteNamespaceRequest{Namespace: "no-such-namespace"})
	s.noteError("delete nobody", err)
}

func searchAttributes(s *scenario) {
	name := "Go" + s.token
	list := func() *operatorservice.ListSearchAttributesResponse {
		got, err := s.operator.ListSearchAttributes(s.ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
		s.must(err)
		return got
	}
	system := map[string]string{}
	for key, kind := range list().SystemAttributes {
		system[key] = kind.String()
	}
	s.note("system", system)
	add := func(label, name string, kind enumspb.IndexedValueType) {
		_, err := s.operator.AddSearchAttributes(s.ctx, &operatorservice.AddSearchAttributesRequest{Namespace: namespace,
			SearchAttributes: map[string]enumspb.IndexedValueType{name: kind}})
		s.noteError(label, err)
	}
	add("add", name, enumspb.INDEXED_VALUE_TYPE_KEYWORD)
	s.eventually(func() bool { return list().CustomAttributes[name] == enumspb.INDEXED_VALUE_TYPE_KEYWORD })
	add("add again", name, enumspb.INDEXED_VALUE_TYPE_KEYWORD)
	add("add with another type", name, enumspb.INDEXED_VALUE_TYPE_INT)
	add("add a system one", "WorkflowId", enumspb.INDEXED_VALUE_TYPE_KEYWORD)
	_, err := s.operator.AddSearchAttributes(s.ctx, &operatorservice.AddSearchAttributesRequest{Namespace: namespace})
	s.noteError("add nothing", err)
	remove := func(label, name string) {
		_, err := s.operator.RemoveSearchAttributes(s.ctx, &operatorservice.RemoveSearchAttributesRequest{Namespace: namespace, SearchAttributes: []string{name}})
		s.noteError(label, err)
	}
	remove("remove", name)
	s.eventually(func() bool { return list().CustomAttributes[name] == enumspb.INDEXED_VALUE_TYPE_UNSPECIFIED })
	remove("remove again", name)
	remove("remove a system one", "WorkflowId")
	_, err = s.operator.ListSearchAttributes(s.ctx, &operatorservice.ListSearchAttributesRequest{Namespace: "no-such-namespace"})
	s.noteError("list of an unknown namespace", err)
}

func listAndCount(s *scenario) {
	prefix := s.id("item")
	keys := map[string]any{}
	for i := 0; i < 6; i++ {
		request := s.startRequest(fmt.Sprint("item", i), []string{"rawRed", "rawBlue"}[i%2])
		request.WorkflowId = fmt.Sprintf("%s-%d", prefix, i)
		fields := map[string]*commonpb.Payload{}
		for name, value := range map[string]any{"InteropKeyword": fmt.Sprintf("%s k%d", s.token, i%3), "InteropInt": i, "InteropDouble": float64(i) / 2,
			"InteropBool": i%2 == 0, "InteropText": fmt.Sprintf("quick brown fox %d", i), "InteropTime": time.Date(2020, 1, 1+i, 0, 0, 0, 0, time.UTC),
			"InteropList": []string{"all", fmt.Sprintf("l%d", i%2)}} {
			payload, err := converter.GetDefaultDataConverter().ToPayload(value)
			s.must(err)
			fields[name] = payload
		}
		request.SearchAttributes = &commonpb.SearchAttributes{IndexedFields: fields}
		_, err := s.service.StartWorkflowExecution(s.ctx, request)
		s.must(err)
		keys[request.WorkflowId] = i
		s.pause(5 * time.Millisecond)
		switch i {
		case 1, 2:
			s.must(s.complete(s.poll(request.TaskQueue.Name).TaskToken, completeCommand("x")))
		case 3:
			s.terminate(request.WorkflowId)
		}
	}
	within := fmt.Sprintf("WorkflowId STARTS_WITH '%s'", prefix)
	count := func(query string) (*workflowservice.CountWorkflowExecutionsResponse, error) {
		return s.service.CountWorkflowExecutions(s.ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: namespace, Query: query})
	}
	s.eventually(func() bool {
		all, err := count(within)
		s.must(err)
		open, err := count(within + " AND ExecutionStatus = 'Running'")
		s.must(err)
		return all.Count == 6 && open.Count == 3
	})
	for _, condition := range []string{"ExecutionStatus = 'Running'", "ExecutionStatus != 'Running'", "ExecutionStatus IN ('Completed', 'Terminated')",
		"ExecutionStatus NOT IN ('Completed')", "WorkflowType = 'rawRed'", "InteropKeyword = '" + s.token + " k1'", "InteropInt > 2", "InteropInt >= 2 AND InteropInt < 4",
		"InteropInt BETWEEN 1 AND 3", "InteropInt NOT BETWEEN 1 AND 3", "InteropDouble <= 1.5", "InteropBool = true", "InteropText = 'fox'", "InteropText = '3'",
		"InteropList = 'l1'", "InteropList IN ('l0', 'l9')", "InteropTime > '2020-01-04T00:00:00Z'", "InteropTime BETWEEN '2020-01-02T00:00:00Z' AND '2020-01-03T00:00:00Z'",
		"CloseTime IS NULL", "CloseTime IS NOT NULL", "InteropKeyword STARTS_WITH '" + s.token + "'", "InteropKeyword NOT STARTS_WITH 'z'",
		"(InteropInt = 1 OR InteropInt = 4)", "NOT InteropInt = 1", "`InteropInt` = 1", `WorkflowType = "rawBlue"`, "StartTime > '2020-01-01T00:00:00Z'",
		"ExecutionDuration > '0s'", "HistoryLength > 2", "RunId = 'none'", "InteropInt = 'x'", "InteropBool = 'maybe'", "WorkflowType > 'rawB'", "InteropText > 'a'", "StartTime > 'yesterday'"} {
		var found []int
		var token []byte
		for {
			page, err := s.service.ListWorkflowExecutions(s.ctx, &workflowservice.ListWorkflowExecutionsRequest{Namespace: namespace, PageSize: 2,
				Query: within + " AND " + condition, NextPageToken: token})
			if err != nil {
				s.noteError(condition, err)
				break
			}
			for _, each := range page.Executions {
				found = append(found, keys[each.Execution.WorkflowId].(int))
			}
			if token = page.NextPageToken; len(token) == 0 {
				s.note(condition, found)
				break
			}
		}
	}
	grouped, err := count(within + " GROUP BY ExecutionStatus")
	s.must(err)
	sort.Slice(grouped.Groups, func(a, b int) bool {
		return string(grouped.Groups[a].GroupValues[0].Data) < string(grouped.Groups[b].GroupValues[0].Data)
	})
	s.note("grouped", asJSON(grouped))
	listed, err := s.service.ListWorkflowExecutions(s.ctx, &workflowservice.ListWorkflowExecutionsRequest{Namespace: namespace, Query: within + " AND InteropInt = 3"})
	s.must(err)
	s.note("a row", asJSON(listed))
	listed, err = s.service.ListWorkflowExecutions(s.ctx, &workflowservice.ListWorkflowExecutionsRequest{Namespace: namespace, Query: within + " ORDER BY StartTime"})
	if err != nil {
		s.noteError("ordered", err)
	} else {
		s.note("ordered", len(listed.Executions))
	}
	for id, i := range keys {
		if i == 0 || i == 4 || i == 5 {
			s.terminate(id)
		}
	}
}

func describeTaskQueue(s *scenario) {
	queue := s.id("queue")
	for i := 0; i < 3; i++ {
		request := s.startRequest(fmt.Sprint("waiting", i), "raw")
		request.TaskQueue = queueOf(queue)
		_, err := s.service.StartWorkflowExecution(s.ctx, request)
		s.must(err)
	}
	describe := func(name string) *workflowservice.DescribeTaskQueueResponse {
		got, err := s.service.DescribeTaskQueue(s.ctx, &workflowservice.DescribeTaskQueueRequest{Namespace: namespace, TaskQueue: queueOf(name),
			TaskQueueType: enumspb.TASK_QUEUE_TYPE_WORKFLOW, ReportStats: true})
		s.must(err)
		return got
	}
	var last *workflowservice.DescribeTaskQueueResponse
	s.eventually(func() bool { last = describe(queue); return last.GetStats().GetApproximateBacklogCount() == 3 })
	s.note("backlog", last.Stats.ApproximateBacklogCount)
	s.note("backlog has an age", last.Stats.ApproximateBacklogAge.AsDuration() > 0)
	s.note("tasks are added", last.Stats.TasksAddRate > 0)
	s.note("no pollers", len(last.Pollers))
	for i := 0; i < 3; i++ {
		s.finish(queue)
	}
	s.eventually(func() bool { last = describe(queue); return last.GetStats().GetApproximateBacklogCount() == 0 })
	s.note("tasks are dispatched", last.Stats.TasksDispatchRate > 0)
	polled := s.id("polled queue")
	for i := 0; i < 4; i++ {
		go func() {
			_, _ = s.service.PollWorkflowTaskQueue(s.ctx, &workflowservice.PollWorkflowTaskQueueRequest{
				Namespace: namespace, TaskQueue: queueOf(polled), Identity: "raw"})
		}()
	}
	s.eventually(func() bool { last = describe(polled); return len(last.Pollers) == 1 })
	s.note("poller", last.Pollers[0].Identity)
	s.note("last access", last.Pollers[0].LastAccessTime.IsValid())
	enhanced, err := s.client.DescribeTaskQueueEnhanced(s.ctx, client.DescribeTaskQueueEnhancedOptions{TaskQueue: polled, ReportPollers: true, ReportStats: true,
		TaskQueueTypes: []client.TaskQueueType{client.TaskQueueTypeWorkflow, client.TaskQueueTypeActivity}})
	if err != nil {
		s.noteError("enhanced", err)
		return
	}
	for build, version := range enhanced.VersionsInfo { //lint:ignore SA1019 the answer of older clients
		for kind, info := range version.TypesInfo {
			s.note(fmt.Sprintf("enhanced %q %d", build, kind), len(info.Pollers))
		}
	}
}

func deployments(s *scenario) {
	name, queue := s.id("deployment"), s.id("queue")
	begin := func(build string) worker.Worker {
		w := worker.New(s.client, queue, worker.Options{MaxConcurrentWorkflowTaskPollers: 2, MaxConcurrentActivityTaskPollers: 2, DeploymentOptions: worker.DeploymentOptions{UseVersioning: true,
			Version: worker.WorkerDeploymentVersion{DeploymentName: name, BuildID: build}}})
		w.RegisterWorkflowWithOptions(versionOf, workflow.RegisterOptions{Name: "versionOf", VersioningBehavior: workflow.VersioningBehaviorPinned})
		w.RegisterWorkflowWithOptions(board, workflow.RegisterOptions{Name: "board", VersioningBehavior: workflow.VersioningBehaviorAutoUpgrade})
		s.must(w.Start())
		return w
	}
	first, second := begin("one"), begin("two")
	defer first.Stop()
	defer second.Stop()
	handle := s.client.WorkerDeploymentClient().GetHandle(name)
	known := func() bool {
		got, err := handle.Describe(s.ctx, client.WorkerDeploymentDescribeOptions{})
		return err == nil && len(got.Info.VersionSummaries) == 2
	}
	s.eventually(known)
	retry := func(label string, call func() error) {
		var err error
		for attempt := 0; attempt < 40; attempt++ {
			if err = call(); err == nil {
				break
			}
			s.pause(100 * time.Millisecond)
		}
		s.noteError(label, err)
	}
	current := func(label, build string) {
		retry(label, func() error {
			_, err := handle.SetCurrentVersion(s.ctx, client.WorkerDeploymentSetCurrentVersionOptions{BuildID: build})
			return err
		})
	}
	current("set current", "one")
	routing := func(label string) {
		got, err := s.service.DescribeWorkerDeployment(s.ctx, &workflowservice.DescribeWorkerDeploymentRequest{Namespace: namespace, DeploymentName: name})
		s.must(err)
		config := got.WorkerDeploymentInfo.RoutingConfig
		versions := map[string]string{}
		for _, summary := range got.WorkerDeploymentInfo.VersionSummaries {
			versions[summary.DeploymentVersion.BuildId] = summary.Status.String()
		}
		s.note(label, map[string]any{"current": config.CurrentDeploymentVersion.GetBuildId(), "ramping": config.RampingDeploymentVersion.GetBuildId(),
			"percentage": config.RampingVersionPercentage, "versions": versions})
	}
	version := func(id string) string {
		return s.describe(id, "").WorkflowExecutionInfo.GetVersioningInfo().GetDeploymentVersion().GetBuildId()
	}
	on := func(label, workflow string, arguments ...any) client.WorkflowRun {
		options := s.options(label)
		options.TaskQueue = queue
		run := s.startWith(options, workflow, arguments...)
		s.until(run.GetID(), func(d *description) bool { return d.PendingWorkflowTask == nil })
		s.note(label+" on", version(run.GetID()))
		return run
	}
	routing("one is current")
	pinned, moving := on("pinned", "versionOf"), on("moving", "board", []string{})
	s.note("versioning", asJSON(s.describe(pinned.GetID(), "").WorkflowExecutionInfo.VersioningInfo))
	retry("set ramping", func() error {
		_, err := handle.SetRampingVersion(s.ctx, client.WorkerDeploymentSetRampingVersionOptions{BuildID: "two", Percentage: 100})
		return err
	})
	routing("two is ramping")
	ramped := on("ramped", "versionOf")
	current("set the other current", "two")
	routing("two is current")
	for _, run := range []client.WorkflowRun{pinned, ramped} {
		s.signal(run.GetID(), "done", nil)
	}
	s.signal(moving.GetID(), "add", "x")
	s.until(moving.GetID(), func(d *description) bool { return d.PendingWorkflowTask == nil })
	s.note("moving, then on", version(moving.GetID()))
	s.signal(moving.GetID(), "done", nil)
	s.result("pinned", pinned)
	s.result("ramped", ramped)
	s.result("moving", moving)
	s.history("pinned", pinned.GetID(), "")
	s.history("moving", moving.GetID(), "")
	_, err := handle.SetCurrentVersion(s.ctx, client.WorkerDeploymentSetCurrentVersionOptions{BuildID: "no-such-build"})
	s.noteError("unknown build", err)
	_, err = s.client.WorkerDeploymentClient().GetHandle("nobody").Describe(context.Background(), client.WorkerDeploymentDescribeOptions{})
	s.noteError("unknown deployment", err)
}
