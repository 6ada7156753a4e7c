"""Scenarios of the official CLI against one server; prints what came out as one JSON document.

    scenarios.py ADDRESS [PATTERN]      the CLI is the program in RONDO_TEMPORAL

The workflows are those of the Python scenarios, run by a worker in this process.
"""

import asyncio
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "python"))

from kit import Scenario, finish, new_token, run_scenarios  # noqa: E402
from temporalio.client import Client  # noqa: E402
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion  # noqa: E402
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkerDeploymentConfig  # noqa: E402
from workflows import ACTIVITIES, WORKFLOWS, Board  # noqa: E402

PROGRAM = os.environ["RONDO_TEMPORAL"]
ADDRESS = sys.argv[1]
# The CLI reads all of its settings from the command line.
ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("TEMPORAL_")}
places = asyncio.Semaphore(2)


async def call(*arguments: str) -> tuple[int, Any, str]:
    """Runs the CLI; gives its exit code, its output (read as JSON if it is) and what it said on standard error."""
    async with places:
        process = await asyncio.create_subprocess_exec(
            PROGRAM, *arguments, "--address", ADDRESS, "-o", "json", "--command-timeout", "12s", "--disable-config-file", "--color", "never",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.DEVNULL, env=ENVIRONMENT
        )
        try:
            out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
    text = out.decode()
    try:
        output = json.loads(text) if text.strip() else None
    except ValueError:
        output = text
    return process.returncode or 0, output, err.decode()


async def note(s: Scenario, label: str, *arguments: str) -> Any:
    code, output, error = await call(*arguments)
    s.note(label, {"exit": code, "output": output, "error": error.strip()})
    return output


async def retried(s: Scenario, label: str, *arguments: str) -> Any:
    """For what a server may refuse for a moment after a change elsewhere."""
    for _ in range(12):
        code, output, error = await call(*arguments)
        if code == 0:
            break
        await asyncio.sleep(0.2)
    s.note(label, {"exit": code, "output": output, "error": error.strip()})
    return output


def starting(s: Scenario, label: str, workflow: str, *rest: str) -> list[str]:
    return ["--workflow-id", s.id(label), "--type", workflow, "--task-queue", s.queue, *rest]


async def start_and_show(s: Scenario) -> None:
    await note(s, "start", "workflow", "start", *starting(s, "done", "Retries", "--input", "1", "--memo", 'note="x"',
                                                          "--search-attribute", 'InteropKeyword="cli"', "--static-summary", "summary"))
    await note(s, "result", "workflow", "result", "-w", s.id("done"))
    s.histories["shown"] = await note(s, "show", "workflow", "show", "-w", s.id("done"))
    s.outcome.pop("show")
    await note(s, "describe", "workflow", "describe", "-w", s.id("done"))
    await note(s, "start again, refused", "workflow", "start", *starting(s, "done", "Retries", "--input", "1", "--id-reuse-policy", "RejectDuplicate"))
    await note(s, "delayed", "workflow", "execute", *starting(s, "delayed", "Retries", "--input", "1", "--start-delay", "500ms"))


async def execute(s: Scenario) -> None:
    await note(s, "completes", "workflow", "execute", *starting(s, "completes", "Several"))
    await note(s, "fails", "workflow", "execute", *starting(s, "fails", "Fails", "--input", '"final"'))
    await note(s, "times out", "workflow", "execute", *starting(s, "times out", "Waits", "--run-timeout", "3s"))
    for each in ("completes", "fails"):
        await s.history(each, s.id(each))


async def messages(s: Scenario) -> None:
    board = s.id("board")
    await note(s, "start", "workflow", "start", *starting(s, "board", "Board"))
    await s.settled(board)
    await note(s, "signal", "workflow", "signal", "-w", board, "--name", "add", "--input", '"one"')
    await note(s, "query", "workflow", "query", "-w", board, "--type", "count")
    await note(s, "query with input", "workflow", "query", "-w", board, "--type", "entry", "--input", "0")
    await note(s, "unknown query", "workflow", "query", "-w", board, "--type", "no_such_query")
    await s.settled(board)
    await note(s, "update", "workflow", "update", "execute", "-w", board, "--name", "put", "--update-id", "u1", "--input", '"two"')
    await note(s, "rejected update", "workflow", "update", "execute", "-w", board, "--name", "put", "--update-id", "u2", "--input", '""')
    await note(s, "failing update", "workflow", "update", "execute", "-w", board, "--name", "put", "--update-id", "u3", "--input", '"fail"')
    await note(s, "started update", "workflow", "update", "start", "-w", board, "--name", "put", "--update-id", "u4", "--input", '"nap"', "--wait-for-stage", "accepted")
    await note(s, "its result", "workflow", "update", "result", "-w", board, "--update-id", "u4")
    await note(s, "its description", "workflow", "update", "describe", "-w", board, "--update-id", "u4")
    await s.settled(board)
    await note(s, "finish", "workflow", "signal", "-w", board, "--name", "finish")
    await note(s, "result", "workflow", "result", "-w", board)
    await note(s, "query, rejected", "workflow", "query", "-w", board, "--type", "count", "--reject-condition", "not_open")
    await note(s, "signal to closed", "workflow", "signal", "-w", board, "--name", "add")


