"""What becomes of a request to read, whatever its connection and provider answer."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from connector_workers.begun import Begun
from connector_workers.count_months import CountMonths
from connector_workers.read_connection import MonthsRead
from connectors.protocol import MonthFailure, MonthWait
from connectors.session import Session
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from support.counting import APRIL, CLOCK, MARCH, World
from support.readings import BOOKS, CONNECTION, READ_AT, RUN, counts, requested
from support.tracing import global_tracers
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.ids import attempt_event_id
from sync_contracts.jobs import JobCounted, JobFailed, JobRequested, JobStarted, JobWaiting


async def test_a_range_is_read_at_once_and_each_month_is_counted(world: World) -> None:
    request = requested("2026-03", "2026-04")

    endings = await world.handle(request)

    assert world.reader.asked == [(MARCH, APRIL)]
    assert [type(event) for event in world.publish.sent] == [JobStarted, JobCounted, JobCounted]
    assert [event.job.month for event in endings] == [MARCH, APRIL]


async def test_a_result_tells_where_it_comes_from(world: World) -> None:
    request = requested()

    event = await world.only(request)

    assert isinstance(event, JobCounted)
    assert event.values == counts().values
    assert (event.read_at, event.calls, event.generation) == (READ_AT, 5, 3)
    assert (event.connector, event.connector_version, event.books) == ("xero", "1", BOOKS)
    assert event.meta.event_id == attempt_event_id(request.jobs[0].job_id, 1, "counted")
    assert event.meta.causation_id == request.meta.event_id


async def test_the_start_tells_the_time_it_may_take(world: World) -> None:
    await world.handle(requested("2026-03", "2026-04"))

    (started,) = world.publish.of(JobStarted)
    assert (started.budget_s, started.worker, len(started.jobs)) == (140.0, "worker-1", 2)


async def test_a_redelivery_to_another_process_repeats_the_same_ids(world: World, session: Session) -> None:
    another = World(session)

    await world.handle(requested())
    await another.handle(requested())

    ids = [event.meta.event_id for event in world.publish.sent]
    assert ids == [event.meta.event_id for event in another.publish.sent]


async def test_jobs_of_a_cancelled_run_do_not_start(world: World) -> None:
    world.stops.cancel_run(RUN)

    await world.handle(requested())

    assert world.publish.sent == []
    assert world.reader.asked == []


async def test_jobs_of_a_deleted_connection_do_not_start(world: World) -> None:
    world.stops.delete_connection(CONNECTION, generation=3)

    await world.handle(requested(generation=3))

    assert world.publish.sent == []


async def test_a_connection_saved_after_its_deletion_is_read(world: World) -> None:
    world.stops.delete_connection(CONNECTION, generation=3)

    assert isinstance(await world.only(requested(generation=4)), JobCounted)


async def test_a_running_reading_stops_and_says_why_when_its_connection_is_deleted(world: World) -> None:
    world.reader.hangs = True
    running = asyncio.create_task(world.handle(requested()))
    await world.reader.began.wait()

    world.stops.delete_connection(CONNECTION, generation=4)
    await asyncio.wait_for(running, 5)

    [failed] = world.publish.of(JobFailed)
    assert failed.code is ProblemCode.CONNECTION_DELETED
    assert world.publish.of(JobCounted) == []


async def test_a_running_reading_may_finish_when_its_run_is_cancelled(world: World) -> None:
    world.reader.hangs = True
    running = asyncio.create_task(world.handle(requested()))
    await world.reader.began.wait()

    world.stops.cancel_run(RUN)
    world.stops.delete_connection(uuid4(), generation=9)
    done, _ = await asyncio.wait([running], timeout=0.05)

    assert not done
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_complete_months_go_out_while_the_rest_waits_for_a_limit(world: World) -> None:
    retry_at = CLOCK.now() + timedelta(hours=3)
    world.reader.answers = {APRIL: MonthWait(WaitReason.DAILY_LIMIT, retry_at, "xero/org-1")}

    march, april = await world.handle(requested("2026-03", "2026-04"))

    assert isinstance(march, JobCounted)
    assert isinstance(april, JobWaiting)
    assert (april.reason, april.retry_at, april.budget_key) == (
        WaitReason.DAILY_LIMIT,
        retry_at,
        "xero/org-1",
    )


@pytest.mark.parametrize(("attempt", "pause_s"), [(1, 30), (2, 60), (4, 240), (40, 900)])
async def test_a_provider_that_is_down_is_asked_again_later_and_later(
    world: World, attempt: int, pause_s: int
) -> None:
    world.reader.answers = {APRIL: MonthFailure(ProblemCode.PROVIDER_DOWN, "answered 503")}

    event = await world.only(requested(attempt=attempt))

    assert isinstance(event, JobWaiting)
    assert event.reason is WaitReason.PROVIDER_DOWN
    assert event.retry_at == CLOCK.now() + timedelta(seconds=pause_s)


async def test_a_reading_that_takes_too_long_waits_as_if_the_provider_were_down(world: World) -> None:
    async def too_slow(_: JobRequested) -> MonthsRead:
        raise TimeoutError

    slow = CountMonths(
        read=too_slow,
        reader_of=lambda _: world.reader,
        publish=world.publish,
        begun=Begun(),
        stops=world.stops,
        clock=CLOCK,
        worker="worker-1",
        provider_pause_s=30.0,
    )

    await slow(requested("2026-03", "2026-04"))

    assert [event.reason for event in world.publish.of(JobWaiting)] == [WaitReason.PROVIDER_DOWN] * 2


async def test_a_request_that_comes_twice_is_read_once(world: World) -> None:
    await world.handle(requested())
    await world.handle(requested())

    assert world.reader.asked == [(APRIL,)]
    assert [type(event) for event in world.publish.sent] == [JobStarted, JobCounted]


async def test_a_reading_that_was_stopped_begins_again_when_it_comes_back(world: World) -> None:
    world.reader.hangs = True
    stopped = asyncio.create_task(world.count_months(requested()))
    await world.reader.began.wait()
    stopped.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopped

    world.reader.hangs = False
    event = await world.only(requested())

    assert isinstance(event, JobCounted)


async def test_a_fault_of_ours_is_raised_for_the_dead_letters(world: World) -> None:
    world.reader.bug = KeyError("bug")

    with pytest.raises(KeyError):
        await world.handle(requested())


async def test_each_month_is_a_span_in_its_own_trace_linked_to_the_reading(
    world: World, spans: InMemorySpanExporter
) -> None:
    traces = tuple(f"00-{n:032x}-{n:016x}-01" for n in (0xAAA, 0xBBB))
    with trace.get_tracer("test").start_as_current_span("job.requested.v1 process") as reading:
        await world.handle(requested("2026-03", "2026-04", traceparents=traces))

    months = [span for span in spans.get_finished_spans() if span.name == "read month"]
    assert [_ids(span) for span in months] == [(0xAAA, 0xAAA), (0xBBB, 0xBBB)]
    assert {span.links[0].context.span_id for span in months} == {reading.get_span_context().span_id}
    sent_in = [sent for sent in world.publish.traces if sent]
    assert [sent.split("-")[1] for sent in sent_in] == [f"{n:032x}" for n in (0xAAA, 0xBBB)]


def _ids(span: ReadableSpan) -> tuple[int, int]:
    assert span.context is not None
    assert span.parent is not None
    return span.context.trace_id, span.parent.span_id


@pytest.fixture
def spans() -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    global_tracers().add_span_processor(SimpleSpanProcessor(exporter))
    return exporter
