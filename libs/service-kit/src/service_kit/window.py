"""Hundreds of slow messages in flight per consumer; commits stay below the oldest unfinished one."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol, TypeAlias, cast

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from faststream.kafka.subscriber.usecase import DefaultSubscriber
from faststream.response import Response, ensure_response

logger = logging.getLogger(__name__)

Record: TypeAlias = "ConsumerRecord[Any, Any]"
Handling: TypeAlias = Callable[[Record, DefaultSubscriber], Awaitable[None]]
Place: TypeAlias = tuple[TopicPartition, int]

_FINAL_COMMIT_S = 3.0
_LONGEST_PAUSE_S = 10.0


class Pipeline(Protocol):
    """The part of a subscriber that a window drives."""

    consumer: AIOKafkaConsumer | None
    group_id: str | None

    def process_message(self, msg: Record, /) -> Awaitable[Any]: ...


class Window(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """Runs each record in a task of its own; `on_share` hears which part of all partitions is ours."""

    def __init__(
        self,
        *,
        slots: int,
        span: int = 5_000,
        commit_every_s: float = 0.5,
        revoke_grace_s: float = 5.0,
        drain_s: float = 20.0,
        on_share: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._slots = slots
        self._span = span
        self._commit_every_s = commit_every_s
        self._revoke_grace_s = revoke_grace_s
        self._drain_s = drain_s
        self._on_share = on_share
        self.handling: Handling = _nothing
        self._pipeline: Pipeline | None = None
        # By partition, in order: whether the record at an offset is finished.
        self._ledgers: dict[TopicPartition, dict[int, bool]] = {}
        self._tasks: dict[Place, asyncio.Task[None]] = {}
        # Of what is being handled: when it was written.
        self.written_ms: dict[Place, int] = {}
        self._finished_unowned: set[Place] = set()
        self._committer: asyncio.Task[None] | None = None
        self._paused = self._moving = self._closing = False
        # Too many failures and the end of the process may stop a consumer at the same time.
        self.stopping = asyncio.Lock()

    @property
    def in_flight(self) -> int:
        """How many records are being handled."""
        return len(self._tasks)

    def start(self, pipeline: Pipeline) -> None:
        """Begin committing what the pipeline's consumer, which need not run yet, will have taken."""
        self._pipeline = pipeline
        self._committer = asyncio.create_task(self._commit_regularly())

    def take(self, record: Record) -> None:
        """Start a record without waiting; called by the poll loop."""
        if self._closing:
            return  # Not in the ledger, so not committed: another member gets it.
        partition = TopicPartition(record.topic, record.partition)
        place = (partition, record.offset)
        # A record that was running when the partitions moved and came back is not started twice.
        finished = place in self._finished_unowned
        self._ledgers.setdefault(partition, {})[record.offset] = finished
        if not finished and place not in self._tasks:
            self.written_ms[place] = record.timestamp
            self._tasks[place] = asyncio.create_task(self._run(place, record))
        self._flow()

    async def drain(self) -> None:
        """Take nothing more, let what runs end, hand back the rest, commit."""
        self._closing = True
        self._flow()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=self._drain_s)
        stopped = [*self._tasks.values(), *([self._committer] if self._committer else [])]
        for task in stopped:
            task.cancel()
        await asyncio.gather(*stopped, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(_FINAL_COMMIT_S):
                await self._commit()

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Every rebalance takes all partitions away first; what outlasts the grace is not committed."""
        self._moving = True
        self._finished_unowned.clear()
        self._flow()
        running = [task for (partition, _), task in self._tasks.items() if partition in revoked]
        if running:
            await asyncio.wait(running, timeout=self._revoke_grace_s)
        await self._commit()
        for partition in revoked:
            self._ledgers.pop(partition, None)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Records of partitions that went elsewhere are stopped: their new owner runs them."""
        self._moving = self._paused = False  # A pause does not survive a rebalance.
        for (partition, _), task in self._tasks.items():
            if partition not in assigned:
                task.cancel()
        self._flow()
        self._on_share(self._share(assigned))

    async def _run(self, place: Place, record: Record) -> None:
        partition, offset = place
        finished = False
        try:
            finished = await self._handle(record)
        finally:  # Cancelled: it stays open and comes again.
            self._tasks.pop(place, None)
            self.written_ms.pop(place, None)
            if finished:
                if offset in self._ledgers.get(partition, {}):
                    self._ledgers[partition][offset] = True
                else:
                    self._finished_unowned.add(place)
            self._flow()

    async def _handle(self, record: Record) -> bool:
        """True once dealt with; the broker's middleware parks bugs, so what escapes is tried again."""
        assert self._pipeline is not None  # noqa: S101 (start came first)
        pause_s = 0.2
        while True:
            try:
                await self._pipeline.process_message(record)
            except Exception as error:
                logger.warning("a message is handled again", extra={"error": type(error).__name__})
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
                if self._closing:
                    return False
            else:
                return True

    def _flow(self) -> None:
        """Pause fetching while full; the loop goes on polling, so the member stays in its group."""
        consumer = self._pipeline.consumer if self._pipeline else None
        if consumer is None:
            return
        held = (
            self._moving or self._closing or any(len(each) >= self._span for each in self._ledgers.values())
        )
        if not self._paused and (held or len(self._tasks) >= self._slots):
            consumer.pause(*consumer.assignment())
            self._paused = True
        elif self._paused and not held and len(self._tasks) <= self._slots * 0.95:
            consumer.resume(*consumer.assignment())
            self._paused = False

    async def _commit_regularly(self) -> None:
        while True:
            await asyncio.sleep(self._commit_every_s)
            try:
                await self._commit()
            except Exception:
                logger.exception("committing goes on after a fault")
            self._flow()

    async def _commit(self) -> None:
        consumer = self._pipeline.consumer if self._pipeline else None
        ends = {
            partition: end
            for partition, ledger in self._ledgers.items()
            if (end := finished_below(ledger)) is not None
        }
        if consumer is None or not ends:
            return
        try:
            if self._pipeline and self._pipeline.group_id is not None:
                await consumer.commit(ends)
        except KafkaError as error:  # Kept for the next round; after a rebalance the records come again.
            logger.info("offsets not committed", extra={"error": type(error).__name__})
            return
        for partition, end in ends.items():
            ledger = self._ledgers.get(partition, {})
            for offset in [offset for offset in ledger if offset < end]:
                del ledger[offset]

    def _share(self, assigned: set[TopicPartition]) -> float:
        consumer = self._pipeline.consumer if self._pipeline else None
        if consumer is None or not assigned:
            return 0.0
        topics = {partition.topic for partition in assigned}
        return len(assigned) / sum(len(consumer.partitions_for_topic(topic) or ()) for topic in topics)


class WindowedSubscriber(DefaultSubscriber):
    """A subscriber whose records run in the window's tasks, each the short way to its handler."""

    __slots__ = ()  # The layout of its base, so that an instance can change its class.

    @property
    def in_flight(self) -> int:
        """How many records are being handled."""
        return self._window.in_flight

    async def process_message(self, msg: Record) -> Response:
        await self._window.handling(msg, self)
        return ensure_response(None)

    async def start(self) -> None:
        # The first partitions come while the consumer starts.
        self._window.start(self)
        await super().start()

    async def consume_one(self, msg: Record) -> None:
        self._window.take(msg)

    async def stop(self) -> None:
        async with self._window.stopping:
            await self._window.drain()
            await super().stop()

    @property
    def _window(self) -> Window:
        if not isinstance(self._listener, Window):
            raise TypeError("a windowed subscriber's listener is its window")
        return self._listener


def run_in_window(subscriber: DefaultSubscriber, window: Window, handling: Handling) -> WindowedSubscriber:
    """Make a subscriber that was declared with the window as listener and manual commits run in it."""
    if type(subscriber) is not DefaultSubscriber:
        raise TypeError("only a plain subscriber can be windowed: no batches, no max_workers")
    window.handling = handling
    subscriber.__class__ = WindowedSubscriber
    return cast(WindowedSubscriber, subscriber)


async def _nothing(record: Record, subscriber: DefaultSubscriber) -> None:  # noqa: ARG001
    raise RuntimeError("nothing was bound to this window")


def finished_below(ledger: dict[int, bool]) -> int | None:
    """The offset below which everything taken is finished; None when nothing is at the front."""
    end = None
    for offset, finished in ledger.items():
        if not finished:
            break
        end = offset + 1
    return end
