"""Every store keeps these promises: those in memory and those in MongoDB."""

import asyncio
from datetime import timedelta
from uuid import uuid4

from support.orchestration import ASKED_AT, cancel, meta, run_record
from sync_contracts.codes import RefusalCode, WaitReason
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_orchestrator.deadlines import Deadline
from sync_orchestrator.receipts import finished_of
from sync_orchestrator.records import (
    ConnectionFact,
    ConnectionRef,
    Pause,
    PlannedClient,
    RunState,
    StoredRequest,
)
from sync_orchestrator.refusals import rejected
from sync_orchestrator.use_cases import Stores

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def request(body_hash: str = "hash-1") -> StoredRequest:
    return StoredRequest(
        company_id="company-1", request_id="req-1", body_hash=body_hash, received_at=ASKED_AT
    )


class TestRequests:
    async def test_the_first_request_under_an_id_stays(self, stores: Stores) -> None:
        first = await stores.requests.keep(request())
        second = await stores.requests.keep(request("hash-2"))

        assert first == second == request()

    async def test_the_first_answer_stays(self, stores: Stores) -> None:
        await stores.requests.keep(request())
        first = rejected(meta(), "req-1", RefusalCode.FORBIDDEN, ["a.b"])
        other = rejected(meta(), "req-1", RefusalCode.NO_CREDENTIALS)

        kept = [await stores.requests.answer(request(), answer) for answer in (first, other)]

        stored = await stores.requests.get("company-1", "req-1")
        assert kept == [first, first]
        assert stored is not None
        assert stored.answer == first

    async def test_an_unknown_request_is_none(self, stores: Stores) -> None:
        assert await stores.requests.get("company-1", "req-1") is None


class TestCancels:
    async def test_kept_ones_are_found_by_their_target_until_dropped(self, stores: Stores) -> None:
        early = cancel(target="req-1")
        for _ in range(2):
            await stores.cancels.keep(early, "req-1", ASKED_AT)

        found = await stores.cancels.of("company-1", "req-1")
        elsewhere = await stores.cancels.of("company-2", "req-1")
        await stores.cancels.drop(early)

        assert (found, elsewhere) == ([early], [])
        assert await stores.cancels.of("company-1", "req-1") == []

    async def test_old_ones_are_found_by_age(self, stores: Stores) -> None:
        early = cancel(target="req-1")
        await stores.cancels.keep(early, "req-1", ASKED_AT)

        assert await stores.cancels.before(ASKED_AT) == []
        assert await stores.cancels.before(ASKED_AT + SECOND) == [early]


