"""Due jobs go to the workers: together, fairly, in small numbers, and not when they cannot succeed."""

import time
from datetime import timedelta

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from service_kit.telemetry import tracer
from support.orchestration import FakeCredentials, bulk, cancel, reload, updated, waiting
from support.orchestrator_world import World
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.jobs import JobRequested
from sync_contracts.month import Month, Months
from sync_contracts.providers import Provider
from sync_contracts.runs import JobEnding
from sync_orchestrator.fairness import Credit
from sync_orchestrator.records import ConnectionFact, JobState
from sync_orchestrator.use_cases import Rules


async def test_the_due_months_of_one_connection_go_out_together() -> None:
    world = World()
    await world.cases.accept.reload(reload())

    released = await world.cases.release()

    [message] = world.requested
    assert released == 12
    assert [due.month for due in message.jobs] == list(Months.ending(Month(2026, 5), 12))
    assert {due.attempt for due in message.jobs} == {1}
    assert message.account_key == message.key == "account-of-client-1"


async def test_each_client_of_a_bulk_gets_its_own_message() -> None:
    world = World()
    await world.cases.accept.bulk(bulk(clients=3))

    await world.cases.release()

    assert sorted(message.client_id for message in world.requested) == ["client-1", "client-2", "client-3"]


async def test_nothing_is_released_twice() -> None:
    world = World()
    await world.cases.accept.bulk(bulk())

    again = [await world.cases.release() for _ in range(3)]

    assert again == [3, 0, 0]


async def test_a_job_has_one_trace_over_its_attempts_linked_to_the_runs(
    spans: InMemorySpanExporter,
) -> None:
    world = World()
    with tracer().start_as_current_span("click") as click:
        await world.cases.accept.bulk(bulk(clients=2))
    await world.cases.release()
    first = (await world.jobs())[0]
    await world.cases.track.waiting(waiting(first, world.clock.now()))
    await world.cases.release()

    told = [message.jobs[0].traceparent for message in world.requested]
    sent_in = [
        world.publish.traces[place]
        for place, event in enumerate(world.publish.sent)
        if isinstance(event, JobRequested)
    ]
    roots = [span for span in spans.get_finished_spans() if span.name == "job"]
    assert sent_in == told
    assert len(set(told)) == 2
    assert told[2] in told[:2]
    assert {f"{span.context.trace_id:032x}" for span in roots if span.context} == {
        traceparent.split("-")[1] for traceparent in told if traceparent
    }
    assert {link.context.trace_id for span in roots for link in span.links} == {
        click.get_span_context().trace_id
    }


async def test_no_more_is_outstanding_than_the_credit_allows() -> None:
    world = World(rules=Rules(credit=Credit(slots=10, reserved=4), ask_again_s=0.0))
    await world.cases.accept.bulk(bulk(clients=50))

    first = await world.cases.release()
    [job, *_] = await world.jobs(JobState.RELEASED)
    await world.cases.track.updated(updated(job))
    second = await world.cases.release()

    assert (first, second) == (16, 1)


async def test_another_firms_reload_goes_out_while_a_bulk_has_all_it_may() -> None:
    world = World(rules=Rules(credit=Credit(slots=20), ask_again_s=0.0))
    await world.cases.accept.bulk(bulk(clients=500))
    await world.cases.release()

    await world.cases.accept.reload(reload("req-2", company_id="company-2"))
    await world.cases.release()

    assert len(await world.jobs(JobState.RELEASED)) == 12


async def test_a_long_pass_leaves_the_rest_for_the_next_and_a_reload_goes_before_it() -> None:
    world = World(rules=Rules(credit=Credit(slots=100), ask_again_s=0.0, longest_pass_s=0.0))
    await world.cases.accept.bulk(bulk(clients=120))
    first = await world.cases.release()
    await world.cases.accept.reload(reload("req-2", company_id="company-2"))

    passes = [await world.cases.release() for _ in range(3)]

    assert (first, passes) == (50, [12, 50, 0])  # then each has its share, 100
    assert world.requested[first].meta.company_id == "company-2"


