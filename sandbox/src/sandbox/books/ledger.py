"""Reading the books, as they are now or as they were."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from sandbox.books.documents import documents_of
from sandbox.books.journals import cash_moves_of, journals_of
from sandbox.books.month import Month
from sandbox.books.posting import entries_of, payments_of
from sandbox.books.profile import FOUNDED, Profile
from sandbox.books.records import CashMove, Document, Entry, Journal, Payment, Record


@dataclass(frozen=True, slots=True)
class _Generated:
    documents: tuple[Document, ...]
    journals: tuple[Journal, ...]
    cash_moves: tuple[CashMove, ...]
    entries: tuple[Entry, ...]  # posted in this month or in the next
    payments: tuple[Payment, ...]


@lru_cache(maxsize=4096)
def _generated(profile: Profile, month: Month) -> _Generated:
    documents = tuple(documents_of(profile, month))
    journals = tuple(journals_of(profile, month))
    cash_moves = tuple(cash_moves_of(profile, month))
    records: tuple[Record, ...] = (*documents, *journals, *cash_moves)
    return _Generated(
        documents,
        journals,
        cash_moves,
        tuple(entry for record in records for entry in entries_of(record)),
        tuple(payment for record in records for payment in payments_of(record)),
    )


class Books:
    """One company's books at one moment: what was generated, and over it what has been changed since."""

    def __init__(self, profile: Profile, last: Month, version: int, changed: Mapping[str, Record]) -> None:
        self.profile = profile
        self.version = version
        self._last = last
        self._changed = changed

    @property
    def key(self) -> tuple[str, int, Month]:
        """What an answer rendered from these books depends on."""
        return self.profile.account, self.version, self._last

    def ends_with(self, month: Month) -> bool:
        """Whether that is the last month the books know."""
        return self._last == month

    def months(self, first: date, last: date) -> Iterator[Month]:
        """The months of the books that a range of days (both included) touches."""
        month, end = max(Month.of(first), FOUNDED), min(Month.of(last), self._last)
        while month <= end:
            yield month
            month = month.shift(1)

    def documents(self, month: Month) -> tuple[Document, ...]:
        """Documents dated in the month, in every state."""
        kept = [one for one in self._made(month).documents if one.id not in self._changed]
        kept += [one for one in self._moved(month) if isinstance(one, Document)]
        return tuple(sorted(kept, key=_by_day))

    def journals(self, month: Month) -> tuple[Journal, ...]:
        """Journals dated in the month, in every state."""
        kept = [one for one in self._made(month).journals if one.id not in self._changed]
        kept += [one for one in self._moved(month) if isinstance(one, Journal)]
        return tuple(sorted(kept, key=_by_day))

    def cash_moves(self, month: Month) -> tuple[CashMove, ...]:
        """Money spent or received without a document in the month, in every state."""
        kept = [one for one in self._made(month).cash_moves if one.id not in self._changed]
        kept += [one for one in self._moved(month) if isinstance(one, CashMove)]
        return tuple(sorted(kept, key=_by_day))

    def entries(self, month: Month) -> tuple[Entry, ...]:
        """Ledger entries posted in the month."""
        made = [
            entry
            for source in self._sources(month)
            for entry in self._made(source).entries
            if entry.record.id not in self._changed
        ]
        changed = [entry for record in self._changed.values() for entry in entries_of(record)]
        return tuple(
            sorted(
                (entry for entry in (*made, *changed) if Month.of(entry.posted_on) == month),
                key=lambda entry: (entry.posted_on, entry.serial),
            )
        )

    def payments(self, month: Month) -> tuple[Payment, ...]:
        """Money that moved in the month, with a document or without."""
        made = [
            payment
            for source in self._sources(month)
            for payment in self._made(source).payments
            if payment.record.id not in self._changed
        ]
        changed = [payment for record in self._changed.values() for payment in payments_of(record)]
        return tuple(
            sorted(
                (payment for payment in (*made, *changed) if Month.of(payment.paid_on) == month),
                key=lambda payment: (payment.paid_on, payment.serial),
            )
        )

    def _sources(self, month: Month) -> tuple[Month, ...]:
        """The months whose records may be posted in this one."""
        return (month.shift(-1), month) if month <= self._last else ()

    def _made(self, month: Month) -> _Generated:
        return _generated(self.profile, month) if month <= self._last else _NOTHING

    def _moved(self, month: Month) -> Iterator[Record]:
        return (record for record in self._changed.values() if Month.of(record.dated_on) == month)


_NOTHING = _Generated((), (), (), (), ())


def _by_day(record: Record) -> tuple[date, int]:
    return record.dated_on, record.serial
