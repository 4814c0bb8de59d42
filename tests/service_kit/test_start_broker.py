"""In which order a service begins to listen."""

import asyncio
from uuid import uuid4

import pytest
from sandbox.embedded import create_topics
from service_kit.broker import Subscriptions, build_broker, start_broker
from service_kit.health import Health
from service_kit.window import Window
from support.kafka import embedded_kafka, eventually, producer

pytestmark = pytest.mark.integration


async def test_what_stops_work_is_known_before_any_is_taken(kafka_bootstrap: str) -> None:
    stops, work, quiet = (f"{name}-{uuid4().hex}" for name in ("stops", "work", "quiet"))
    await create_topics(kafka_bootstrap, [stops, work, quiet], partitions=3)
    async with producer(kafka_bootstrap) as send:
        for number in range(100):
            await send.send_and_wait(stops, b"stop", partition=number % 3)
        await send.send_and_wait(work, b"work", partition=0)
    heard: list[str] = []
    settings = embedded_kafka(kafka_bootstrap)
    broker = build_broker(settings, name="test", health=Health())
    on = Subscriptions(broker, settings, f"test-{uuid4().hex}")

    @on.windowed(Window(slots=10), {work: bytes.decode})
    async def on_work(message: str) -> None:
        heard.append(message)

    @on.windowed(Window(slots=1), {stops: bytes.decode, quiet: bytes.decode}, every_process=True)
    async def on_stop(message: str) -> None:
        await asyncio.sleep(0.05)
        heard.append(message)

    await start_broker(broker)
    await eventually(lambda: "work" in heard)
    await broker.stop()

    assert heard == ["stop"] * 100 + ["work"]


class WatchedWindow(Window):
    """Lets one of its messages end each time somebody asks how many are in hand."""

    def __init__(self, may_end: asyncio.Semaphore) -> None:
        super().__init__(slots=100)
        self._may_end = may_end

    @property
    def in_flight(self) -> int:
        self._may_end.release()
        return super().in_flight


async def test_work_waits_until_what_stops_it_is_carried_out_not_only_taken(kafka_bootstrap: str) -> None:
    stops, work = (f"{name}-{uuid4().hex}" for name in ("stops", "work"))
    await create_topics(kafka_bootstrap, [stops, work], partitions=3)
    async with producer(kafka_bootstrap) as send:
        for number in range(6):
            await send.send_and_wait(stops, b"stop", partition=number % 3)
        await send.send_and_wait(work, b"work", partition=0)
    heard: list[str] = []
    may_end = asyncio.Semaphore(0)
    settings = embedded_kafka(kafka_bootstrap)
    broker = build_broker(settings, name="test", health=Health())
    on = Subscriptions(broker, settings, f"test-{uuid4().hex}")

    @on.windowed(Window(slots=10), {work: bytes.decode})
    async def on_work(message: str) -> None:
        heard.append(message)
        for _ in range(6):
            may_end.release()

    @on.windowed(WatchedWindow(may_end), {stops: bytes.decode}, every_process=True)
    async def on_stop(message: str) -> None:
        await may_end.acquire()
        heard.append(message)

    await start_broker(broker)
    await eventually(lambda: len(heard) == 7)
    await broker.stop()

    assert heard == ["stop"] * 6 + ["work"]
