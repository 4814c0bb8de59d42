"""Ended runs, and a receipt store in memory."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from notifier.receipt import Receipt
from service_kit.clock import Clock
from support.fakes import FakeClock
from sync_contracts.codes import ProblemCode, sentence
from sync_contracts.event import Actor, Meta, Role
from sync_contracts.ids import run_event_id
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.runs import EndingCounts, JobEnding, ReceiptLine, RunEnding, RunFinished, RunKind

ENDED_AT = datetime(2026, 5, 2, 8, 15, tzinfo=UTC)
OWNER = Actor(id="user-1", role=Role.OWNER)


def finished(
    *,
    run: UUID | None = None,
    company_id: str = "company-1",
    ending: RunEnding = RunEnding.COMPLETED_WITH_PROBLEMS,
    counts: EndingCounts | None = None,
) -> RunFinished:
    """The end of a bulk run over three clients, one of which failed."""
    run_id = run or uuid4()
    return RunFinished(
        meta=Meta(
            event_id=run_event_id(run_id, "finished"),
            occurred_at=ENDED_AT,
            company_id=company_id,
            correlation_id="click-1",
            actor=OWNER,
        ),
        run_id=run_id,
        kind=RunKind.BULK,
        provider=Provider.XERO,
        months=(Month(2026, 4),),
        clients=3,
        requested_by=OWNER,
        requested_at=ENDED_AT - timedelta(minutes=2),
        started_at=ENDED_AT - timedelta(minutes=1),
        ended_at=ENDED_AT,
        ending=ending,
        counts=counts or EndingCounts(written=2, failed=1),
        lines=(
            ReceiptLine(
                client_id="client-17",
                ending=JobEnding.FAILED,
                code=ProblemCode.NEEDS_AUTH,
                message=sentence(ProblemCode.NEEDS_AUTH),
                counts=EndingCounts(failed=1),
                months=(Month(2026, 4),),
            ),
        ),
        lines_total=3,
        lines_url="http://127.0.0.1:8080/v1/runs/lines",
    )


@dataclass
class MemoryReceipts:
    """Implements `ReceiptStore` in memory."""

    receipts: dict[UUID, Receipt] = field(default_factory=dict)
    clock: Clock = field(default_factory=FakeClock)
    stored_at: dict[UUID, datetime] = field(default_factory=dict)

    async def keep_first(self, receipt: Receipt) -> Receipt:
        self.stored_at.setdefault(receipt.run_id, self.clock.now())
        return self.receipts.setdefault(receipt.run_id, receipt)

    async def find(self, company_id: str, run_id: UUID) -> Receipt | None:
        found = self.receipts.get(run_id)
        return found if found and found.company_id == company_id else None

    async def forget(self, stored_before: datetime) -> None:
        for run_id in [one for one, at in self.stored_at.items() if at < stored_before]:
            del self.receipts[run_id], self.stored_at[run_id]
