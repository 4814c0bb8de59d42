"""`ledgerbus dead-letters` on a broker."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer
from sandbox.embedded import EmbeddedStack
from support.command import Answer, ledgerbus
from support.kafka import producer, read_all
from support.parked import park
from sync_contracts.jobs import JobCounted, JobFailed

pytestmark = pytest.mark.integration

TOPIC = JobCounted.topic
TOPICS = [JobCounted.topic, JobFailed.topic]


@pytest.fixture
def company() -> str:
    return f"firm-{uuid4().hex[:12]}"


@pytest_asyncio.fixture
async def send(embedded_stack: EmbeddedStack, kafka_bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    async with producer(kafka_bootstrap) as client:
        yield client


async def dead_letters(bootstrap: str, *arguments: object) -> Answer:
    """The command in a thread of its own, since it has an event loop of its own."""
    whole = ("dead-letters", *arguments, "--kafka", bootstrap, "--json")
    return await asyncio.to_thread(ledgerbus, *whole)


def body_of(company: str, number: int = 0) -> bytes:
    return json.dumps({"meta": {"company_id": company}, "number": number}).encode()


async def sent(bootstrap: str, place: str) -> list[Any]:
    """What was replayed from a place, once it is there."""

    def ours(found: list[Any]) -> list[Any]:
        return [one for one in found if ("dead_letter_replay_of", place.encode()) in one.headers]

    return ours(await read_all(bootstrap, TOPIC, until=lambda found: bool(ours(found))))


async def test_letters_are_listed_by_topic_error_company_and_time(
    kafka_bootstrap: str, send: AIOKafkaProducer, company: str
) -> None:
    bug = await park(send, TOPIC, body_of(company), offset=1)
    unfit = await park(send, TOPIC, body_of(company), error="ValidationError", offset=2)
    other = await park(send, JobFailed.topic, body_of(company), offset=3)

    async def listed(*options: str) -> set[str]:
        answer = await dead_letters(kafka_bootstrap, "list", "--company", company, *options)
        return {one["place"] for one in answer.json}

    assert await listed() == {bug, unfit, other}
    assert await listed("--topic", TOPIC) == await listed("--topic", f"{TOPIC}.dead") == {bug, unfit}
    assert await listed("--error", "validationerror") == {unfit}
    assert await listed("--since", "1h") == {bug, unfit, other}
    assert await listed("--until", "1h") == set()


async def test_a_letter_is_shown_with_its_reason_and_on_demand_its_body(
    kafka_bootstrap: str, send: AIOKafkaProducer, company: str
) -> None:
    place = await park(send, TOPIC, b"\x1b]0;{not json", dead_letter_detail="JSONDecodeError")

    short = await dead_letters(kafka_bootstrap, "show", place)
    whole = await dead_letters(kafka_bootstrap, "show", place, "--body")
    read = await asyncio.to_thread(
        ledgerbus, "dead-letters", "show", place, "--body", "--kafka", kafka_bootstrap
    )

    assert (short.json["error"], short.json["detail"]) == ("KeyError", "JSONDecodeError")
    assert (short.json["key"], short.json["headers"]["ce_id"]) == ("the key", "1")
    assert "body" not in short.json
    assert whole.json["body"] == "\x1b]0;{not json"
    assert "\\x1b]0;{not json" in read.stdout
    assert "\x1b" not in read.stdout


async def test_a_letter_is_replayed_as_it_came_as_often_as_asked_and_the_list_tells(
    kafka_bootstrap: str, send: AIOKafkaProducer, company: str
) -> None:
    place = await park(send, TOPIC, body_of(company))

    first = await dead_letters(kafka_bootstrap, "replay", place)
    again = await dead_letters(kafka_bootstrap, "replay", place)
    listed = await dead_letters(kafka_bootstrap, "list", "--company", company)
    waiting = await dead_letters(kafka_bootstrap, "list", "--company", company, "--waiting")

    assert first.json == again.json == {"replayed": [place], "left": 0}
    messages = await sent(kafka_bootstrap, place)
    assert [(one.value, one.key) for one in messages] == [(body_of(company), b"the key")] * 2
    assert all(
        one.headers == (("ce_id", b"1"), ("dead_letter_replay_of", place.encode())) for one in messages
    )
    assert [bool(one["replayed_at"]) for one in listed.json] == [True]
    assert waiting.json == []


async def test_a_replay_of_many_is_bounded_confirmed_and_goes_on_where_it_ended(
    kafka_bootstrap: str, send: AIOKafkaProducer, company: str
) -> None:
    places = [await park(send, TOPIC, body_of(company, number), offset=number) for number in range(5)]
    await park(send, TOPIC, body_of(company, 4), offset=4)  # once more
    chosen = ("replay", "--topic", TOPIC, "--company", company, "--most", 3)

    unconfirmed = await dead_letters(kafka_bootstrap, *chosen)
    first = await dead_letters(kafka_bootstrap, *chosen, "--yes")
    second = await dead_letters(kafka_bootstrap, *chosen, "--yes")
    third = await dead_letters(kafka_bootstrap, *chosen, "--yes")

    assert (unconfirmed.exit_code, unconfirmed.json["error"]) == (2, "BAD_USAGE")
    assert first.json == {"replayed": places[:3], "left": 2}
    assert second.json == {"replayed": places[3:], "left": 0}
    assert third.json == {"replayed": [], "left": 0}


async def test_what_cannot_be_replayed_is_refused_with_its_reason(
    kafka_bootstrap: str, send: AIOKafkaProducer, company: str
) -> None:
    without_body = await park(send, TOPIC, b"", dead_letter_left_out="5000000")
    noted = await park(send, TOPIC, body_of(company))
    await dead_letters(kafka_bootstrap, "replay", noted)

    async def refusal(*arguments: str) -> tuple[int, str]:
        answer = await dead_letters(kafka_bootstrap, *arguments)
        return answer.exit_code, answer.json["error"]

    assert await refusal("replay", without_body) == (1, "BODY_LEFT_OUT")
    assert await refusal("replay", f"{TOPIC}.dead/0/1000000") == (1, "NO_SUCH_DEAD_LETTER")
    assert await refusal("show", f"{TOPIC}.dead/77/0") == (1, "NO_SUCH_DEAD_LETTER")
    assert await refusal("show", f"{TOPIC}/0/0") == (2, "BAD_USAGE")
    assert await refusal("list", "--topic", "job.done.v1") == (2, "BAD_USAGE")
    assert await refusal("list", "--since", "yesterday") == (2, "BAD_USAGE")
    assert await refusal("replay") == (2, "BAD_USAGE")
    assert await refusal("replay", noted, "--error", "KeyError") == (2, "BAD_USAGE")


def test_a_broker_that_is_away_is_named() -> None:
    answer = ledgerbus("dead-letters", "list", "--kafka", "127.0.0.1:9", "--json")

    assert (answer.exit_code, answer.json["error"]) == (1, "UNREACHABLE")
    assert "127.0.0.1:9" in answer.stderr