async def test_a_bulk_that_is_kept_to_its_share_says_so() -> None:
    world = World(rules=Rules(credit=Credit(slots=20, reserved=0), ask_again_s=0.0))
    await world.cases.accept.bulk(bulk(clients=100))
    mine = world.accepted.run_id
    await world.cases.accept.bulk(bulk(company_id="company-2", clients=100))

    await world.cases.release()
    progress = (await world.cases.read.one("company-1", mine)).progress

    assert progress.waiting == {WaitReason.FAIRNESS: 80, WaitReason.QUEUED: 20}


async def test_one_accounts_readings_go_out_two_at_a_time() -> None:
    world = World(credentials=FakeCredentials(account_of=lambda _: "one-token"))
    await world.cases.accept.bulk(bulk(clients=10))

    released = [await world.cases.release() for _ in range(2)]

    assert released == [2, 0]


async def test_a_used_up_limit_holds_back_its_account_until_it_resets() -> None:
    world = World(credentials=FakeCredentials(account_of=lambda _: "one-token"))
    await world.cases.accept.bulk(bulk(clients=3))
    await world.cases.release()
    for job in await world.jobs(JobState.RELEASED):
        until = world.clock.now() + timedelta(minutes=1)
        await world.cases.track.waiting(waiting(job, until, budget_key="one-token"))

    before = await world.cases.release()
    world.clock.forward(seconds=61)
    after = await world.cases.release()

    assert (before, after) == (0, 2)


async def test_a_used_up_app_limit_holds_back_the_provider() -> None:
    world = World()
    await world.cases.accept.bulk(bulk(clients=1))
    await world.cases.release()
    [job] = await world.jobs()
    until = world.clock.now() + timedelta(hours=3)
    limit = waiting(job, until, reason=WaitReason.DAILY_LIMIT, budget_key="xero/app")
    await world.cases.track.waiting(limit)
    await world.cases.accept.bulk(bulk("req-2", company_id="company-2"))

    before = await world.cases.release()
    world.clock.forward(hours=3, seconds=1)
    after = await world.cases.release()

    assert (before, after) == (0, 4)


async def test_what_is_known_of_a_connection_decides_at_the_release() -> None:
    world = World()
    await world.cases.accept.bulk(bulk(clients=3))
    for client, told in (
        ("client-1", {"deleted": True}),
        ("client-2", {"needs_auth": True}),
        ("client-3", {"generation": 5}),
    ):
        [job] = [job for job in await world.jobs() if job.client_id == client]
        assert job.connection is not None
        fact = ConnectionFact(
            company_id="company-1",
            client_id=client,
            provider=Provider.XERO,
            connection_id=job.connection.connection_id,
            generation=1,
            said_at=world.clock.now(),
        )
        await world.stores.facts.learn(fact.model_copy(update=told))

    await world.cases.release()

    deleted, refused, _ = await world.jobs()
    assert (deleted.ending, deleted.code) == (JobEnding.CANCELLED, ProblemCode.CONNECTION_DELETED)
    assert (refused.ending, refused.code) == (JobEnding.SKIPPED, ProblemCode.NEEDS_AUTH)
    assert [message.generation for message in world.requested] == [5]


async def test_jobs_claimed_while_their_run_is_cancelled_are_not_sent() -> None:
    world = World()
    await world.cases.accept.bulk(bulk())
    change = world.stores.jobs.change

    async def cancelled_meanwhile(*args: object) -> object:
        claimed = await change(*args)  # type: ignore[arg-type]  # passed on as it came
        world.stores.jobs.change = change  # type: ignore[method-assign]  # once
        await world.cases.cancel(cancel(run=world.accepted.run_id))
        return claimed

    world.stores.jobs.change = cancelled_meanwhile  # type: ignore[method-assign,assignment]  # the race itself
    released = await world.cases.release()
    await world.cases.settle()

    assert (released, world.requested) == (0, [])
    assert world.finished.counts.cancelled == 3


async def test_ten_thousand_jobs_are_accepted_and_released_quickly() -> None:
    world = World()
    began = time.monotonic()

    await world.cases.accept.bulk(bulk(clients=10_000))
    await world.cases.release()

    assert time.monotonic() - began < 10
    assert len(world.requested) == 376
