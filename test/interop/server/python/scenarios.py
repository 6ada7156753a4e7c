"""Scenarios of the Python SDK against one server; prints what came out as one JSON document.

    scenarios.py ADDRESS [PATTERN]
    scenarios.py replay FILE...
"""

import asyncio
import json
import logging
import os
import sys
from datetime import timedelta

from kit import Scenario, finish, new_token, run_scenarios
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import (
    AsyncActivityCancelledError,
    Client,
    WithStartWorkflowOperation,
    WorkflowHandle,
    WorkflowHistory,
    WorkflowUpdateStage,
)
from temporalio.common import (
    QueryRejectCondition,
    RetryPolicy,
    SearchAttributePair,
    TypedSearchAttributes,
    VersioningBehavior,
    WorkerDeploymentVersion,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import ApplicationError
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, Worker, WorkerDeploymentConfig
from workflows import ACTIVITIES, KEYWORD, NUMBER, WORKFLOWS, Board, Call, Sleeps, broken, tokens


async def activity_results(s: Scenario) -> None:
    async def one(label: str, call: Call) -> None:
        await s.finished(label, await s.start(label, "OneActivity", call))

    await asyncio.gather(
        one("succeeds", Call("shout", "x")),
        one("retried", Call("flaky", 3)),
        one("exhausted", Call("fail", "Plain", attempts=2)),
        one("final", Call("fail", "Final")),
        one("progress", Call("progress", heartbeat=5)),
        one("unknown", Call("no_such_activity", attempts=1)),
        one("start to close", Call("hang", start_to_close=0.5, attempts=1)),
        one("schedule to start", Call("hang", schedule_to_start=0.5, queue=s.id("nobody"))),
        one("schedule to close", Call("hang", start_to_close=None, schedule_to_close=0.7)),
        one("heartbeat", Call("hang", heartbeat=0.5, attempts=1)),
        one("local", Call("shout", "x", local=True)),
        one("local, failing", Call("fail", "Plain", local=True, attempts=2)),
    )


async def activity_cancel(s: Scenario) -> None:
    async def one(label: str, call: Call) -> None:
        handle = await s.start(label, "OneActivity", call)
        await s.until(
            handle.id,
            lambda got: len(got.pending_activities) == 1
            and not got.HasField("pending_workflow_task")
            and (call.queue is not None or got.pending_activities[0].HasField("last_heartbeat_time")),
        )
        await handle.signal("cancel_it")
        await s.finished(label, handle)

    beating = dict(heartbeat=1.0, cancel=True)
    await asyncio.gather(
        one("try", Call("beat_until_cancelled", cancellation="TRY_CANCEL", **beating)),
        one("wait", Call("beat_until_cancelled", cancellation="WAIT_CANCELLATION_COMPLETED", **beating)),
        one("wait, ignored", Call("ignore_cancel", cancellation="WAIT_CANCELLATION_COMPLETED", **beating)),
        one("abandon", Call("beat_until_cancelled", cancellation="ABANDON", **beating)),
        one("not started", Call("hang", cancellation="WAIT_CANCELLATION_COMPLETED", cancel=True, queue=s.id("nobody"))),
    )


async def activity_eager(s: Scenario) -> None:
    await s.finished("several", await s.start("several", "Several"))


async def activity_async(s: Scenario) -> None:
    async def begin(label: str) -> tuple[WorkflowHandle, bytes]:
        tokens.pop(s.id(label), None)
        handle = await s.start(label, "OneActivity", Call("later", attempts=1, heartbeat=8, cancel=label == "cancelled"))
        while handle.id not in tokens:
            await asyncio.sleep(0.02)
        await s.until(handle.id, lambda got: not got.HasField("pending_workflow_task"))
        return handle, tokens[handle.id]

    async def by_token() -> None:
        handle, token = await begin("by token")
        outside = s.client.get_async_activity_handle(task_token=token)
        await outside.heartbeat("half")
        await outside.complete("from outside")
        await s.finished("by token", handle)
        await s.attempt("again", outside.complete("again"))

    async def by_id() -> None:
        handle, _ = await begin("by id")
        activity = (await s.describe(handle.id)).pending_activities[0].activity_id
        outside = s.client.get_async_activity_handle(workflow_id=handle.id, run_id=None, activity_id=activity)
        await outside.fail(ApplicationError("failed outside", type="Outside", non_retryable=True))
        await s.finished("by id", handle)

    async def cancelled() -> None:
        handle, token = await begin("cancelled")
        outside = s.client.get_async_activity_handle(task_token=token)
        await s.attempt("cancelled unasked", outside.report_cancellation())
        await handle.signal("cancel_it")
        await s.settled(handle.id)
        while True:
            try:
                await outside.heartbeat("alive")
            except AsyncActivityCancelledError:
                s.note("heartbeat tells", True)
                break
            except Exception as error:
                s.note("heartbeat tells", type(error).__name__)
                break
            await asyncio.sleep(0.05)
        await s.finished("cancelled", handle)

    await asyncio.gather(by_token(), by_id(), cancelled())


async def signals_and_queries(s: Scenario) -> None:
    handle = await s.start("board", "Board")
    await s.attempt("at once", handle.query("count"))
    await handle.signal("add", "one")
    await s.attempt("after a signal", handle.query("count"))
    await s.attempt("with an argument", handle.query("entry", 0))
    await s.attempt("failing", handle.query("entry", 7))
    await s.attempt("unknown", handle.query("no_such_query"))
    await s.settled(handle.id)
    await handle.signal("odd")
    await s.settled(handle.id)
    await handle.signal("finish")
    await s.finished("board", handle)
    await s.attempt("closed", handle.query("count"))
    await s.attempt("rejected", handle.query("count", reject_condition=QueryRejectCondition.NOT_OPEN))
    await s.attempt("not rejected", handle.query("count", reject_condition=QueryRejectCondition.NOT_COMPLETED_CLEANLY))
    await s.attempt("signal to closed", handle.signal("add", "x"))
    await s.attempt("query of nobody", s.client.get_workflow_handle(s.id("nobody")).query("count"))


async def updates(s: Scenario) -> None:
    handle = await s.start("board", "Board")
    await s.settled(handle.id)
    await s.attempt("completed", handle.execute_update("put", "one", id="u1"))
    await s.attempt("same id", handle.execute_update("put", "two", id="u1"))
    await s.attempt("rejected", handle.execute_update("put", "", id="u2"))
    await s.attempt("failing", handle.execute_update("put", "fail", id="u3"))
    await s.settled(handle.id)
    await s.attempt("with an activity", handle.execute_update("put", "work", id="u4"))
    await s.settled(handle.id)
    update = await handle.start_update("put", "nap", id="u5", wait_for_stage=WorkflowUpdateStage.ACCEPTED)
    await s.attempt("accepted, then completed", update.result())
    await s.settled(handle.id)
    await s.attempt("by id", handle.get_update_handle("u3").result())
    await s.attempt("unknown handler", handle.execute_update("no_such_update", id="u6"))
    await handle.signal("finish")
    await s.finished("board", handle)
    await s.attempt("on closed", handle.execute_update("put", "late", id="u7"))
    await s.attempt("earlier one on closed", handle.get_update_handle("u1").result())


async def update_at_start(s: Scenario) -> None:
    """An update that comes before the first workflow task, and one that the closing workflow leaves behind."""
    start = WithStartWorkflowOperation(
        "Board", id=s.id("board"), task_queue=s.queue, id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING
    )
    await s.attempt("starts", s.client.execute_update_with_start_workflow("put", "one", id="u1", start_workflow_operation=start))
    handle = await start.workflow_handle()
    await s.settled(handle.id)
    again = WithStartWorkflowOperation("Board", id=s.id("board"), task_queue=s.queue, id_conflict_policy=WorkflowIDConflictPolicy.FAIL)
    await s.attempt("refused", s.client.execute_update_with_start_workflow("put", "x", id="u2", start_workflow_operation=again))
    again = WithStartWorkflowOperation(
        "Board", id=s.id("board"), task_queue=s.queue, id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING
    )
    await s.attempt("existing", s.client.execute_update_with_start_workflow("put", "two", id="u3", start_workflow_operation=again))
    await s.settled(handle.id)
    await handle.signal("finish")
    await s.finished("board", handle)


async def failures(s: Scenario) -> None:
    for kind in ("plain", "final", "activity"):
        await s.finished(kind, await s.start(kind, "Fails", kind))
    handle = await s.start("unknown type", "NoSuchWorkflow", run_timeout=timedelta(seconds=3))
    await s.attempt("unknown type", handle.result())
    events = (await handle.fetch_history()).to_json_dict()["events"]
    s.note("first events of it", [each["eventType"] for each in events[:4]])


async def task_failure(s: Scenario) -> None:
    broken.add(s.id("stumbles"))
    handle = await s.start("stumbles", "Stumbles")
    await s.finished("stumbles", handle)


async def patches(s: Scenario) -> None:
    handle = await s.start(
        "patches",
        "Patches",
        memo={"taken": 1, "kept": [1, 2]},
        search_attributes=TypedSearchAttributes([SearchAttributePair(KEYWORD, "first")]),
    )
    await s.finished("patches", handle)
    info = (await s.describe(handle.id)).workflow_execution_info
    s.note("memo", s.plain(info.memo))
    s.note("search attributes", s.plain(info.search_attributes))


async def timers(s: Scenario) -> None:
    await s.finished("timers", await s.start("timers", "Timers"))


async def children(s: Scenario) -> None:
    async def simple(label: str, workflow: str, arguments: list) -> None:
        await s.finished(label, await s.start(label, "Parent", workflow, arguments, s.id(label + " child"), ""))

    async def cancelled(cancellation: str) -> None:
        child = s.id(cancellation + " child")
        handle = await s.start(cancellation, "Parent", "Waits", [], child, cancellation)
        await s.until(handle.id, lambda got: len(got.pending_children) == 1
                      and got.pending_children[0].run_id != "" and not got.HasField("pending_workflow_task"))
        await s.settled(child)
        await handle.signal("cancel_it")
        if cancellation in ("ABANDON", "TRY_CANCEL"):
            await s.attempt(cancellation, handle.result())  # what the child has done by then is not certain
            return
        await s.attempt(cancellation, handle.result())
        await s.closed(child)
        s.note(f"{cancellation} child", [each["eventType"] for each in await s.history(f"{cancellation} child", child)])

    await asyncio.gather(
        simple("completes", "Retries", [1]),
        simple("fails", "Fails", ["final"]),
        simple("continues", "Continues", [1]),
        *(cancelled(each) for each in ("ABANDON", "TRY_CANCEL", "WAIT_CANCELLATION_COMPLETED", "WAIT_CANCELLATION_REQUESTED")),
    )


async def external(s: Scenario) -> None:
    target = await s.start("target", "Board")
    await s.settled(target.id)
    await s.finished("reaches", await s.start("reaches", "Reaches", target.id))
    await s.attempt("target", target.result())
    await s.finished("nobody", await s.start("nobody", "Reaches", s.id("missing")))


async def continues(s: Scenario) -> None:
    handle = await s.start("continues", "Continues", 2, memo={"left": 0})
    first = handle.result_run_id
    await s.attempt("result", handle.result())
    await s.chain("continues", handle.id, first or "")
    await s.attempt("first run alone", s.client.get_workflow_handle(handle.id, run_id=first).result(follow_runs=False))


async def retries(s: Scenario) -> None:
    policy = RetryPolicy(initial_interval=timedelta(milliseconds=10), maximum_attempts=3)
    handle = await s.start("retries", "Retries", 2, retry_policy=policy)
    first = handle.result_run_id
    await s.attempt("result", handle.result())
    await s.chain("retries", handle.id, first or "")


async def starts(s: Scenario) -> None:
    handle = await s.start("twice", "Board")
    await s.settled(handle.id)
    await s.attempt("again", s.start("twice", "Board"))
    same = await s.start("twice", "Board", id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING)
    s.note("existing", same.first_execution_run_id == handle.first_execution_run_id or same.result_run_id == handle.result_run_id)
    other = await s.start("twice", "Board", id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING)
    await s.settled(other.id)
    await s.attempt("first", s.client.get_workflow_handle(handle.id, run_id=handle.result_run_id).result(follow_runs=False))
    await other.signal("finish")
    await s.attempt("second", other.result())
    await s.attempt("reject", s.start("twice", "Board", id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE))
    eager = await s.start("eager", "Retries", 1, request_eager_start=True)
    await s.finished("eager", eager)
    signalled = await s.start("signalled", "Board", start_signal="add", start_signal_args=["first"])
    await s.attempt("signal came first", signalled.query("count"))
    await s.settled(signalled.id)
    await signalled.signal("finish")
    await s.finished("signalled", signalled)
    delayed = await s.start("delayed", "Retries", 1, start_delay=timedelta(milliseconds=600))
    await s.finished("delayed", delayed)


async def stops(s: Scenario) -> None:
    handle = await s.start("cancelled", "Waits")
    await s.settled(handle.id)
    await handle.cancel()
    await s.finished("cancelled", handle)
    await s.attempt("cancel closed", handle.cancel())
    handle = await s.start("terminated", "Waits")
    await s.settled(handle.id)
    await handle.terminate("detail", 2, reason="enough")
    await s.finished("terminated", handle)
    await s.attempt("terminate closed", handle.terminate())
    handle = await s.start("timed out", "Waits", run_timeout=timedelta(seconds=3))
    await s.finished("timed out", handle)
    handle = await s.start("timed out too", "Waits", execution_timeout=timedelta(seconds=3))
    await s.finished("timed out too", handle)
    await s.attempt("nobody", s.client.get_workflow_handle(s.id("nobody")).cancel())


async def reset(s: Scenario) -> None:
    handle = await s.start("board", "Board")
    await s.settled(handle.id)
    for entry in ("one", "two"):
        await handle.signal("add", entry)
        await s.settled(handle.id)
    await handle.execute_update("put", "three", id="u1")
    await s.settled(handle.id)
    base = handle.result_run_id or ""
    events = await s.history("base before", handle.id, base)
    points = [int(each["eventId"]) for each in events if each["eventType"] == "EVENT_TYPE_WORKFLOW_TASK_COMPLETED"]
    answer = await s.client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace="default",
            workflow_execution=WorkflowExecution(workflow_id=handle.id, run_id=base),
            workflow_task_finish_event_id=points[0],
            reason="once more",
            request_id=new_token(),
        )
    )
    await s.settled(handle.id)
    now = s.client.get_workflow_handle(handle.id, run_id=answer.run_id)
    await s.attempt("count after reset", now.query("count"))
    await s.settled(handle.id)
    await now.signal("finish")
    await s.attempt("result", now.result())
    await s.history("base", handle.id, base)
    await s.history("reset", handle.id, answer.run_id)