async def with_start(s: Scenario) -> None:
    board = s.id("board")
    await note(s, "signal", "workflow", "signal-with-start", "--signal-name", "add", "--signal-input", '"one"', *starting(s, "board", "Board"))
    await s.settled(board)
    await note(s, "update", "workflow", "execute-update-with-start", "--update-name", "put", "--update-id", "u1", "--update-input", '"two"',
               "--id-conflict-policy", "UseExisting", *starting(s, "board", "Board"))
    await s.settled(board)
    await note(s, "finish", "workflow", "signal", "-w", board, "--name", "finish")
    await note(s, "result", "workflow", "result", "-w", board)
    await s.history("board", board)


async def stop(s: Scenario) -> None:
    for label in ("cancelled", "terminated"):
        await note(s, f"start {label}", "workflow", "start", *starting(s, label, "Waits"))
        await s.settled(s.id(label))
    await note(s, "cancel", "workflow", "cancel", "-w", s.id("cancelled"))
    await note(s, "result of the cancelled", "workflow", "result", "-w", s.id("cancelled"))
    await note(s, "terminate", "workflow", "terminate", "-w", s.id("terminated"), "--reason", "enough")
    await note(s, "result of the terminated", "workflow", "result", "-w", s.id("terminated"))
    await note(s, "terminate again", "workflow", "terminate", "-w", s.id("terminated"))
    await note(s, "cancel nobody", "workflow", "cancel", "-w", s.id("nobody"))
    await note(s, "delete", "workflow", "delete", "-w", s.id("terminated"))
    await note(s, "delete nobody", "workflow", "delete", "-w", s.id("nobody"))


async def reset(s: Scenario) -> None:
    board = s.id("board")
    await note(s, "start", "workflow", "start", *starting(s, "board", "Board"))
    await s.settled(board)
    for entry in ("one", "two"):
        await s.client.get_workflow_handle(board).signal("add", entry)
        await s.settled(board)
    await note(s, "to the first task", "workflow", "reset", "-w", board, "--type", "FirstWorkflowTask", "--reason", "again")
    await s.settled(board)
    await note(s, "count", "workflow", "query", "-w", board, "--type", "count")
    await note(s, "to an event", "workflow", "reset", "-w", board, "--event-id", "4", "--reason", "again", "--reapply-exclude", "Signal")
    await s.settled(board)
    await note(s, "count without signals", "workflow", "query", "-w", board, "--type", "count")
    await note(s, "to no event", "workflow", "reset", "-w", board, "--event-id", "99", "--reason", "again")
    await s.history("board", board)
    await note(s, "end", "workflow", "terminate", "-w", board)


async def listing(s: Scenario) -> None:
    for number in range(3):
        await note(s, f"start {number}", "workflow", "start", *starting(s, f"item {number}", "Board", "--search-attribute", f'InteropKeyword="{s.token} cli"',
                                                                       "--search-attribute", f"InteropInt={number}"))
        await s.settled(s.id(f"item {number}"))
    mine = f"InteropKeyword = '{s.token} cli'"
    while (await s.client.count_workflows(mine)).count != 3:
        await asyncio.sleep(0.05)
    await note(s, "count", "workflow", "count", "--query", mine)
    await note(s, "grouped", "workflow", "count", "--query", f"{mine} GROUP BY ExecutionStatus")
    await note(s, "list", "workflow", "list", "--query", f"{mine} AND InteropInt > 0")
    await note(s, "limited", "workflow", "list", "--query", mine, "--limit", "1")
    await note(s, "bad filter", "workflow", "list", "--query", "nonsense")
    for number in range(3):
        await s.client.get_workflow_handle(s.id(f"item {number}")).terminate()


async def namespaces(s: Scenario) -> None:
    name = s.id("space")
    await note(s, "create", "operator", "namespace", "create", "--namespace", name, "--retention", "2d", "--description", "for a test", "--data", "key=value")
    await note(s, "create again", "operator", "namespace", "create", "--namespace", name)
    await note(s, "describe", "operator", "namespace", "describe", "--namespace", name)
    await note(s, "update", "operator", "namespace", "update", "--namespace", name, "--description", "changed", "--retention", "3d")
    await note(s, "describe again", "operator", "namespace", "describe", "--namespace", name)
    code, output, _ = await call("operator", "namespace", "list")
    s.note("listed", [code, name in [each["namespaceInfo"]["name"] for each in output]])
    code, _, error = await call("operator", "namespace", "delete", "--namespace", name, "--yes")
    s.note("delete", [code, error])
    await note(s, "describe nobody", "operator", "namespace", "describe", "--namespace", "no-such-namespace")


