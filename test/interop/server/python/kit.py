"""What the scenarios written in Python have in common: notes, histories, waiting; and how a document is made of them."""

import asyncio
import json
import os
import sys
import time
import uuid
from dataclasses import dataclass, field
from typing import Any, Awaitable, Callable, Optional

from google.protobuf.json_format import MessageToDict
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError, TimeoutError
from temporalio.service import RPCError

RUNNING = 1

# The SDK's core logs to standard output, where only the document belongs.
document_to = os.dup(1)
os.dup2(2, 1)


def describe_error(error: Optional[BaseException]) -> Any:
    """A chain of failures, or a gRPC error with its code and the types of its details."""
    chain = []
    while error is not None:
        link: dict[str, Any] = {"class": type(error).__name__, "message": str(error)}
        if isinstance(error, RPCError):
            link["code"] = error.status.name
            link["details"] = [each.type_url.split("/")[-1] for each in error.grpc_status.details]
            chain.append(link)
            break
        if isinstance(error, ApplicationError):
            link |= {"message": error.message, "type": error.type, "details": list(error.details), "final": error.non_retryable}
        if isinstance(error, TimeoutError):
            link |= {"timeout": error.type.name if error.type else None, "details": list(error.last_heartbeat_details)}
        if getattr(error, "retry_state", None) is not None:
            link["retryState"] = error.retry_state.name
        chain.append(link)
        error = getattr(error, "cause", None) or error.__cause__
    return chain


@dataclass
class Scenario:
    """The hand that a scenario works with."""

    name: str
    token: str
    client: Client
    queue: str
    outcome: dict[str, Any] = field(default_factory=dict)
    histories: dict[str, Any] = field(default_factory=dict)

    def id(self, label: str) -> str:
        return f"{self.name}-{label}-{self.token}"

    def note(self, label: str, value: Any) -> None:
        self.outcome[label] = value

    async def attempt(self, label: str, awaitable: Awaitable[Any]) -> Any:
        """Notes the result, or the failure."""
        try:
            value = await awaitable
        except Exception as error:
            self.note(label, describe_error(error))
            return None
        self.note(label, value)
        return value

    async def succeeds(self, label: str, awaitable: Awaitable[Any]) -> Any:
        """Notes only whether it went well; gives the value."""
        try:
            value = await awaitable
        except Exception as error:
            self.note(label, describe_error(error))
            return None
        self.note(label, "ok")
        return value

    async def start(self, label: str, workflow: str, *arguments: Any, **options: Any) -> WorkflowHandle:
        return await self.client.start_workflow(
            workflow, args=arguments, id=options.pop("id", self.id(label)), task_queue=options.pop("task_queue", self.queue), **options
        )

    async def describe(self, id: str, run: str = "") -> DescribeWorkflowExecutionResponse:
        return await self.client.workflow_service.describe_workflow_execution(
            DescribeWorkflowExecutionRequest(namespace="default", execution=WorkflowExecution(workflow_id=id, run_id=run))
        )

    async def until(self, id: str, condition: Callable[[DescribeWorkflowExecutionResponse], bool]) -> DescribeWorkflowExecutionResponse:
        while True:
            got = await self.describe(id)
            if condition(got):
                return got
            await asyncio.sleep(0.02)

    async def settled(self, id: str) -> DescribeWorkflowExecutionResponse:
        """Waits till the workflow is closed or has no workflow task."""
        return await self.until(
            id, lambda got: got.workflow_execution_info.status != RUNNING or not got.HasField("pending_workflow_task")
        )

    async def closed(self, id: str) -> DescribeWorkflowExecutionResponse:
        return await self.until(id, lambda got: got.workflow_execution_info.status != RUNNING)

    async def history(self, label: str, id: str, run: Optional[str] = None) -> list[dict]:
        history = await self.client.get_workflow_handle(id, run_id=run).fetch_history()
        self.histories[label] = history.to_json_dict()
        return self.histories[label]["events"]

    async def chain(self, label: str, id: str, run: str) -> None:
        """The histories of all runs that follow one another."""
        for number in range(1, 8):
            last = (await self.history(f"{label} run {number}", id, run))[-1]
            following = [each["newExecutionRunId"] for each in last.values() if isinstance(each, dict) and "newExecutionRunId" in each]
            if not following:
                return
            run = following[0]

    async def finished(self, label: str, handle: WorkflowHandle) -> None:
        """Notes how the workflow ended and its history."""
        await self.attempt(label, handle.result())
        await self.history(label, handle.id)

    @staticmethod
    def plain(message: Any) -> dict:
        return MessageToDict(message)


Function = Callable[[Scenario], Awaitable[None]]


async def run_scenarios(
    program: str, client: Client, token: str, queue: str, scenarios: dict[str, Function], pattern: str, places: int
) -> dict:
    """Runs all scenarios that match, so many at a time, each with a time limit of its own."""
    import re

    limit = float(os.environ.get("RONDO_SCENARIO_TIMEOUT", "15s").rstrip("s"))
    room = asyncio.Semaphore(places)
    reports = {}

    async def one(name: str, function: Function) -> None:
        async with room:
            scenario, since, status = Scenario(name, token, client, queue), time.monotonic(), "ok"
            task = asyncio.ensure_future(function(scenario))
            try:
                # Not wait_for: a scenario that does not even stop is left behind.
                if not (await asyncio.wait([task], timeout=limit))[0]:
                    task.cancel()
                    status = "failed: timed out"
                else:
                    task.result()
            except Exception as error:
                status = f"failed: {type(error).__name__}: {error}"
                if not isinstance(error, RPCError):
                    import traceback

                    traceback.print_exc()
            print(f"{name:28} {time.monotonic() - since:6.2f} s  {status}", file=sys.stderr, flush=True)
            reports[name] = {"status": status, "outcome": dict(scenario.outcome), "histories": dict(scenario.histories)}

    await asyncio.gather(*(one(name, function) for name, function in scenarios.items() if re.search(pattern, name)))
    return {"program": program, "token": token, "scenarios": reports}


def new_token() -> str:
    return uuid.uuid4().hex[:12]


def finish(document: dict) -> None:
    """Prints the document and leaves at once: the SDK's threads may outlive the interpreter."""
    with os.fdopen(document_to, "w") as stream:
        json.dump(document, stream, indent=1, default=str)
    os._exit(0)
