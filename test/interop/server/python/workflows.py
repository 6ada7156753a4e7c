"""The workflows and activities of the Python scenarios."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Optional, Sequence

from temporalio import activity, workflow
from temporalio.common import RawValue, RetryPolicy, SearchAttributeKey
from temporalio.exceptions import ApplicationError, CancelledError, is_cancelled_exception

ONCE = RetryPolicy(maximum_attempts=1)
KEYWORD = SearchAttributeKey.for_keyword("InteropKeyword")
NUMBER = SearchAttributeKey.for_int("InteropInt")

# What activities and workflows of a scenario tell the scenario: only this process runs them.
tokens: dict[str, bytes] = {}
broken: set[str] = set()


@activity.defn
async def shout(text: str) -> str:
    return text.upper()


@activity.defn
async def fail(kind: str) -> None:
    cause = ValueError("inner")
    raise ApplicationError(f"{kind} failure", {"detail": 1}, type=kind, non_retryable=kind == "Final") from cause


@activity.defn
async def flaky(until: int) -> int:
    attempt = activity.info().attempt
    if attempt < until:
        raise ApplicationError(f"attempt {attempt}", next_retry_delay=timedelta(milliseconds=30) if attempt == 1 else None)
    return attempt


@activity.defn
async def progress() -> list[Any]:
    """Heartbeats, then fails; the second attempt gives back what the first has left."""
    if activity.info().attempt == 1:
        activity.heartbeat("page", 3)
        raise ApplicationError("first attempt")
    return list(activity.info().heartbeat_details)


@activity.defn
async def beat_until_cancelled() -> str:
    try:
        while True:
            activity.heartbeat("alive")
            await asyncio.sleep(0.05)
    except asyncio.CancelledError:
        activity.heartbeat("cancelled")
        raise


@activity.defn
async def ignore_cancel() -> str:
    try:
        while True:
            activity.heartbeat()
            await asyncio.sleep(0.05)
    except asyncio.CancelledError:
        return "finished anyway"


@activity.defn
async def hang() -> None:
    await asyncio.sleep(60)


@activity.defn
async def later() -> None:
    tokens[activity.info().workflow_id] = activity.info().task_token
    activity.raise_complete_async()


ACTIVITIES = [shout, fail, flaky, progress, beat_until_cancelled, ignore_cancel, hang, later]


@dataclass
class Call:
    activity: str
    argument: Any = None
    queue: Optional[str] = None
    start_to_close: Optional[float] = 10
    schedule_to_close: Optional[float] = None
    schedule_to_start: Optional[float] = None
    heartbeat: Optional[float] = None
    attempts: int = 0
    cancellation: str = "TRY_CANCEL"
    cancel: bool = False
    local: bool = False


def seconds(value: Optional[float]) -> Optional[timedelta]:
    return None if value is None else timedelta(seconds=value)


@workflow.defn
class OneActivity:
    """Runs an activity; cancels it on a signal."""

    def __init__(self) -> None:
        self.stop = False

    @workflow.signal
    def cancel_it(self) -> None:
        self.stop = True

    @workflow.run
    async def run(self, call: Call) -> Any:
        arguments = [] if call.argument is None else [call.argument]
        policy = RetryPolicy(initial_interval=timedelta(milliseconds=40), maximum_attempts=call.attempts)
        if call.local:
            return await workflow.execute_local_activity(
                call.activity, args=arguments, start_to_close_timeout=seconds(call.start_to_close), retry_policy=policy
            )
        handle = workflow.start_activity(
            call.activity,
            args=arguments,
            task_queue=call.queue,
            start_to_close_timeout=seconds(call.start_to_close),
            schedule_to_close_timeout=seconds(call.schedule_to_close),
            schedule_to_start_timeout=seconds(call.schedule_to_start),
            heartbeat_timeout=seconds(call.heartbeat),
            retry_policy=policy,
            cancellation_type=workflow.ActivityCancellationType[call.cancellation],
        )
        if call.cancel:
            await workflow.wait_condition(lambda: self.stop)
            handle.cancel()
        return await handle


@workflow.defn
class Several:
    """Three activities one after the other, so that the later ones may be dispatched eagerly."""

    @workflow.run
    async def run(self) -> str:
        result = ""
        for part in ("a", "b", "c"):
            result += await workflow.execute_activity(shout, part, start_to_close_timeout=timedelta(seconds=10))
        return result


@workflow.defn
class Board:
    """Collects what signals and updates bring until it is told to finish."""

    def __init__(self) -> None:
        self.entries: list[str] = []
        self.finished = False

    @workflow.run
    async def run(self) -> list[str]:
        await workflow.wait_condition(lambda: self.finished and workflow.all_handlers_finished())
        return self.entries

    @workflow.signal
    def add(self, entry: str) -> None:
        self.entries.append(entry)

    @workflow.signal(dynamic=True)
    def anything(self, name: str, arguments: Sequence[RawValue]) -> None:
        self.entries.append(f"signal {name}")

    @workflow.signal
    def finish(self) -> None:
        self.finished = True

    @workflow.query
    def count(self) -> int:
        return len(self.entries)

    @workflow.query
    def entry(self, index: int) -> str:
        return self.entries[index]

    @workflow.update
    async def put(self, entry: str) -> int:
        if entry == "fail":
            raise ApplicationError("update fails", type="Refused")
        if entry == "work":
            entry = await workflow.execute_activity(shout, entry, start_to_close_timeout=timedelta(seconds=10))
        if entry == "nap":
            await asyncio.sleep(0.2)
        self.entries.append(entry)
        return len(self.entries)

    @put.validator
    def check_put(self, entry: str) -> None:
        if not entry:
            raise ValueError("an entry must not be empty")


@workflow.defn
class Fails:
    @workflow.run
    async def run(self, kind: str) -> None:
        if kind == "activity":
            await workflow.execute_activity(fail, "Final", start_to_close_timeout=timedelta(seconds=10))
        try:
            raise ValueError("inner")
        except ValueError as inner:
            raise ApplicationError("outer", 1, "two", type="Outer", non_retryable=kind == "final") from inner


@workflow.defn
class Stumbles:
    """Its first workflow task fails."""

    @workflow.run
    async def run(self) -> str:
        if workflow.info().workflow_id in broken:
            broken.discard(workflow.info().workflow_id)
            raise RuntimeError("not written yet")
        return "mended"


@workflow.defn
class Patches:
    @workflow.run
    async def run(self) -> list[Any]:
        seen: list[Any] = [workflow.patched("first change"), workflow.patched("second change")]
        await asyncio.sleep(0.01)
        seen.append(workflow.patched("first change"))
        workflow.upsert_search_attributes([KEYWORD.value_set("changed"), NUMBER.value_set(5)])
        workflow.upsert_memo({"added": "x", "taken": None})
        workflow.upsert_search_attributes([NUMBER.value_unset()])
        return seen


@workflow.defn
class Timers:
    @workflow.run
    async def run(self) -> list[str]:
        result = []
        try:
            await workflow.wait_condition(lambda: False, timeout=0.03, timeout_summary="waits in vain")
        except asyncio.TimeoutError:
            result.append("timed out")
        long = asyncio.create_task(workflow.sleep(3600, summary="a long nap"))
        await asyncio.sleep(0.02)
        long.cancel()
        try:
            await long
        except asyncio.CancelledError:
            result.append("cancelled")
        return result


@workflow.defn
class Parent:
    """Starts a child; cancels it on a signal, or waits for its result."""

    def __init__(self) -> None:
        self.stop = False

    @workflow.signal
    def cancel_it(self) -> None:
        self.stop = True

    @workflow.run
    async def run(self, name: str, arguments: list[Any], child: str, cancellation: str) -> Any:
        handle = await workflow.start_child_workflow(
            name, args=arguments, id=child, cancellation_type=workflow.ChildWorkflowCancellationType[cancellation or "TRY_CANCEL"]
        )
        if cancellation:
            await workflow.wait_condition(lambda: self.stop)
            handle.cancel()
        return await handle


@workflow.defn
class Waits:
    """Waits for its cancellation, tidies up with an activity and ends as cancelled."""

    @workflow.run
    async def run(self) -> None:
        try:
            await workflow.wait_condition(lambda: False)
        except BaseException as error:
            if is_cancelled_exception(error):
                await workflow.execute_activity(shout, "tidy", start_to_close_timeout=timedelta(seconds=10))
            raise


@workflow.defn
class Reaches:
    """Signals and cancels another workflow from inside."""

    @workflow.run
    async def run(self, target: str) -> list[str]:
        handle = workflow.get_external_workflow_handle(target)
        report = []
        for action in (lambda: handle.signal("add", "from outside"), handle.cancel):
            try:
                await action()
                report.append("ok")
            except Exception as error:
                report.append(f"{type(error).__name__}: {error}")
        return report


@workflow.defn
class Continues:
    @workflow.run
    async def run(self, left: int) -> str:
        if left:
            workflow.continue_as_new(left - 1, memo={"left": left}, task_timeout=timedelta(seconds=9))
        return f"{workflow.memo_value('left')} {workflow.info().continued_run_id is not None}"


@workflow.defn
class Retries:
    @workflow.run
    async def run(self, until: int) -> int:
        attempt = workflow.info().attempt
        if attempt < until:
            raise ApplicationError(f"attempt {attempt}", type="TooEarly")
        return attempt


@workflow.defn
class Sleeps:
    @workflow.run
    async def run(self, duration: float) -> str:
        await asyncio.sleep(duration)
        return "awake"


WORKFLOWS = [OneActivity, Several, Board, Fails, Stumbles, Patches, Timers, Parent, Waits, Reaches, Continues, Retries, Sleeps]
