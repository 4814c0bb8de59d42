"""Books that change: a log of what was added, voided and moved, with the time of each."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sandbox.books.documents import make_document
from sandbox.books.journals import make_bank_move, make_journal
from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.books.profile import Profile
from sandbox.books.records import Document, Kind, Record, State
from sandbox.clock import Clock

MANUAL_JOURNAL = "manual_journal"
BANK_TRANSACTION = "bank_transaction"
KINDS = (*(kind.value for kind in Kind), MANUAL_JOURNAL, BANK_TRANSACTION)
_FIRST_ADDED = 90_000


class LiveBooks:
    """One company's books over time."""

    def __init__(self, profile: Profile, clock: Clock) -> None:
        self.profile = profile
        self._clock = clock
        self._log: list[tuple[datetime, Record]] = []
        self._now: Books | None = None

    @property
    def now(self) -> Books:
        """The books as they are."""
        last = Month.of(self._clock.now().date())
        if self._now is None or not self._now.ends_with(last):
            self._now = Books(self.profile, last, len(self._log), self._records())
        return self._now

    def at(self, moment: datetime) -> Books:
        """The books as they were."""
        changed = {record.id: record for at, record in self._log if at <= moment}
        return Books(self.profile, Month.of(self._clock.now().date()), -1, changed)

    def add(self, kind: str, month: Month, *, rate_known: bool = True) -> tuple[datetime, Record]:
        """Book one more record of the month; a foreign document without a known rate cannot be converted."""
        number = _FIRST_ADDED + len(self._log)
        if kind == MANUAL_JOURNAL:
            return self._note(make_journal(self.profile, month, number))
        if kind == BANK_TRANSACTION:
            return self._note(make_bank_move(self.profile, month, number))
        document = make_document(self.profile, month, number, Kind(kind), State.BOOKED)
        if not rate_known:
            foreign = "USD" if self.profile.currency != "USD" else "EUR"
            document = replace(document, rate_known=False, currency=foreign)
        return self._note(document)

    def void(self, kind: str, month: Month, record_id: str | None = None) -> tuple[datetime, Record]:
        """Void a booked record; LookupError when the month has none such."""
        return self._note(replace(self._find(kind, month, record_id), state=State.VOIDED))

    def move(
        self, kind: str, month: Month, to: Month, record_id: str | None = None
    ) -> tuple[datetime, Record]:
        """Give a booked record the same day of another month; LookupError when the month has none such."""
        record = self._find(kind, month, record_id)
        day = to.day(record.dated_on.day)
        if isinstance(record, Document):
            return self._note(replace(record, dated_on=day, posted_on=day, due_on=day, paid_on=None))
        return self._note(replace(record, dated_on=day))

    def _records(self) -> dict[str, Record]:
        return {record.id: record for _, record in self._log}

    def _find(self, kind: str, month: Month, record_id: str | None) -> Record:
        for record in self._candidates(kind, month):
            if record.state is State.BOOKED and record_id in {None, record.id}:
                return record
        raise LookupError(f"no booked {kind} in {month}")

    def _candidates(self, kind: str, month: Month) -> tuple[Record, ...]:
        if kind == MANUAL_JOURNAL:
            return self.now.journals(month)
        if kind == BANK_TRANSACTION:
            return self.now.cash_moves(month)
        return tuple(one for one in self.now.documents(month) if one.kind == kind)

    def _note(self, record: Record) -> tuple[datetime, Record]:
        # Two changes never share an instant, so that `at` can tell them apart.
        moment = self._clock.now()
        if self._log and moment <= self._log[-1][0]:
            moment = self._log[-1][0] + datetime.resolution
        self._log.append((moment, record))
        self._now = None
        return moment, record
