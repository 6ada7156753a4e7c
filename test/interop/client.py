"""Uses Rondo's interop worker from Python: starts, signals and queries its workflows, reads results and failures.

    client.py ADDRESS CPP_TASK_QUEUE GO_TASK_QUEUE SEALED_TASK_QUEUE KEY

The worker of the sealed task queue, in C++ too, encrypts everything with the key.
"""

import asyncio
import dataclasses
import logging
import os
import sys
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Awaitable, Callable, Iterable, Optional

import nexusrpc
import nexusrpc.handler
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio import activity, nexus, workflow
from temporalio.api.common.v1 import Payload
from temporalio.api.nexus.v1 import EndpointSpec, EndpointTarget
from temporalio.api.operatorservice.v1 import CreateNexusEndpointRequest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle, WorkflowQueryFailedError
from temporalio.contrib.workflow_streams import WorkflowStream, WorkflowStreamClient
from temporalio.converter import DataConverter, PayloadCodec
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker


@dataclass
class Line:
    sku: str
    quantity: int


@dataclass
class Record:
    """The same fields as in worker.cpp and in the Go worker."""

    id: str
    serial: int
    weight: float = 0.0
    urgent: bool = False
    note: Optional[str] = None
    lines: list[Line] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    history: list[list[int]] = field(default_factory=list)


@dataclass
class RefusalReport:
    message: str
    type: str
    non_retryable: bool
    serial: int
    about: Record


FULL = Record(
    id='naïve "東京" 🎉\n\t\\ \u0000 end',
    serial=2**63 - 2,
    weight=-1.5e300,
    urgent=True,
    note="a note",
    lines=[Line("tea", 3), Line("ü", -2147483648)],
    labels={"": "empty key", "schlüssel": "wert"},
    history=[[1, 2**53 + 1], [], [-(2**63)]],
)
EMPTY = Record(id="", serial=0)


@activity.defn(name="PyCountUp")
async def count_up(value: Record) -> Record:
    return dataclasses.replace(value, serial=value.serial + 1)


@activity.defn(name="PyRefuse")
async def refuse(value: Record) -> None:
    raise ApplicationError(f"Python refuses {value.id}", value.serial, value, type="PyRefused", non_retryable=True)


@workflow.defn(name="PyCountUpBehind")
class CountUpBehind:
    @workflow.run
    async def run(self, value: Record) -> Record:
        return dataclasses.replace(value, serial=value.serial + 1)


@nexusrpc.service(name="counting")
class Counting:
    """What the workers in all languages serve."""

    count_up: nexusrpc.Operation[Record, Record]
    count_up_later: nexusrpc.Operation[Record, Record]


@nexusrpc.handler.service_handler(service=Counting)
class CountingHandler:
    @nexusrpc.handler.sync_operation
    async def count_up(self, _context: nexusrpc.handler.StartOperationContext, value: Record) -> Record:
        return dataclasses.replace(value, serial=value.serial + 1)

    @nexus.workflow_run_operation
    async def count_up_later(
        self, context: nexus.WorkflowRunOperationContext, value: Record
    ) -> nexus.WorkflowHandle[Record]:
        return await context.start_workflow(CountUpBehind.run, value, id=f"behind-{uuid.uuid4()}")


@workflow.defn(name="PyStream")
class Stream:
    """Publishes records and lets C++ publish what they become."""

    @workflow.init
    def __init__(self, _cpp: str) -> None:
        self.stream = WorkflowStream()

    @workflow.run
    async def run(self, cpp: str) -> None:
        for each in (FULL, EMPTY):
            self.stream.topic("given", type=Record).publish(each)
        await workflow.execute_activity(
            "cpp_count_up_stream",
            args=[workflow.info().workflow_id, 2],
            task_queue=cpp,
            start_to_close_timeout=timedelta(seconds=20),
        )


@workflow.defn(name="PyCallsNexus")
class CallsNexus:
    @workflow.run
    async def run(self, endpoint: str, value: Record) -> Record:
        service = workflow.create_nexus_client(service=Counting, endpoint=endpoint)
        once = await service.execute_operation(Counting.count_up, value)
        return await service.execute_operation(Counting.count_up_later, once)


class Encryption(PayloadCodec):
    """The form of Temporal's samples, of which Rondo's codec is another implementation."""

    def __init__(self, key: bytes) -> None:
        self.cipher = AESGCM(key)

    async def encode(self, payloads: Iterable[Payload]) -> list[Payload]:
        return [self.seal(each) for each in payloads]

    async def decode(self, payloads: Iterable[Payload]) -> list[Payload]:
        return [self.open(each) for each in payloads]

    def seal(self, payload: Payload) -> Payload:
        nonce = os.urandom(12)
        return Payload(
            metadata={"encoding": b"binary/encrypted", "encryption-key-id": b"interop"},
            data=nonce + self.cipher.encrypt(nonce, payload.SerializeToString(), None),
        )

    def open(self, payload: Payload) -> Payload:
        expect(payload.metadata.get("encoding"), b"binary/encrypted")
        expect(payload.metadata.get("encryption-key-id"), b"interop")
        return Payload.FromString(self.cipher.decrypt(payload.data[:12], payload.data[12:], None))