async def without_cache(s: Scenario) -> None:
    """A worker that keeps no workflow: every task comes with the whole history."""
    queue = s.id("queue")
    async with Worker(
        s.client, task_queue=queue, workflows=WORKFLOWS, activities=ACTIVITIES, max_cached_workflows=0, workflow_runner=UnsandboxedWorkflowRunner()
    ):
        handle = await s.start("several", "Several", task_queue=queue)
        await s.finished("several", handle)
        board = await s.start("board", "Board", task_queue=queue)
        await s.settled(board.id)
        await board.signal("add", "one")
        await s.attempt("query", board.query("count"))
        await s.attempt("update", board.execute_update("put", "two", id="u1"))
        await s.settled(board.id)
        await board.signal("finish")
        await s.attempt("board", board.result())


async def evictions(s: Scenario) -> None:
    """A worker with room for one workflow, and two workflows that speak in turns."""
    queue = s.id("queue")
    async with Worker(
        s.client, task_queue=queue, workflows=[Board], max_cached_workflows=1, max_concurrent_workflow_tasks=2,
        workflow_runner=UnsandboxedWorkflowRunner()
    ):
        boards = [await s.start(each, "Board", task_queue=queue) for each in ("left", "right")]
        for entry in ("one", "two"):
            for board in boards:
                await s.settled(board.id)
                await board.signal("add", entry)
                await s.settled(board.id)
        for board in boards:
            await s.attempt(f"count of {board.id}", board.query("count"))
            await board.signal("finish")
            await s.attempt(f"result of {board.id}", board.result())


