"""What is told about a run: its progress, its ending and one line per client; pure functions."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from sync_contracts.codes import WaitReason, sentence
from sync_contracts.ids import run_event_id
from sync_contracts.runs import (
    MAX_LINES,
    EndingCounts,
    JobEnding,
    Progress,
    ReceiptLine,
    RunEnding,
    RunFinished,
)

from sync_orchestrator.records import JobRecord, JobState, Pause, RunRecord, RunState

# Worst first.
_SEVERITY = (
    JobEnding.FAILED,
    JobEnding.SKIPPED,
    JobEnding.CANCELLED,
    JobEnding.UNCHANGED,
    JobEnding.WRITTEN,
)
_TROUBLES = frozenset({JobEnding.FAILED, JobEnding.SKIPPED, JobEnding.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class TallyRow:
    """How many jobs of a run are alike; `due_at` is the earliest of them, `is_due` once it has come."""

    state: JobState
    ending: JobEnding | None
    reason: WaitReason | None
    jobs: int
    due_at: datetime | None = None
    is_due: bool = False


@dataclass(frozen=True, slots=True)
class Tally:
    """A run's jobs, counted."""

    rows: tuple[TallyRow, ...]

    @property
    def open_jobs(self) -> int:
        return sum(row.jobs for row in self.rows if row.state is not JobState.ENDED)

    @property
    def counts(self) -> EndingCounts:
        return counts_of({row.ending: row.jobs for row in self.rows if row.ending is not None})

    def progress(
        self,
        *,
        due: WaitReason = WaitReason.QUEUED,
        released: WaitReason = WaitReason.QUEUED,
        behind: Mapping[Pause, int] | None = None,
    ) -> Progress:
        """The reasons of due and of released jobs; `behind`: what holds how many of the due ones."""
        waiting: Counter[WaitReason] = Counter()
        for row in self.rows:
            if row.state is JobState.RELEASED:
                waiting[released] += row.jobs
            elif row.state is JobState.QUEUED:
                waiting[due if row.is_due else row.reason or due] += row.jobs
        retries = [row.due_at for row in self.rows if row.state is JobState.QUEUED and not row.is_due]
        for pause, jobs in (behind or {}).items():
            waiting[pause.reason] += jobs
            waiting[due] -= jobs
            retries.append(pause.until)
        return Progress(
            jobs=sum(row.jobs for row in self.rows),
            ended=self.counts,
            running=sum(row.jobs for row in self.rows if row.state is JobState.STARTED),
            waiting=dict(+waiting),
            retry_at=min((each for each in retries if each is not None), default=None),
        )


def counts_of(endings: dict[JobEnding | None, int] | Counter[JobEnding]) -> EndingCounts:
    return EndingCounts(**{ending.value: jobs for ending, jobs in endings.items() if ending is not None})


def ending_of(run: RunRecord, counts: EndingCounts) -> RunEnding:
    """How a run ends whose jobs have all ended."""
    if run.state is RunState.EXPIRING:
        return RunEnding.EXPIRED
    if run.state is RunState.CANCELLING:
        return RunEnding.CANCELLED
    if counts.failed == counts.total:
        return RunEnding.FAILED
    if counts.written + counts.unchanged < counts.total:
        return RunEnding.COMPLETED_WITH_PROBLEMS
    return RunEnding.COMPLETED


def lines_of(jobs: Iterable[JobRecord]) -> list[ReceiptLine]:
    """One line per client, trouble first, each kind in the order of the clients."""
    ended = [job for job in jobs if job.ending is not None]
    ended.sort(key=lambda job: (job.client_id, job.month))
    lines = [_line(client, list(group)) for client, group in groupby(ended, key=lambda job: job.client_id)]
    return sorted(lines, key=lambda line: _SEVERITY.index(line.ending))


def finished_of(run: RunRecord, jobs: Sequence[JobRecord], *, now: datetime, lines_url: str) -> RunFinished:
    """The announcement of a run's end; its id is the same whoever makes it."""
    lines = lines_of(jobs)
    counts = counts_of(Counter(job.ending for job in jobs if job.ending is not None))
    starts = [job.started_at for job in jobs if job.started_at is not None]
    meta = run.meta.follow(RunFinished, event_id=run_event_id(run.run_id, "finished"))
    return RunFinished.model_validate(
        {
            "meta": meta.model_copy(update={"occurred_at": now}),
            "run_id": run.run_id,
            "kind": run.kind,
            "provider": run.provider,
            "months": run.months,
            "clients": run.clients,
            "requested_by": run.meta.actor,
            "requested_at": run.meta.occurred_at,
            "started_at": min(starts, default=None),
            "ended_at": now,
            "ending": ending_of(run, counts),
            "counts": counts,
            "retry_of": run.retry_of,
            "lines": tuple(lines[:MAX_LINES]),
            "lines_total": len(lines),
            "lines_url": lines_url,
        }
    )


def lines_address(public_url: str, run_id: UUID) -> str:
    return f"{public_url.rstrip('/')}/v1/runs/{run_id}/lines"


def _line(client_id: str, jobs: list[JobRecord]) -> ReceiptLine:
    worst = min(jobs, key=lambda job: _SEVERITY.index(job.ending or JobEnding.WRITTEN))
    alike = [job.month for job in jobs if (job.ending, job.code) == (worst.ending, worst.code)]
    return ReceiptLine(
        client_id=client_id,
        ending=worst.ending or JobEnding.WRITTEN,
        code=worst.code,
        message=sentence(worst.code) if worst.code else None,
        counts=counts_of(Counter(job.ending for job in jobs if job.ending is not None)),
        months=tuple(alike) if worst.ending in _TROUBLES else (),
    )
