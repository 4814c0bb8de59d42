"""What each provider's connector owes in the conformance suite: one entry each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sync_contracts.providers import Provider

Truth = Mapping[str, Mapping[str, str]]
Calls = Callable[[Sequence[Truth]], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """Differences that the vendor's interface brings about; everything else is owed by all alike."""

    calls: Calls  # that these months take, signing in and identity apart, told by their truths
    identity: bool = False  # it tells whose books they are
    rights: bool = True  # else a key opens everything or nothing
    year_at_once: bool = False  # lists are read whole: trouble on the way leaves none of a year's months
    late_call: int | None = None  # in which the last months' own records are read, if not by the eleventh
    plan_faults: frozenset[str] = frozenset()  # the faults in which it tells a plan that is too low


def either(month: int, year: int) -> Calls:
    """So many calls for a month and for a year, where everything fits on one page."""
    return lambda truths: month if len(truths) == 1 else year


def pages(truths: Sequence[Truth], size: int, *metrics: str) -> int:
    """The pages of a list over all these months that holds what the metrics count."""
    return max(1, -(-_rows(truths, metrics) // size))


def open_pages(truths: Sequence[Truth], *metrics: str) -> int:
    """The pages of a list whose last page is known by being smaller than 25, 50 or 100 rows."""
    rows = _rows(truths, metrics)
    return rows // 100 + 1 + (rows in {25, 50})


def _rows(truths: Sequence[Truth], metrics: Sequence[str]) -> int:
    return sum(int(truth[metric]["value"]) for truth in truths for metric in metrics)


def _smartaccounts(truths: Sequence[Truth]) -> int:
    return (
        1
        + pages(truths, 100, "entry_count")
        + pages(truths, 100, "sales_invoice_count", "sales_credit_note_count")
        + pages(truths, 100, "purchase_invoice_count", "purchase_credit_note_count")
    )


def _scoro(truths: Sequence[Truth]) -> int:
    return (
        1  # the expenses of a year are few
        + open_pages(truths, "sales_invoice_count", "sales_credit_note_count")
        + open_pages(truths, "purchase_invoice_count", "purchase_credit_note_count")
    )


def _trigon(truths: Sequence[Truth]) -> int:
    return (
        pages(truths, 100, "sales_invoice_count", "sales_credit_note_count")
        + pages(truths, 100, "purchase_invoice_count", "purchase_credit_note_count")
        + pages(truths, 100, "entry_count")
        + pages(truths, 100, "bank_transaction_count")
    )


PLAN = frozenset({"plan_too_low"})

OWED: Mapping[Provider, Owed] = {
    Provider.MERIT_AKTIVA: Owed(calls=either(5, 25), rights=False, plan_faults=PLAN | {"no_permission"}),
    Provider.XERO: Owed(calls=either(5, 16), identity=True),
    Provider.TRIPLETEX: Owed(calls=either(4, 15), identity=True),
    Provider.SMARTACCOUNTS: Owed(calls=_smartaccounts, year_at_once=True, plan_faults=PLAN),
    # The year lies in two accounting years.
    Provider.E_CONOMIC: Owed(calls=either(5, 6), identity=True, year_at_once=True),
    Provider.FREEAGENT: Owed(calls=either(8, 30), identity=True),  # with one bank account
    Provider.QUICKBOOKS: Owed(calls=either(2, 4), identity=True, late_call=7, plan_faults=PLAN),
    # The year lies in two financial years.
    Provider.FORTNOX: Owed(calls=either(4, 5), identity=True, year_at_once=True, plan_faults=PLAN),
    Provider.SCORO: Owed(calls=_scoro, identity=True, year_at_once=True, plan_faults=PLAN),
    Provider.TRIGON: Owed(calls=_trigon, identity=True, year_at_once=True, plan_faults=PLAN),
    Provider.DIRECTO: Owed(calls=either(2, 2), year_at_once=True),
}