async def worker_leaves(s: Scenario) -> None:
    """The next worker takes over at once what a stopped one has begun."""
    queue = s.id("queue")

    def worker() -> Worker:
        return Worker(s.client, task_queue=queue, workflows=[Board, Sleeps], workflow_runner=UnsandboxedWorkflowRunner())

    async with worker():
        board = await s.start("board", "Board", task_queue=queue)
        await s.settled(board.id)
        await board.signal("add", "one")
        await s.settled(board.id)
    await board.signal("add", "two")
    async with worker():
        await s.attempt("count", board.query("count"))
        await s.settled(board.id)
        await board.signal("finish")
        await s.attempt("result", board.result())


async def listing(s: Scenario) -> None:
    handles = []
    for number, kind in enumerate(("Board", "Board", "Waits")):
        attributes = TypedSearchAttributes([SearchAttributePair(KEYWORD, f"{s.token} list"), SearchAttributePair(NUMBER, number)])
        handles.append(await s.start(f"item {number}", kind, search_attributes=attributes, memo={"number": number}))
        await s.settled(handles[-1].id)
    await handles[0].signal("finish")
    await handles[0].result()
    await handles[2].terminate()
    mine = f"InteropKeyword = '{s.token} list'"
    while (await s.client.count_workflows(mine)).count != 3 or (await s.client.count_workflows(f"{mine} AND ExecutionStatus = 'Running'")).count != 1:
        await asyncio.sleep(0.05)
    for query in (mine, f"{mine} AND WorkflowType = 'Board'", f"{mine} AND InteropInt >= 1", f"{mine} AND ExecutionStatus = 'Completed'",
                  f"{mine} AND CloseTime IS NULL", f"{mine} AND (InteropInt = 0 OR InteropInt = 2)"):
        s.note(query, [each.id async for each in s.client.list_workflows(query, page_size=1)])
    s.note("memos", [await each.memo() async for each in s.client.list_workflows(mine)])
    grouped = await s.client.count_workflows(f"{mine} GROUP BY ExecutionStatus")
    s.note("grouped", sorted([list(each.group_values), each.count] for each in grouped.groups))
    await s.attempt("bad filter", s.client.count_workflows("WorkflowType == = 'x'"))
    await s.attempt("limited", _ids(s.client.list_workflows(mine, limit=2)))
    await handles[1].terminate()


