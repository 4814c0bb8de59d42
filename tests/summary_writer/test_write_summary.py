from datetime import timedelta

import pytest
from pymongo.errors import AutoReconnect
from service_kit.batches import Batches
from summary_writer.write_summary import WriteSummary
from support.fakes import FakeClock, RecordingPublisher
from support.summaries import CONNECTION, READ_AT, MemorySummaries, counted, values
from sync_contracts.codes import ProblemCode
from sync_contracts.summaries import SummaryRefused, SummaryUnchanged, SummaryUpdated, UnchangedReason

MINUTE = timedelta(minutes=1)


class World:
    """The use case with its store in memory."""

    def __init__(self) -> None:
        self.store = MemorySummaries(FakeClock())
        self.publish = RecordingPublisher()
        self.write_summary = WriteSummary(Batches(self.store.write, linger_s=0), self.publish)


async def test_tells_the_new_and_the_replaced_values() -> None:
    world, message = World(), counted(net="20.00", read_at=READ_AT + MINUTE)
    await world.write_summary(counted(net="10.00"))

    await world.write_summary(message)

    first, second = world.publish.of(SummaryUpdated)
    assert first.previous is None
    assert (second.values, second.previous) == (values("20.00"), values("10.00"))
    assert (second.job, second.attempt, second.read_at) == (message.job, 1, message.read_at)
    assert second.meta.causation_id == message.meta.event_id
    assert second.meta.correlation_id == message.meta.correlation_id


async def test_tells_why_a_summary_is_unchanged() -> None:
    world = World()
    await world.write_summary(counted(read_at=READ_AT + MINUTE))

    await world.write_summary(counted(read_at=READ_AT + 2 * MINUTE))
    await world.write_summary(counted(net="9.00"))

    reasons = [answer.reason for answer in world.publish.of(SummaryUnchanged)]
    assert reasons == [UnchangedReason.SAME_VALUES, UnchangedReason.NEWER_KEPT]


async def test_tells_why_a_reading_is_refused() -> None:
    world = World()
    await world.store.raise_to(CONNECTION, 2)

    await world.write_summary(counted(generation=1))
    await world.write_summary(counted(generation=2, read_at=READ_AT + timedelta(days=1)))

    deleted, skewed = world.publish.of(SummaryRefused)
    assert (deleted.code, deleted.connection_id, deleted.generation) == (
        ProblemCode.CONNECTION_DELETED,
        CONNECTION,
        1,
    )
    assert skewed.code is ProblemCode.CLOCK_SKEW


async def test_a_redelivery_tells_the_same_under_the_same_id() -> None:
    world, message = World(), counted()

    await world.write_summary(message)
    await world.write_summary(message)

    first, second = world.publish.of(SummaryUpdated)
    assert first.meta.event_id == second.meta.event_id
    assert first.model_dump(exclude={"meta": {"occurred_at"}}) == second.model_dump(
        exclude={"meta": {"occurred_at"}}
    )


async def test_each_attempt_is_answered_under_an_id_of_its_own() -> None:
    world, message = World(), counted()
    again = message.model_copy(update={"attempt": 2})

    await world.write_summary(message)
    await world.write_summary(again)

    assert len({answer.meta.event_id for answer in world.publish.sent}) == 2


async def test_an_answer_that_could_not_be_sent_is_sent_with_the_redelivery() -> None:
    world, message = World(), counted()
    world.publish.fail_with = AutoReconnect("the broker is away")
    with pytest.raises(AutoReconnect):
        await world.write_summary(message)

    await world.write_summary(message)

    (answer,) = world.publish.sent
    assert isinstance(answer, SummaryUpdated)