async def search_attributes(s: Scenario) -> None:
    name = f"Cli{s.token}"
    await note(s, "create", "operator", "search-attribute", "create", "--name", name, "--type", "Keyword")
    while True:
        _, output, _ = await call("operator", "search-attribute", "list")
        if name in output.get("customAttributes", {}):
            break
        await asyncio.sleep(0.05)
    s.note("type", output["customAttributes"][name])
    await note(s, "create again", "operator", "search-attribute", "create", "--name", name, "--type", "Keyword")
    await note(s, "remove", "operator", "search-attribute", "remove", "--name", name, "--yes")
    await note(s, "remove nothing", "operator", "search-attribute", "remove", "--name", "NoSuchAttribute", "--yes")


async def activities(s: Scenario) -> None:
    for label in ("completed", "failed"):
        workflow = s.id(label)
        await note(s, f"start {label}", "workflow", "start", *starting(s, label, "OneActivity", "--input", '{"activity":"later","attempts":1}'))
        got = await s.until(workflow, lambda got: len(got.pending_activities) == 1 and got.pending_activities[0].state == 2)
        activity = ["--activity-id", got.pending_activities[0].activity_id, "--workflow-id", workflow]
        if label == "completed":
            await note(s, "complete", "activity", "complete", *activity, "--result", '"by hand"')
        else:
            await note(s, "fail", "activity", "fail", *activity, "--reason", "by hand", "--detail", '"detail"')
        await note(s, f"result of the {label}", "workflow", "result", "-w", workflow)
        await s.history(label, workflow)
    await note(s, "complete nothing", "activity", "complete", "--activity-id", "1", "--workflow-id", s.id("nobody"), "--result", "1")


async def task_queue(s: Scenario) -> None:
    queue = s.id("queue")
    async with Worker(s.client, task_queue=queue, workflows=[Board], activities=ACTIVITIES, workflow_runner=UnsandboxedWorkflowRunner()):
        while True:
            code, output, error = await call("task-queue", "describe", "--task-queue", queue, "--select-unversioned")
            kinds = sorted({each.get("taskQueueType", "") for each in (output or {}).get("pollers") or []}) if isinstance(output, dict) else []
            if len(kinds) >= 2 or code != 0:
                break
            await asyncio.sleep(0.2)
    s.note("pollers", [code, kinds, error])


async def deployment(s: Scenario) -> None:
    queue, version = s.id("queue"), WorkerDeploymentVersion(s.id("deployment"), "1.0")
    config = WorkerDeploymentConfig(version=version, use_worker_versioning=True, default_versioning_behavior=VersioningBehavior.PINNED)
    async with Worker(s.client, task_queue=queue, workflows=WORKFLOWS, activities=ACTIVITIES, deployment_config=config,
                      workflow_runner=UnsandboxedWorkflowRunner()):
        name = ["--deployment-name", version.deployment_name]
        while (await call("worker", "deployment", "describe-version", *name, "--build-id", "1.0"))[0] != 0:
            await asyncio.sleep(0.1)
        await retried(s, "set current", "worker", "deployment", "set-current-version", *name, "--build-id", "1.0", "--yes")
        await note(s, "describe", "worker", "deployment", "describe", *name)
        code, output, error = await call("worker", "deployment", "list")
        s.note("listed", [code, version.deployment_name in [each["name"] for each in output or []], error])
        await note(s, "describe nobody", "worker", "deployment", "describe", "--deployment-name", "nobody")


async def errors(s: Scenario) -> None:
    await note(s, "unknown workflow", "workflow", "describe", "-w", s.id("nobody"))
    await note(s, "show of nobody", "workflow", "show", "-w", s.id("nobody"))
    await note(s, "result of nobody", "workflow", "result", "-w", s.id("nobody"))
    await note(s, "unknown run", "workflow", "describe", "-w", s.id("nobody"), "-r", "2b27ed1c-0a5c-4e61-8f5a-0dbb2b5e5d8e")
    await note(s, "unknown namespace", "workflow", "list", "--namespace", "no-such-namespace")
    await note(s, "start in an unknown namespace", "workflow", "start", *starting(s, "lost", "Board", "--namespace", "no-such-namespace"))
    await note(s, "unknown attribute", "workflow", "start", *starting(s, "lost", "Board", "--search-attribute", 'NoSuchAttribute="x"'))


async def cluster(s: Scenario) -> None:
    await note(s, "health", "operator", "cluster", "health")
    code, output, _ = await call("operator", "cluster", "system")
    s.note("system", [code, sorted(output or {})])


SCENARIOS = {each.__name__: each for each in (
    start_and_show, execute, messages, with_start, stop, reset, listing, namespaces, search_attributes, activities, task_queue, deployment,
    errors, cluster)}


async def run(address: str, pattern: str) -> None:
    client = await Client.connect(address, identity="cli-interop")
    token = new_token()
    queue = f"cli-{token}"
    async with Worker(client, task_queue=queue, workflows=WORKFLOWS, activities=ACTIVITIES, workflow_runner=UnsandboxedWorkflowRunner()):
        finish(await run_scenarios("cli", client, token, queue, SCENARIOS, pattern, 4))


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    asyncio.run(run(ADDRESS, sys.argv[2] if len(sys.argv) > 2 else ""))