def expect(actual: object, expected: object) -> None:
    if actual != expected:
        raise AssertionError(f"expected {expected!r}, got {actual!r}")


class Checks:
    """Every method whose name begins with check_ is one check."""

    def __init__(self, client: Client, cpp: str, go: str, python: str, sealed_client: Client, sealed: str) -> None:
        self.client, self.cpp, self.go, self.python = client, cpp, go, python
        self.sealed_client, self.sealed = sealed_client, sealed

    async def run(self, workflow: str, *args: object, result: Optional[type] = None, queue: str = "") -> object:
        return await self.client.execute_workflow(
            workflow,
            args=args,
            id=f"{workflow}-{uuid.uuid4()}",
            task_queue=queue or self.cpp,
            result_type=result,
            execution_timeout=timedelta(seconds=30),
        )

    async def check_structs_both_ways(self) -> None:
        for value in (FULL, EMPTY):
            counted = dataclasses.replace(value, serial=value.serial + 1)
            expect(await self.run("round_trip", value, result=Record), counted)

    async def check_null_both_ways(self) -> None:
        expect(await self.run("same_or_nothing", None), None)
        expect(await self.run("same_or_nothing", FULL, result=Record), FULL)
        expect(await self.run("same_or_nothing"), None)

    async def check_bytes_through_go(self) -> None:
        for value in (b"", bytes(range(256))):
            expect(await self.run("reverse_in_go", self.go, value, result=bytes), value[::-1])

    async def check_go_activity(self) -> None:
        counted = dataclasses.replace(FULL, serial=FULL.serial + 1)
        expect(await self.run("count_up_elsewhere", self.go, "GoCountUp", FULL, result=Record), counted)
        expect((await self.run("count_up_elsewhere", self.go, "GoCountUp", EMPTY, result=Record)).serial, 1)

    async def check_python_activity(self) -> None:
        counted = dataclasses.replace(FULL, serial=FULL.serial + 1)
        expect(await self.run("count_up_elsewhere", self.python, "PyCountUp", FULL, result=Record), counted)

    async def check_cpp_activity_of_go_workflow(self) -> None:
        counted = dataclasses.replace(FULL, serial=FULL.serial + 1)
        expect(await self.run("GoCallsCpp", self.cpp, FULL, result=Record, queue=self.go), counted)

    async def endpoint(self, queue: str) -> str:
        """A Nexus endpoint that leads to a task queue."""
        name = f"e{uuid.uuid4()}"
        target = EndpointTarget(worker=EndpointTarget.Worker(namespace=self.client.namespace, task_queue=queue))
        request = CreateNexusEndpointRequest(spec=EndpointSpec(name=name, target=target))
        await self.client.operator_service.create_nexus_endpoint(request)
        return name

    async def check_nexus_operations_of_go_and_python_in_cpp(self) -> None:
        value = dataclasses.replace(FULL, serial=FULL.serial - 2)
        for queue in (self.go, self.python):
            name = await self.endpoint(queue)
            expect(await self.run("count_up_by_nexus", name, value, result=Record), FULL)

    async def check_nexus_operations_of_cpp_in_go_and_python(self) -> None:
        name = await self.endpoint(self.cpp)
        value = dataclasses.replace(FULL, serial=FULL.serial - 2)
        for caller, queue in (("GoCallsNexus", self.go), ("PyCallsNexus", self.python)):
            expect(await self.run(caller, name, value, result=Record, queue=queue), FULL)

    async def check_encryption(self) -> None:
        handle = await self.sealed_client.start_workflow(
            "conversation",
            id=f"sealed-{uuid.uuid4()}",
            task_queue=self.sealed,
            result_type=list[Record],
            execution_timeout=timedelta(seconds=30),
        )
        await handle.signal("say", FULL)
        expect(await handle.query("heard", result_type=list[Record]), [FULL])
        await handle.signal("stop")
        expect(await handle.result(), [FULL])
        for event in (await handle.fetch_history()).events:
            expect(FULL.note.encode() in event.SerializeToString(), False)

    async def check_encrypted_activities(self) -> None:
        counted = dataclasses.replace(FULL, serial=FULL.serial + 1)
        result = await self.sealed_client.execute_workflow(
            "count_up_elsewhere",
            args=[f"{self.python}-sealed", "PyCountUp", FULL],
            id=f"sealed-{uuid.uuid4()}",
            task_queue=self.sealed,
            result_type=Record,
            execution_timeout=timedelta(seconds=30),
        )
        expect(result, counted)

    async def check_failures_of_go_and_python_in_cpp(self) -> None:
        for queue, name, language in ((self.go, "Go", "Go"), (self.python, "Py", "Python")):
            report = await self.run("ask_in_vain", queue, f"{name}Refuse", FULL, result=RefusalReport)
            wanted = RefusalReport(f"{language} refuses {FULL.id}", f"{name}Refused", True, FULL.serial, FULL)
            expect(report, wanted)

    async def check_failure_of_cpp_workflow(self) -> None:
        try:
            await self.run("fail", FULL)
        except WorkflowFailureError as failed:
            self.expect_refusal(failed.cause)
        else:
            raise AssertionError("the workflow did not fail")

    async def check_failure_of_cpp_activity(self) -> None:
        try:
            await self.run("fail_in_activity", FULL)
        except WorkflowFailureError as failed:
            expect(type(failed.cause), ActivityError)
            expect(failed.cause.activity_type, "cpp_refuse")
            self.expect_refusal(failed.cause.cause)
        else:
            raise AssertionError("the workflow did not fail")

    def expect_refusal(self, failure: Optional[BaseException]) -> None:
        expect(type(failure), ApplicationError)
        expect(failure.message, f"C++ refuses {FULL.id}")
        expect(failure.type, "CppRefused")
        expect(failure.non_retryable, True)
        expect(failure.details[0], FULL.serial)
        expect(failure.details[1]["lines"][1], {"sku": "ü", "quantity": -2147483648})

    async def check_exception_of_cpp_activity(self) -> None:
        try:
            await self.run("break_down", FULL)
        except WorkflowFailureError as failed:
            failure = failed.cause.cause
            expect(type(failure), ApplicationError)
            expect((failure.message, failure.type, failure.non_retryable), ("broken", "std::out_of_range", False))
        else:
            raise AssertionError("the workflow did not fail")

    async def start_conversation(self) -> WorkflowHandle:
        return await self.client.start_workflow(
            "conversation",
            id=f"conversation-{uuid.uuid4()}",
            task_queue=self.cpp,
            result_type=list[Record],
            execution_timeout=timedelta(seconds=30),
        )

    async def check_cancellation(self) -> None:
        handle = await self.start_conversation()
        expect(await handle.query("heard", result_type=list[Record]), [])
        await handle.cancel()
        try:
            await handle.result()
        except WorkflowFailureError as failed:
            expect(type(failed.cause), CancelledError)
        else:
            raise AssertionError("the workflow was not cancelled")

    async def check_stream_of_cpp(self) -> None:
        handle = await self.start_conversation()
        client = WorkflowStreamClient.create(self.client, handle.id)
        await handle.signal("say", FULL)
        async with client:
            client.topic("mine", type=Record).publish(EMPTY)
        expect(await client.get_offset(), 2)
        await handle.signal("stop")
        items = [each async for each in client.subscribe(result_type=Record)]
        expect([(each.offset, each.topic, each.data) for each in items], [(0, "heard", FULL), (1, "mine", EMPTY)])

    async def check_stream_of_python(self) -> None:
        handle = await self.client.start_workflow(
            "PyStream",
            self.cpp,
            id=f"stream-{uuid.uuid4()}",
            task_queue=self.python,
            execution_timeout=timedelta(seconds=30),
        )
        client = WorkflowStreamClient.create(self.client, handle.id)
        counted = [each.data async for each in client.subscribe(["counted"], result_type=Record)]
        expect(counted, [dataclasses.replace(each, serial=each.serial + 1) for each in (FULL, EMPTY)])

    async def check_signals_and_queries(self) -> None:
        handle = await self.start_conversation()
        await handle.signal("say", FULL)
        expect(await handle.query("heard", result_type=list[Record]), [FULL])
        await handle.signal("say", EMPTY)
        expect(await handle.query("heard-at", 1, result_type=Record), EMPTY)
        try:
            await handle.query("heard-at", 2)
        except WorkflowQueryFailedError:
            pass
        else:
            raise AssertionError("a query of a record that is not there was answered")
        await handle.signal("stop")
        expect(await handle.result(), [FULL, EMPTY])


