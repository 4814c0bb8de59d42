"""The receipt of a run: written once, and from then on only sent."""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from sync_contracts.ids import run_event_id
from sync_contracts.runs import RunFinished, SyncCompleted

from notifier.wording import outcome_sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """`sync.completed.v1` of one run, as the bytes and headers that every delivery repeats."""

    run_id: UUID
    company_id: str
    key: str
    headers: dict[str, str]
    body: bytes

    @classmethod
    def of(cls, finished: RunFinished, *, source: str) -> Self:
        """The receipt that tells the end of a run; its `ce_id` follows from the run alone."""
        event_id = run_event_id(finished.run_id, "completed")
        outcome = {name: getattr(finished, name) for name in RunFinished.model_fields}
        completed = SyncCompleted(
            **outcome | {"meta": finished.meta.follow(SyncCompleted, event_id=event_id)},
            message=outcome_sentence(finished),
        )
        return cls(
            run_id=finished.run_id,
            company_id=finished.meta.company_id,
            key=completed.key,
            headers=completed.headers(source),
            body=completed.model_dump_json().encode(),
        )
