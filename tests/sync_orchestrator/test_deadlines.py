"""When a run expires and when silence is too long."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_orchestrator.deadlines import Deadline, Silence
from sync_orchestrator.records import JobRecord, JobState

NOW = datetime(2026, 5, 2, 8, 0, tzinfo=UTC)
DEADLINE = Deadline(at=NOW + timedelta(hours=6), latest_at=NOW + timedelta(hours=48))

steps = st.lists(st.tuples(st.integers(1, 7200), st.booleans()), min_size=1, max_size=40)


@given(steps)
def test_a_deadline_moves_by_exactly_the_time_it_stood_still(steps: list[tuple[int, bool]]) -> None:
    deadline, now, stood_s = DEADLINE, NOW, 0
    was_still = False
    for seconds, still in steps:
        now += timedelta(seconds=seconds)
        stood_s += seconds if was_still else 0
        deadline = deadline.seen(now, still=still)
        was_still = still

    settled = deadline.seen(now, still=False)

    assert settled.at == DEADLINE.at + timedelta(seconds=stood_s)
    assert settled.latest_at == DEADLINE.latest_at


def test_a_moving_run_expires_at_its_deadline() -> None:
    assert not DEADLINE.has_passed(NOW + timedelta(hours=5, minutes=59))
    assert DEADLINE.has_passed(NOW + timedelta(hours=6))


def test_a_run_that_stands_still_expires_at_the_latest_instant_only() -> None:
    still = DEADLINE.seen(NOW + timedelta(hours=1), still=True)

    assert not still.has_passed(NOW + timedelta(hours=47))
    assert still.has_passed(NOW + timedelta(hours=48))


def test_what_is_left_stands_still_with_the_run_until_its_latest_instant() -> None:
    moving = DEADLINE.left(NOW + timedelta(hours=1))
    still = DEADLINE.seen(NOW + timedelta(hours=1), still=True)

    assert moving == timedelta(hours=5)
    assert still.left(NOW + timedelta(hours=3)) == moving
    assert still.left(NOW + timedelta(hours=46)) == timedelta(hours=2)


def test_a_released_job_is_lost_after_five_minutes() -> None:
    job = outstanding(JobState.RELEASED)

    assert not Silence().is_lost(job, NOW + timedelta(seconds=300))
    assert Silence().is_lost(job, NOW + timedelta(seconds=301))


def test_a_started_job_is_dead_after_its_budget_and_a_grace() -> None:
    job = outstanding(JobState.STARTED)

    assert not Silence().is_dead(job, NOW + timedelta(seconds=160))
    assert Silence().is_dead(job, NOW + timedelta(seconds=161))
    assert not Silence().is_lost(job, NOW + timedelta(hours=1))


def outstanding(state: JobState) -> JobRecord:
    return JobRecord(
        job_id=UUID(int=1),
        run_id=UUID(int=2),
        company_id="company-1",
        client_id="client-1",
        provider=Provider.XERO,
        month=Month(2026, 4),
        due_at=NOW,
        state=state,
        released_at=NOW,
        heard_at=NOW,
        budget_s=130.0,
    )