async def main(address: str, cpp: str, go: str, sealed: str, key: str) -> int:
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)  # refusals are meant to fail
    client = await Client.connect(address)
    sealing = DataConverter(payload_codec=Encryption(key.encode()))
    sealed_client = await Client.connect(address, data_converter=sealing)
    python = f"python-{uuid.uuid4()}"
    failures = 0
    worker = Worker(
        client,
        task_queue=python,
        activities=[count_up, refuse],
        workflows=[CountUpBehind, CallsNexus, Stream],
        nexus_service_handlers=[CountingHandler()],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    sealed_worker = Worker(sealed_client, task_queue=f"{python}-sealed", activities=[count_up])
    async with worker, sealed_worker:
        checks = Checks(client, cpp, go, python, sealed_client, sealed)
        for name in [each for each in dir(Checks) if each.startswith("check_")]:
            check: Callable[[], Awaitable[None]] = getattr(checks, name)
            try:
                await asyncio.wait_for(check(), 40)
                print(f"passed  {name.removeprefix('check_')}", flush=True)
            except Exception as error:  # a failed check must not hide the others
                failures += 1
                print(f"FAILED  {name.removeprefix('check_')}: {type(error).__name__}: {error}", flush=True)
    return failures


if __name__ == "__main__":
    failures = asyncio.run(main(*sys.argv[1:]))
    # The SDK's own threads may still release the interpreter's lock while it finalizes, which aborts the process.
    sys.stdout.flush()
    os._exit(1 if failures else 0)