async def _ids(found: object) -> list:
    return [each.id async for each in found]  # type: ignore[attr-defined]


async def descriptions(s: Scenario) -> None:
    handle = await s.start(
        "described", "OneActivity", Call("hang", queue=s.id("nobody")), memo={"a": 1}, static_summary="summary", static_details="details"
    )
    await s.until(handle.id, lambda got: len(got.pending_activities) == 1 and not got.HasField("pending_workflow_task"))
    got = await handle.describe()
    s.note("described", {"status": got.status.name if got.status else None, "type": got.workflow_type, "queue": got.task_queue,
                         "length": got.history_length, "memo": await got.memo(), "summary": await got.static_summary(),
                         "details": await got.static_details(), "closed": got.close_time is not None, "parent": got.parent_id, "root": got.root_id})
    s.note("pending", s.plain((await s.describe(handle.id)).pending_activities[0]))
    await handle.terminate()
    await s.attempt("nobody", s.client.get_workflow_handle(s.id("nobody")).describe())
    other = await Client.connect(s.client.service_client.config.target_host, namespace="no-such-namespace", lazy=True)
    await s.attempt("unknown namespace", other.get_workflow_handle("x").describe())
    await s.attempt("start in an unknown namespace", other.start_workflow("X", id="x", task_queue="x"))


