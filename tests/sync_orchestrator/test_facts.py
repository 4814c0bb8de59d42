"""Facts in any order and any number of times lead to the same job."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.runs import JobEnding
from sync_orchestrator.facts import (
    Ended,
    Fact,
    OutagePatience,
    ReadAgain,
    Started,
    Waiting,
    applied,
    ended,
    failed,
    released,
    requeued,
)
from sync_orchestrator.records import ConnectionRef, JobRecord, JobState, Rank

NOW = datetime(2026, 5, 2, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
PATIENCE = OutagePatience()
CONNECTION = ConnectionRef(connection_id=UUID(int=3), generation=1, account_key="account-1")
JOB = JobRecord(
    job_id=UUID(int=1),
    run_id=UUID(int=2),
    company_id="company-1",
    client_id="client-1",
    provider=Provider.XERO,
    month=Month(2026, 4),
    due_at=NOW,
    connection=CONNECTION,
)

attempts = st.integers(1, 3)
facts = st.one_of(
    st.builds(Started, attempt=attempts, budget_s=st.just(130.0)),
    st.builds(Waiting, attempt=attempts, reason=st.just(WaitReason.RATE_LIMITED), retry_at=st.just(LATER)),
    st.builds(ReadAgain, attempt=attempts, connection=st.just(CONNECTION)),
    st.builds(failed, attempts, st.just(ProblemCode.NEEDS_AUTH)),
    st.builds(
        Ended,
        attempt=attempts,
        rank=st.just(Rank.REFUSED),
        ending=st.just(JobEnding.CANCELLED),
        code=st.just(ProblemCode.CONNECTION_DELETED),
    ),
    st.builds(Ended, attempt=attempts, rank=st.just(Rank.UNCHANGED), ending=st.just(JobEnding.UNCHANGED)),
    st.builds(Ended, attempt=attempts, rank=st.just(Rank.UPDATED), ending=st.just(JobEnding.WRITTEN)),
)


def on_its_attempt(number: int) -> JobRecord:
    job = JOB
    for _ in range(number):
        waiting = requeued(job.model_copy(update={"silences": 0}), now=NOW)
        again = released(waiting, now=NOW, traceparent="00-a-b-01")
        assert again is not None
        job = again
    return job


def told(job: JobRecord, said: list[Fact]) -> JobRecord:
    for fact in said:
        job = applied(job, fact, now=NOW, patience=PATIENCE) or job
    return job


def outcome(job: JobRecord) -> tuple[object, ...]:
    return job.state, job.ending, job.code, job.attempt, job.rank, job.reason


@given(said=st.lists(facts, max_size=6), attempt=attempts, data=st.data())
def test_order_and_repetition_of_facts_do_not_matter(
    said: list[Fact], attempt: int, data: st.DataObject
) -> None:
    said = [fact for fact in said if fact.attempt <= attempt]
    repeated = said + data.draw(st.lists(st.sampled_from(said), max_size=6)) if said else []
    shuffled = data.draw(st.permutations(repeated))

    assert outcome(told(on_its_attempt(attempt), shuffled)) == outcome(told(on_its_attempt(attempt), said))


@given(said=st.lists(facts, max_size=8))
def test_an_ended_job_never_opens_again_and_never_moves_back(said: list[Fact]) -> None:
    job, has_ended = on_its_attempt(3), False

    for fact in said:
        after = applied(job, fact, now=NOW, patience=PATIENCE) or job
        has_ended = has_ended or not after.is_open
        assert (after.attempt, after.rank) >= (job.attempt, job.rank)
        assert has_ended is not after.is_open
        job = after


@given(said=facts)
def test_facts_of_an_older_attempt_change_nothing(said: Fact) -> None:
    assert applied(on_its_attempt(said.attempt + 1), said, now=NOW, patience=PATIENCE) is None


@pytest.mark.parametrize(
    "earlier",
    [
        Waiting(attempt=1, reason=WaitReason.PROVIDER_DOWN, retry_at=LATER),
        failed(1, ProblemCode.INTERNAL),
        Started(attempt=1, budget_s=130.0),
    ],
)
def test_a_written_summary_beats_what_was_said_of_the_same_attempt(earlier: Fact) -> None:
    written = Ended(attempt=1, rank=Rank.UPDATED, ending=JobEnding.WRITTEN)

    job = told(on_its_attempt(1), [earlier, written])

    assert (job.state, job.ending, job.code) == (JobState.ENDED, JobEnding.WRITTEN, None)


def test_a_result_of_a_silent_attempt_counts_until_the_next_attempt_is_released() -> None:
    silent = requeued(told(on_its_attempt(1), [Started(attempt=1, budget_s=130.0)]), now=NOW)

    job = told(silent, [Ended(attempt=1, rank=Rank.UPDATED, ending=JobEnding.WRITTEN)])

    assert job.ending is JobEnding.WRITTEN


def test_a_job_that_falls_silent_again_and_again_is_read_more_and_more_seldom() -> None:
    gaps_s, reasons, job = [], set(), on_its_attempt(1).model_copy(update={"silences": 0})
    for _ in range(8):
        job = requeued(job, now=NOW)
        gaps_s.append((job.due_at - NOW).total_seconds())
        reasons.add(job.reason)

    assert gaps_s == [0, 60, 120, 240, 480, 960, 1800, 1800]
    assert reasons == {WaitReason.QUEUED, WaitReason.SERVICE_DOWN}


def test_a_sealed_job_hears_no_late_result() -> None:
    job = ended(on_its_attempt(1), JobEnding.FAILED, ProblemCode.EXPIRED).model_copy(update={"sealed": True})

    assert told(job, [Ended(attempt=1, rank=Rank.UPDATED, ending=JobEnding.WRITTEN)]) == job


def test_a_wait_is_due_again_at_its_time_and_not_before() -> None:
    job = told(on_its_attempt(1), [Waiting(attempt=1, reason=WaitReason.RATE_LIMITED, retry_at=LATER)])

    again = released(job, now=LATER, traceparent="another")

    assert released(job, now=LATER - timedelta(seconds=1), traceparent=None) is None
    assert again is not None
    assert (again.attempt, again.traceparent) == (2, "00-a-b-01")


def test_a_deleted_connection_is_nobodys_failure() -> None:
    job = told(on_its_attempt(1), [failed(1, ProblemCode.CONNECTION_DELETED)])

    assert job.ending is JobEnding.CANCELLED


def test_a_provider_that_is_down_is_asked_after_growing_gaps_and_given_up_in_the_end() -> None:
    job, now, gaps = JOB, NOW, []

    while True:
        attempt = released(job, now=now, traceparent=None)
        assert attempt is not None
        down = Waiting(attempt=attempt.attempt, reason=WaitReason.PROVIDER_DOWN, retry_at=now)
        after = applied(attempt, down, now=now, patience=PATIENCE)
        assert after is not None
        if not after.is_open:
            break
        gaps.append((after.due_at - now).total_seconds())
        job, now = after, after.due_at

    assert gaps == [30, 60, 120, 240, 480, 960, 1800]
    assert (after.ending, after.code) == (JobEnding.FAILED, ProblemCode.PROVIDER_DOWN)


def test_no_job_fails_for_a_limit_however_often_it_waits() -> None:
    job = JOB

    for round_ in range(100):
        attempt = released(job, now=job.due_at, traceparent=None)
        assert attempt is not None
        job = told(
            attempt,
            [Waiting(attempt=round_ + 1, reason=WaitReason.RATE_LIMITED, retry_at=attempt.due_at)],
        )

    assert job.state is JobState.QUEUED


def test_our_own_decision_to_end_a_job_yields_to_a_result_of_the_same_attempt() -> None:
    cancelled = ended(on_its_attempt(1), JobEnding.CANCELLED)

    job = told(cancelled, [Ended(attempt=1, rank=Rank.UNCHANGED, ending=JobEnding.UNCHANGED)])

    assert job.ending is JobEnding.UNCHANGED
