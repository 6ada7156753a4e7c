"""The Python part of the checks of rondo-stubs. The modules shop and elsewhere are generated.

program.py worker ADDRESS TASK_QUEUE          offers what elsewhere.json says
program.py check ADDRESS TASK_QUEUE OTHERS    uses what the C++ worker on another task queue offers
"""

import asyncio
import dataclasses
import os
import sys
from datetime import datetime, timedelta, timezone
from typing import Optional

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

# The sandbox of workflows replaces classes such as datetime in modules that it loads itself.
with workflow.unsafe.imports_passed_through():
    import elsewhere
    import shop

FULL = shop.Record(
    id='naïve "東京"\n',
    serial=2**62 + 1,
    weight=-1.5e300,
    urgent=True,
    note="a note",
    lines=[shop.Line("tea", 255, shop.Color.DEEP_BLUE), shop.Line("cup", 0)],
    labels={"": "empty"},
    numbered={-5: True},
    tints={shop.Color.RED: 7},
    history=[[1, -(2**63)], []],
    pair=("one", 2),
    both=[3, 4],
    raw="AP8=",
    octets=[0, 255],
    age=1500,
    at=datetime(2026, 11, 28, 12, 0, 0, 123456, tzinfo=timezone.utc),
    tint=shop.Color.DEEP_BLUE,
    mark=9,
    family=shop.Tree("root", [shop.Tree("leaf", [])]),
    strange={"class": "a", "from": 1, "is-dashed": True},
    extra={"any": [None, "thing"]},
)


@workflow.defn(name="PyCalls")
class Calls:
    """Calls everything that the C++ worker offers from a workflow."""

    @workflow.run
    async def run(self, queue: str) -> shop.Record:
        soon = timedelta(seconds=10)
        record = await shop.execute_advance(FULL, task_queue=queue, start_to_close_timeout=soon)
        for second, joined in ((None, b"\x00\xff"), (b"\x04", b"\x00\xff\x04")):
            got = await shop.execute_join(b"\x00\xff", second, task_queue=queue, start_to_close_timeout=soon)
            expect("joined bytes", got, joined)
        await shop.execute_idle(task_queue=queue, start_to_close_timeout=soon)
        child = await shop.start_counter_child(record, 100, task_queue=queue)
        await child.signal_add(2)
        await child.signal_stop()
        counted = await child.result()
        return counted


@activity.defn(name="Elsewhere.Advance")
async def advance(value: elsewhere.Item) -> elsewhere.Item:
    return elsewhere.Item(**{**value, "serialNumber": value["serialNumber"] + 1})


@workflow.defn(name="ElsewhereCounter")
class Counter:
    def __init__(self) -> None:
        self.value: Optional[elsewhere.Item] = None
        self.added = 0
        self.note: Optional[str] = None
        self.stopped = False

    @workflow.run
    async def run(self, value: elsewhere.Item, step: Optional[int] = None) -> elsewhere.Item:
        self.value, self.step = value, 1 if step is None else step
        await workflow.wait_condition(lambda: self.stopped)
        self.value["serialNumber"] = self.total()
        if self.note is not None:
            self.value["note"] = self.note
        return self.value

    @workflow.signal
    def add(self, times: int) -> None:
        self.added += times

    @workflow.signal
    def stop(self) -> None:
        self.stopped = True

    @workflow.query(name="Total")
    def total(self) -> int:
        assert self.value is not None
        return self.value["serialNumber"] + self.step * self.added

    @workflow.update(name="set-note")
    async def set_note(self, note: str) -> str:
        before, self.note = self.note or "", note
        return f"was {before}"


def expect(what: str, actual: object, wanted: object) -> None:
    if actual != wanted:
        raise AssertionError(f"{what}: expected {wanted!r}, got {actual!r}")


async def check(client: Client, queue: str, theirs: str) -> None:
    limit = timedelta(seconds=30)
    id = f"python-counter-{queue}"
    await shop.start_counter(client, FULL, id=id, task_queue=theirs, execution_timeout=limit)
    handle = shop.get_counter(client, id)
    await handle.signal_add(3)
    expect("a query", await handle.query_total(), FULL.serial + 3)
    expect("an optional answer", await handle.query_line_at(0), FULL.lines[0])
    expect("no answer", await handle.query_line_at(5), None)
    expect("an update", await handle.update_set_note("another"), "a note")
    await handle.signal_stop()
    expect("the result", await handle.result(), dataclasses.replace(FULL, serial=FULL.serial + 3, note="another"))

    called: shop.Record = await client.execute_workflow(
        "PyCalls",
        theirs,
        id=f"python-calls-{queue}",
        task_queue=queue,
        execution_timeout=limit,
        result_type=shop.Record,
    )
    expect("what a Python workflow called", called, dataclasses.replace(FULL, serial=FULL.serial + 201))


async def main(how: str, address: str, queue: str, theirs: str = "") -> None:
    client = await Client.connect(address)
    if how == "check":
        await asyncio.wait_for(check(client, queue, theirs), 40)
        return
    async with Worker(client, task_queue=queue, workflows=[Calls, Counter], activities=[advance]):
        await asyncio.Event().wait()


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
        failed = False
    except Exception as error:  # the program must not end by itself, see below
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        failed = True
    # The SDK's own threads may still release the interpreter's lock while it finalizes, which aborts the process.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1 if failed else 0)