async def versioned_worker(s: Scenario) -> None:
    """A pinned workflow of a worker deployment with one version."""
    from temporalio.api.workflowservice.v1 import DescribeWorkerDeploymentRequest, SetWorkerDeploymentCurrentVersionRequest

    queue, version = s.id("queue"), WorkerDeploymentVersion(s.id("deployment"), "1.0")
    config = WorkerDeploymentConfig(version=version, use_worker_versioning=True, default_versioning_behavior=VersioningBehavior.PINNED)
    async with Worker(s.client, task_queue=queue, workflows=WORKFLOWS, activities=ACTIVITIES, deployment_config=config, workflow_runner=UnsandboxedWorkflowRunner()):
        while True:
            try:
                await s.client.workflow_service.set_worker_deployment_current_version(
                    SetWorkerDeploymentCurrentVersionRequest(namespace="default", deployment_name=version.deployment_name, build_id="1.0")
                )
                break
            except Exception:
                await asyncio.sleep(0.1)
        handle = await s.start("several", "Several", task_queue=queue)
        await s.finished("several", handle)
        info = (await s.describe(handle.id)).workflow_execution_info
        s.note("versioning", s.plain(info.versioning_info))
        got = await s.client.workflow_service.describe_worker_deployment(
            DescribeWorkerDeploymentRequest(namespace="default", deployment_name=version.deployment_name)
        )
        s.note("current", got.worker_deployment_info.routing_config.current_deployment_version.build_id)


