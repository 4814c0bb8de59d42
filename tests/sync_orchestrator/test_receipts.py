"""Receipt lines, endings and progress."""

from collections import Counter
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.orchestration import ASKED_AT, meta
from sync_contracts.codes import ProblemCode, WaitReason, sentence
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.runs import EndingCounts, JobEnding, RunEnding, RunKind
from sync_orchestrator.receipts import Tally, TallyRow, counts_of, ending_of, lines_of
from sync_orchestrator.records import JobRecord, JobState, RunRecord, RunState

TROUBLES = {JobEnding.FAILED, JobEnding.SKIPPED, JobEnding.CANCELLED}


def job(
    client: str,
    ending: JobEnding = JobEnding.WRITTEN,
    *,
    month: str = "2026-04",
    code: ProblemCode | None = None,
) -> JobRecord:
    return JobRecord(
        job_id=uuid4(),
        run_id=UUID(int=2),
        company_id="company-1",
        client_id=client,
        provider=Provider.XERO,
        month=Month.parse(month),
        due_at=ASKED_AT,
        state=JobState.ENDED,
        ending=ending,
        code=code,
    )


jobs = st.lists(
    st.builds(
        job,
        st.sampled_from(["c-1", "c-2", "c-3", "c-4"]),
        st.sampled_from(JobEnding),
        month=st.sampled_from(["2026-02", "2026-03", "2026-04"]),
    ),
    max_size=20,
)


@given(jobs)
def test_lines_name_every_client_once_and_count_every_job(ended: list[JobRecord]) -> None:
    lines = lines_of(ended)

    assert sorted(line.client_id for line in lines) == sorted({one.client_id for one in ended})
    assert sum(line.counts.total for line in lines) == len(ended)


@given(jobs)
def test_lines_with_trouble_come_first(ended: list[JobRecord]) -> None:
    in_trouble = [line.ending in TROUBLES for line in lines_of(ended)]

    assert in_trouble == sorted(in_trouble, reverse=True)


def test_a_line_tells_the_worst_ending_its_months_and_what_to_do() -> None:
    [line] = lines_of(
        [
            job("c-1", month="2026-02"),
            job("c-1", JobEnding.FAILED, month="2026-04", code=ProblemCode.NEEDS_AUTH),
            job("c-1", JobEnding.FAILED, month="2026-03", code=ProblemCode.NEEDS_AUTH),
        ]
    )

    assert (line.ending, line.code) == (JobEnding.FAILED, ProblemCode.NEEDS_AUTH)
    assert line.message == sentence(ProblemCode.NEEDS_AUTH)
    assert line.months == (Month(2026, 3), Month(2026, 4))
    assert line.counts == EndingCounts(written=1, failed=2)


@pytest.mark.parametrize(
    ("state", "counts", "ending"),
    [
        (RunState.OPEN, {"written": 2, "unchanged": 1}, RunEnding.COMPLETED),
        (RunState.OPEN, {"written": 2, "failed": 1}, RunEnding.COMPLETED_WITH_PROBLEMS),
        (RunState.OPEN, {"written": 2, "skipped": 1}, RunEnding.COMPLETED_WITH_PROBLEMS),
        (RunState.OPEN, {"skipped": 3}, RunEnding.COMPLETED_WITH_PROBLEMS),
        (RunState.OPEN, {"failed": 3}, RunEnding.FAILED),
        (RunState.OPEN, {"failed": 2, "skipped": 1}, RunEnding.COMPLETED_WITH_PROBLEMS),
        (RunState.CANCELLING, {"written": 3}, RunEnding.CANCELLED),
        (RunState.EXPIRING, {"failed": 3}, RunEnding.EXPIRED),
    ],
)
def test_a_runs_ending_follows_from_its_jobs(
    state: RunState, counts: dict[str, int], ending: RunEnding
) -> None:
    assert ending_of(run(state), EndingCounts(**counts)) is ending


@given(jobs)
def test_counts_are_whole(ended: list[JobRecord]) -> None:
    assert counts_of(Counter(one.ending for one in ended if one.ending)).total == len(ended)


def test_progress_names_what_every_open_job_waits_for() -> None:
    soon, later = datetime(2026, 5, 2, 9, tzinfo=UTC), datetime(2026, 5, 3, tzinfo=UTC)
    tally = Tally(
        (
            row(JobState.ENDED, 4, ending=JobEnding.WRITTEN),
            row(JobState.STARTED, 3),
            row(JobState.RELEASED, 2, reason=WaitReason.QUEUED),
            row(JobState.QUEUED, 5, reason=WaitReason.QUEUED, is_due=True),
            row(JobState.QUEUED, 1, reason=WaitReason.DAILY_LIMIT, due_at=later),
            row(JobState.QUEUED, 1, reason=WaitReason.RATE_LIMITED, due_at=soon),
        )
    )

    progress, held = tally.progress(), tally.progress(due=WaitReason.FAIRNESS)

    assert (progress.jobs, progress.running, progress.ended.written) == (16, 3, 4)
    assert progress.waiting == {"queued": 7, "daily_limit": 1, "rate_limited": 1}
    assert progress.retry_at == soon
    assert held.waiting[WaitReason.FAIRNESS] == 5


def row(
    state: JobState,
    jobs: int,
    *,
    ending: JobEnding | None = None,
    reason: WaitReason | None = None,
    due_at: datetime = ASKED_AT,
    is_due: bool = False,
) -> TallyRow:
    return TallyRow(state=state, ending=ending, reason=reason, jobs=jobs, due_at=due_at, is_due=is_due)


def run(state: RunState) -> RunRecord:
    return RunRecord(
        run_id=UUID(int=2),
        request_id="req-1",
        request_hash="",
        meta=meta(),
        kind=RunKind.BULK,
        provider=Provider.XERO,
        months=(Month(2026, 4),),
        clients=3,
        identity="",
        state=state,
        accepted_at=ASKED_AT,
        deadline_at=ASKED_AT,
        latest_at=ASKED_AT,
    )
