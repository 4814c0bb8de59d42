"""Adds records up by month; a month is whole or it has a problem."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from sync_contracts.metrics import DOCUMENT_COUNTS, Metric, MetricValue, Source, Values
from sync_contracts.month import Month

from connectors.errors import ConnectorError, ThrottledError
from connectors.money import converted, rounded
from connectors.protocol import MonthCounts, MonthFailure, MonthResult, MonthWait

Amounts = Mapping[Metric, Decimal]


@dataclass(slots=True)
class _Sums:
    amounts: dict[Metric, Decimal]
    sources: dict[Metric, Source]
    record_ids: set[str] = field(default_factory=set)
    absent: set[Metric] = field(default_factory=set)
    unconverted: int = 0
    notes: Counter[str] = field(default_factory=Counter)
    problem: ConnectorError | None = None


class Tally:
    """What was counted in each wanted month; `currency` is the books' own."""

    def __init__(self, wanted: Iterable[Month], sources: Mapping[Metric, Source], currency: str) -> None:
        self.currency = currency
        zeros = dict.fromkeys(sources, Decimal(0))
        self._months = {month: _Sums(dict(zeros), dict(sources)) for month in sorted(wanted)}

    def __contains__(self, month: Month) -> bool:
        return month in self._months

    @property
    def open_months(self) -> list[Month]:
        """The months without a problem, in order."""
        return [month for month, sums in self._months.items() if sums.problem is None]

    def is_new(self, month: Month, record_id: str) -> bool:
        """True while the record has not been counted in the month."""
        return record_id not in self._months[month].record_ids

    def add(self, month: Month, record_id: str, amounts: Amounts) -> None:
        """One more record, with what it adds to each metric."""
        sums = self._months[month]
        sums.record_ids.add(record_id)
        for metric, amount in amounts.items():
            sums.amounts[metric] += amount

    def add_document(
        self,
        month: Month,
        record_id: str,
        count: Metric | None,
        money: Amounts,
        *,
        rate: Decimal | None = Decimal(1),
        rate_is_own: bool = False,
    ) -> None:
        """A document with its amounts; `rate` is unknown, or foreign units for one of the books' own.

        Without `count` only its amounts are told.
        With `rate_is_own` it is the books' own units for a foreign one: dividing by its inverse is not exact.
        """
        if not rate or rate < 0:
            self._months[month].unconverted += 1
            self._months[month].absent.update(money)
            own: Amounts = {}
        elif rate == 1:
            own = money
        else:
            own = {
                metric: converted(amount, rate, self.currency, rate_is_own=rate_is_own)
                for metric, amount in money.items()
            }
        counted = {} if count is None else {count: Decimal(1)}
        self.add(month, record_id, {**counted, **own})

    def amount(self, month: Month, metric: Metric) -> Decimal | None:
        """What a metric stands at; None when it cannot be told."""
        sums = self._months[month]
        return None if metric in sums.absent else sums.amounts[metric]

    def put(self, month: Month, metric: Metric, value: Decimal | None, source: Source | None = None) -> None:
        """Set a metric that a report gives; None when it cannot be told."""
        sums = self._months[month]
        if value is None:
            sums.absent.add(metric)
            return
        sums.amounts[metric] = value
        sums.sources[metric] = source or sums.sources[metric]

    def note(self, month: Month, note: str, times: int = 0) -> None:
        """Something a reader of the month should know; one with `times` is told once, with their sum."""
        self._months[month].notes[note] += times

    def fail(self, months: Iterable[Month], problem: ConnectorError) -> None:
        """The months' first problem stays."""
        for month in months:
            if month in self._months:
                self._months[month].problem = self._months[month].problem or problem

    def results(self, now: datetime) -> dict[Month, MonthResult]:
        """Each wanted month's counts, failure or wait."""
        return {month: _result(sums, self.currency, now) for month, sums in self._months.items()}


def _result(sums: _Sums, currency: str, now: datetime) -> MonthResult:
    problem = sums.problem
    if isinstance(problem, ThrottledError):
        return MonthWait(problem.reason, now + timedelta(seconds=problem.retry_after_s), problem.budget_key)
    if problem is not None:
        return MonthFailure(problem.code, problem.detail)
    unconverted = [f"UNCONVERTED {sums.unconverted}"] if sums.unconverted else []
    notes = [f"{note} {times}" if times else note for note, times in sums.notes.items()]
    return MonthCounts(
        values=_values(sums, currency),
        notes=(*unconverted, *notes),
        record_count=len(sums.record_ids),
        fingerprint=fingerprint(sums.record_ids),
    )


def _values(sums: _Sums, currency: str) -> Values:
    amounts = dict(sums.amounts)
    amounts[Metric.DOCUMENT_COUNT] = sum((amounts[metric] for metric in DOCUMENT_COUNTS), Decimal(0))
    return {
        metric: MetricValue(
            value=rounded(amount, currency) if metric.is_money else amount,
            unit=metric.counted_unit or currency,
            source=sums.sources[metric],
        )
        for metric, amount in amounts.items()
        if metric not in sums.absent
    }


def fingerprint(record_ids: Iterable[str]) -> str:
    """SHA-256 over the sorted ids of the counted records."""
    return hashlib.sha256("\n".join(sorted(record_ids)).encode()).hexdigest()