SCENARIOS = {each.__name__: each for each in (
    activity_results, activity_cancel, activity_eager, activity_async, signals_and_queries, updates, update_at_start, failures, task_failure,
    patches, timers, children, external, continues, retries, starts, stops, reset, without_cache, evictions, worker_leaves, listing,
    descriptions, versioned_worker)}


async def run(address: str, pattern: str) -> None:
    client = await Client.connect(address, identity="python-interop")
    token = new_token()
    queue = f"python-{token}"
    async with Worker(client, task_queue=queue, workflows=WORKFLOWS, activities=ACTIVITIES, workflow_runner=UnsandboxedWorkflowRunner()):
        finish(await run_scenarios("python", client, token, queue, SCENARIOS, pattern, 8))


async def replay(files: list[str]) -> int:
    accepted, refused = 0, 0
    replayer = Replayer(workflows=WORKFLOWS, workflow_runner=UnsandboxedWorkflowRunner())
    known = {each.__name__ for each in WORKFLOWS}
    for file in files:
        with open(file) as stream:
            document = json.load(stream)
        for name, report in sorted(document["scenarios"].items()):
            for label, history in report["histories"].items():
                started = history["events"][0]["workflowExecutionStartedEventAttributes"]
                if started["workflowType"]["name"] not in known or len(history["events"]) < 3:
                    continue
                try:
                    await replayer.replay_workflow(WorkflowHistory.from_json(started.get("workflowId", "x"), history))
                    accepted += 1
                except Exception as error:
                    refused += 1
                    print(f"NOT ACCEPTED  {name}, {label}: {error}")
    print(f"python replayer: {accepted} accepted, {refused} not", flush=True)
    return 1 if refused or not accepted else 0


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    if sys.argv[1] == "replay":
        result = asyncio.run(replay(sys.argv[2:]))
        os._exit(result)
    asyncio.run(run(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""))
