"""Outages are waited out, unreadable messages and bugs are parked, a bad deployment stops."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from pydantic import BaseModel, SecretStr
from sandbox.embedded import create_topics
from service_kit.broker import Subscriptions, build_broker
from service_kit.errors import DependencyDownError
from service_kit.failures import BUGS_IN_A_ROW, FailureHandling, describe
from service_kit.health import Health
from service_kit.window import Window
from support.kafka import embedded_kafka, eventually, producer, read_all
from support.parked import parked_record

pytestmark = pytest.mark.integration


class Note(BaseModel):
    text: str


class Recorder:
    """A handler that fails as told, then records."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.failures: list[Exception] = []

    async def __call__(self, message: Note) -> None:
        if self.failures:
            raise self.failures.pop(0)
        if message.text == "bug":
            raise KeyError("a bug")
        self.seen.append(message.text)


class Parking:
    """Stands for a broker, which takes what is parked or refuses it."""

    refuses = False

    async def publish(self, _body: bytes, **_: object) -> None:
        if self.refuses:
            raise RuntimeError("no")


@asynccontextmanager
async def handled(
    bootstrap: str, topic: str, recorder: Recorder, window: Window | None = None
) -> AsyncIterator[Health]:
    settings, health = embedded_kafka(bootstrap), Health()
    await create_topics(bootstrap, [topic, f"{topic}.dead"], 1)
    broker = build_broker(settings, name="test", health=health)

    async def on_note(message: Note) -> None:
        await recorder(message)

    on = Subscriptions(broker, settings, "test")
    on.windowed(window or Window(slots=1), {topic: Note.model_validate_json})(on_note)
    await broker.start()
    try:
        yield health
    finally:
        await broker.stop()


@pytest.fixture
def topic() -> str:
    return f"note.{uuid4().hex[:8]}.v1"


async def test_unreadable_message_is_parked_with_its_reason_and_the_next_is_handled(
    kafka_bootstrap: str, topic: str
) -> None:
    recorder = Recorder()
    async with handled(kafka_bootstrap, topic, recorder), producer(kafka_bootstrap) as send:
        await send.send_and_wait(
            topic, b"{not json", key=b"k", headers=[("ce_id", b"7"), ("odd", b"\xff\xfe")]
        )
        await send.send_and_wait(topic, b'{"text": 5, "secret": "hunter2"}')
        await send.send_and_wait(topic, b'{"text": "good"}')

        await eventually(lambda: recorder.seen == ["good"])
        dead = await read_all(kafka_bootstrap, f"{topic}.dead", until=lambda found: len(found) == 2)

    headers = [dict(record.headers) for record in dead]
    assert [record.value for record in dead] == [b"{not json", b'{"text": 5, "secret": "hunter2"}']
    assert dead[0].key == b"k"
    assert headers[0]["ce_id"] == b"7"
    assert headers[0]["dead_letter_offset"] == b"0"
    assert headers[1]["dead_letter_error"] == b"ValidationError"
    assert b"text" in headers[1]["dead_letter_detail"]
    assert b"hunter2" not in headers[1]["dead_letter_detail"]


@pytest.mark.parametrize("header", [None, b"\xff\xfe"])
async def test_good_body_with_a_bad_header_is_handled(
    kafka_bootstrap: str, topic: str, header: bytes | None
) -> None:
    recorder = Recorder()
    async with handled(kafka_bootstrap, topic, recorder), producer(kafka_bootstrap) as send:
        await send.send_and_wait(topic, b'{"text": "good"}', headers=[("odd", header)])

        await eventually(lambda: recorder.seen == ["good"])


async def test_outage_is_waited_out_and_nothing_is_parked(kafka_bootstrap: str, topic: str) -> None:
    recorder = Recorder()
    recorder.failures = [DependencyDownError("mongo", "away") for _ in range(3)]
    async with handled(kafka_bootstrap, topic, recorder) as health, producer(kafka_bootstrap) as send:
        await send.send_and_wait(topic, b'{"text": "good"}')
        await eventually(lambda: "dependency" in health.troubles)

        await eventually(lambda: recorder.seen == ["good"])
        assert health.troubles == {}
        recorder.failures = [KeyError("a bug")]
        await send.send_and_wait(topic, b'{"text": "parked"}')
        dead = await read_all(kafka_bootstrap, f"{topic}.dead", until=bool)

    assert [record.value for record in dead] == [b'{"text": "parked"}']


