"""What the platform hears from the broker: answers, progress and receipts."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeVar

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import KafkaError
from sync_contracts.event import Event
from sync_contracts.runs import (
    RunAccepted,
    RunCancelling,
    RunFinished,
    RunProgress,
    RunRejected,
    SyncCompleted,
)

from ledgerbus_cli.kafka_access import kafka_options
from ledgerbus_cli.problems import NoAnswerError, UnreachableError

HEARD: dict[str, type[Event]] = {
    kind.topic: kind
    for kind in (RunAccepted, RunRejected, RunProgress, RunCancelling, RunFinished, SyncCompleted)
}
E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Received:
    """One message as it came."""

    event: Event
    body: bytes = field(repr=False)
    headers: dict[str, str]


class Inbox:
    """Everything said about runs since it was opened; it belongs to no group, so each inbox hears all."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._servers = bootstrap_servers
        self._consumer: AIOKafkaConsumer | None = None
        self._reading: asyncio.Task[None] | None = None
        self._news = asyncio.Condition()
        self.received: list[Received] = []

    async def __aenter__(self) -> Self:
        self._consumer = AIOKafkaConsumer(*HEARD, **kafka_options(self._servers), enable_auto_commit=False)
        try:
            await self._consumer.start()
            await self._consumer.seek_to_end()  # waits: what is said from now on is heard
        except KafkaError:
            await self._consumer.stop()
            raise UnreachableError("The broker", self._servers) from None
        self._reading = asyncio.create_task(self._read(self._consumer))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._reading:
            self._reading.cancel()
            with suppress(asyncio.CancelledError):
                await self._reading
        if self._consumer:
            await self._consumer.stop()

    def of(self, kind: type[E]) -> list[E]:
        """All messages of one type so far."""
        return [one.event for one in self.received if isinstance(one.event, kind)]

    async def first(
        self,
        kinds: tuple[type[E], ...],
        fits: Callable[[E], bool],
        what: str,
        *,
        within_s: float,
        since: int = 0,
    ) -> E:
        """The first message that fits, heard already (after the first `since`) or yet to come."""
        try:
            async with asyncio.timeout(within_s), self._news:
                while True:
                    for one in self.received[since:]:
                        if isinstance(one.event, kinds) and fits(one.event):
                            return one.event
                    since = len(self.received)
                    self._fail_with_reading()
                    await self._news.wait()
        except TimeoutError:
            raise NoAnswerError(what, within_s) from None

    def _fail_with_reading(self) -> None:
        if self._reading and self._reading.done():
            self._reading.result()

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        try:
            async for record in consumer:
                self.received.append(_received(record))
                async with self._news:
                    self._news.notify_all()
        finally:
            async with self._news:
                self._news.notify_all()


def _received(record: ConsumerRecord[Any, Any]) -> Received:
    headers = {name: value.decode() for name, value in record.headers}
    return Received(HEARD[record.topic].model_validate_json(record.value), record.value, headers)