class TestRuns:
    async def test_a_run_comes_back_as_it_was(self, stores: Stores) -> None:
        ref = ConnectionRef(connection_id=uuid4(), generation=2, account_key="account-1")
        planned = PlannedClient(client_id="client-1", months=(Month(2026, 4),), connection=ref)
        run = run_record(plan=(planned,), traceparent="00-a-b-01", retry_of=uuid4())

        await stores.runs.insert(run)

        assert await stores.runs.get(run.run_id) == run

    async def test_an_identical_run_is_found_while_it_may_be_joined(self, stores: Stores) -> None:
        first, second = run_record(identity="same"), run_record(identity="same")
        other_company = run_record(identity="same", meta=meta("company-2"))

        inserted = [await stores.runs.insert(run) for run in (first, first, second, other_company)]
        await stores.runs.open_run(first.run_id)
        joined = await stores.runs.insert(run_record(identity="same"))
        await stores.runs.begin_cancelling(first.run_id, ASKED_AT)
        third = run_record(identity="same")
        fresh = await stores.runs.insert(third)

        assert [run.run_id for run in inserted] == [first.run_id] * 3 + [other_company.run_id]
        assert joined.run_id == first.run_id
        assert fresh.run_id == third.run_id

    async def test_only_one_of_many_identical_runs_at_once_is_inserted(self, stores: Stores) -> None:
        runs = [run_record(identity="same") for _ in range(8)]

        found = await asyncio.gather(*(stores.runs.insert(run) for run in runs))

        assert len({run.run_id for run in found}) == 1

    async def test_states_only_move_forward(self, stores: Stores) -> None:
        run = run_record()
        runs = stores.runs
        await runs.insert(run)

        while_planning = await runs.begin_cancelling(run.run_id, ASKED_AT)
        await runs.open_run(run.run_id)
        cancelling = [await runs.begin_cancelling(run.run_id, ASKED_AT) for _ in range(2)]
        await runs.open_run(run.run_id)
        expiring = [await runs.begin_expiring(run.run_id) for _ in range(2)]
        after_expiry = await runs.begin_cancelling(run.run_id, ASKED_AT)

        assert (while_planning, cancelling, expiring) == (False, [True, True], [True, False])
        assert not after_expiry
        stored = await runs.get(run.run_id)
        assert stored is not None
        assert (stored.state, stored.cancelling_at) == (RunState.EXPIRING, ASKED_AT)

    async def test_a_run_ends_once_with_its_announcement_on_record(self, stores: Stores) -> None:
        run = run_record()
        await stores.runs.insert(run)
        await stores.runs.open_run(run.run_id)
        finished = finished_of(run, [], now=ASKED_AT, lines_url="http://127.0.0.1/lines")

        ends = [await stores.runs.end(run.run_id, RunState.OPEN, finished) for _ in range(2)]

        too_early = await stores.runs.unannounced(ASKED_AT)
        [unsent] = await stores.runs.unannounced(ASKED_AT + SECOND)
        await stores.runs.announced(run.run_id)
        assert ends == [True, False]
        assert unsent.finished == finished
        assert too_early == []
        assert await stores.runs.unannounced(ASKED_AT + SECOND) == []

    async def test_young_ends_that_may_have_been_forgotten_are_to_be_told_again(self, stores: Stores) -> None:
        run = run_record()
        await stores.runs.insert(run)
        await stores.runs.open_run(run.run_id)
        finished = finished_of(run, [], now=ASKED_AT, lines_url="http://127.0.0.1/lines")
        await stores.runs.end(run.run_id, RunState.OPEN, finished)
        await stores.runs.announced(run.run_id)

        await stores.runs.doubt_announced(ended_after=ASKED_AT + SECOND)
        too_old = await stores.runs.unannounced(ASKED_AT + SECOND)
        await stores.runs.doubt_announced(ended_after=ASKED_AT - SECOND)

        assert too_old == []
        assert [one.finished for one in await stores.runs.unannounced(ASKED_AT + SECOND)] == [finished]

    async def test_listed_runs_are_open_ones_oldest_first_without_plans(self, stores: Stores) -> None:
        planned = PlannedClient(client_id="client-1", months=(Month(2026, 4),))
        newer = run_record(accepted_at=ASKED_AT + SECOND, plan=(planned,))
        older = run_record(plan=(planned,))
        for run in (newer, older):
            await stores.runs.insert(run)

        found = await stores.runs.in_states(RunState.PLANNING)

        assert [run.run_id for run in found] == [older.run_id, newer.run_id]
        assert [run.plan for run in found] == [(), ()]
        assert await stores.runs.open_among({older.run_id}) == set()

    async def test_progress_is_announced_once_in_its_time(self, stores: Stores) -> None:
        run = run_record()
        await stores.runs.insert(run)

        may = [
            await stores.runs.may_announce_progress(run.run_id, now, now - SECOND)
            for now in (ASKED_AT, ASKED_AT + SECOND / 2, ASKED_AT + SECOND)
        ]

        assert may == [True, False, True]

    async def test_a_deadline_moves_only_from_what_was_seen(self, stores: Stores) -> None:
        run = run_record()
        await stores.runs.insert(run)
        seen = Deadline.of(run)
        still = seen.seen(ASKED_AT, still=True)

        await stores.runs.move_deadline(run.run_id, seen, still)
        await stores.runs.move_deadline(run.run_id, seen, Deadline(ASKED_AT, run.latest_at))

        stored = await stores.runs.get(run.run_id)
        assert stored is not None
        assert Deadline.of(stored) == still

    async def test_pages_hold_one_companys_runs_newest_first(self, stores: Stores) -> None:
        runs = [run_record(accepted_at=ASKED_AT + SECOND * number) for number in range(5)]
        for run in [*runs, run_record(meta=meta("company-2"))]:
            await stores.runs.insert(run)

        found = await stores.runs.page("company-1", [RunState.PLANNING], 1, 2)

        assert [run.run_id for run in found] == [runs[3].run_id, runs[2].run_id]

    async def test_held_runs_are_marked(self, stores: Stores) -> None:
        run = run_record()
        await stores.runs.insert(run)

        await stores.runs.hold([run.run_id], held=True)

        stored = await stores.runs.get(run.run_id)
        assert stored is not None
        assert stored.held


class TestCalendar:
    async def test_the_newest_that_was_told_of_a_connection_stays(self, stores: Stores) -> None:
        told = [
            await stores.facts.learn(fact(generation, seconds))
            for generation, seconds in ((2, 0), (1, 9), (2, 5), (2, 4), (3, 0))
        ]

        key = ("company-1", "client-1", Provider.XERO)
        assert told == [True, False, True, False, True]
        assert await stores.facts.of({key, ("company-2", "client-1", Provider.XERO)}) == {key: fact(3, 0)}

    async def test_a_pause_lasts_until_its_latest_end(self, stores: Stores) -> None:
        for minutes in (5, 3):
            until = ASKED_AT + MINUTE * minutes
            await stores.pauses.put(Pause(key="xero/app", reason=WaitReason.DAILY_LIMIT, until=until))

        assert await stores.pauses.active(ASKED_AT + MINUTE * 5) == []
        [pause] = await stores.pauses.active(ASKED_AT + MINUTE * 4)
        assert pause.key == "xero/app"

    async def test_a_lease_has_one_holder_and_its_epoch_rises_with_each(self, stores: Stores) -> None:
        hold, until = stores.leases.hold, ASKED_AT + MINUTE

        first = await hold("leader", "a", ASKED_AT, until)
        other = await hold("leader", "b", ASKED_AT, until)
        renewed = await hold("leader", "a", ASKED_AT + SECOND, until)
        taken_over = await hold("leader", "b", until, until + MINUTE)
        await stores.leases.give_up("leader", "a")
        still_lost = await hold("leader", "a", until, until + MINUTE)
        await stores.leases.give_up("leader", "b")
        given = await hold("leader", "a", until, until + MINUTE)

        assert (first, other, renewed) == (1, None, 1)
        assert (taken_over, still_lost, given) == (2, None, 3)


def fact(generation: int, seconds: int) -> ConnectionFact:
    return ConnectionFact(
        company_id="company-1",
        client_id="client-1",
        provider=Provider.XERO,
        connection_id=CONNECTION,
        generation=generation,
        said_at=ASKED_AT + SECOND * seconds,
    )


CONNECTION = uuid4()