async def test_twenty_bugs_in_a_row_stop_the_consumer(kafka_bootstrap: str, topic: str) -> None:
    recorder = Recorder()
    async with handled(kafka_bootstrap, topic, recorder) as health, producer(kafka_bootstrap) as send:
        for _ in range(BUGS_IN_A_ROW + 3):
            await send.send_and_wait(topic, b'{"text": "bug"}')
        await send.send_and_wait(topic, b'{"text": "good"}')

        await eventually(lambda: topic in health.troubles)
        dead = await read_all(
            kafka_bootstrap, f"{topic}.dead", until=lambda found: len(found) >= BUGS_IN_A_ROW
        )

    assert len(dead) == BUGS_IN_A_ROW
    assert recorder.seen == []


async def test_many_that_fail_at_once_park_no_more_than_twenty(kafka_bootstrap: str, topic: str) -> None:
    recorder, window = Recorder(), Window(slots=100, drain_s=1.0)
    async with handled(kafka_bootstrap, topic, recorder, window) as health, producer(kafka_bootstrap) as send:
        await asyncio.gather(*(send.send_and_wait(topic, b'{"text": "bug"}') for _ in range(90)))

        await eventually(lambda: topic in health.troubles and window.in_flight == 0)
        dead = await read_all(kafka_bootstrap, f"{topic}.dead", until=bool)

    assert len(dead) == BUGS_IN_A_ROW


async def test_who_stops_a_consumer_that_is_stopping_waits_for_its_end(
    kafka_bootstrap: str, topic: str
) -> None:
    settings = embedded_kafka(kafka_bootstrap)
    await create_topics(kafka_bootstrap, [topic, f"{topic}.dead"], 1)
    broker = build_broker(settings, name="test", health=Health())
    on = Subscriptions(broker, settings, "test")
    on.windowed(Window(slots=1), {topic: Note.model_validate_json})(Recorder())
    await broker.start()
    [subscriber] = broker.subscribers

    first = asyncio.create_task(subscriber.stop())
    await asyncio.sleep(0)
    await subscriber.stop()

    assert first.done()
    await broker.stop()


async def test_successes_of_one_topic_say_nothing_about_another() -> None:
    handling = FailureHandling(Parking(), Health(), "test")  # type: ignore[arg-type]  # all it does is publish
    record = partial(parked_record, partition=0, offset=0, written_at=datetime.now(UTC))

    for _ in range(BUGS_IN_A_ROW):
        assert await handling.park(record(topic="bad.v1"), KeyError())
        handling.succeeded("good.v1")

    assert not await handling.park(record(topic="bad.v1"), KeyError())
    handling.succeeded("bad.v1")
    assert await handling.park(record(topic="bad.v1"), KeyError())


async def test_what_could_not_be_parked_was_not_one_of_the_twenty() -> None:
    broker = Parking()
    handling = FailureHandling(broker, Health(), "test")  # type: ignore[arg-type]  # all it does is publish
    record = parked_record(topic="bad.v1", partition=0, offset=0, written_at=datetime.now(UTC))
    broker.refuses = True
    for _ in range(BUGS_IN_A_ROW):
        with pytest.raises(RuntimeError):
            await handling.park(record, KeyError())

    broker.refuses = False

    assert await handling.park(record, KeyError())


async def test_message_too_large_to_be_parked_leaves_its_reason_and_the_next_is_handled(
    kafka_bootstrap: str, topic: str
) -> None:
    recorder, size = Recorder(), 4_300_000
    large = AIOKafkaProducer(
        bootstrap_servers=kafka_bootstrap, max_request_size=8_000_000, compression_type="zstd"
    )
    await large.start()
    async with handled(kafka_bootstrap, topic, recorder):
        await large.send_and_wait(topic, b"{" + b" " * (size - 1), key=b"k")
        await large.send_and_wait(topic, b'{"text": "good"}')

        await eventually(lambda: recorder.seen == ["good"])
        (dead,) = await read_all(kafka_bootstrap, f"{topic}.dead", until=bool)
    await large.stop()

    headers = dict(dead.headers)
    assert (dead.value, headers["dead_letter_left_out"]) == (b"", str(size).encode())
    assert (headers["dead_letter_offset"], headers["dead_letter_service"]) == (b"0", b"test")


def test_description_of_an_error_quotes_no_input() -> None:
    class Secretive(BaseModel):
        password: SecretStr
        count: int

    with pytest.raises(ValueError, match="count") as caught:
        Secretive.model_validate({"password": ["hunter2"], "count": "hunter2"})

    assert describe(caught.value) == "count: int_parsing; password: string_type"
    assert describe(KeyError("hunter2")) == "KeyError"
