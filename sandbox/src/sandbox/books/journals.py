"""Ledger entries of one month that have no document: journals and cash moves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sandbox.books.chart import Role
from sandbox.books.dice import Dice, stable_uuid
from sandbox.books.month import Month
from sandbox.books.profile import Profile
from sandbox.books.records import CENT, CashMove, Journal, JournalKind, Posting, State

_ACCRUALS = ((Role.OFFICE, Role.PAYABLE), (Role.SERVICES, Role.PAYABLE), (Role.RECEIVABLE, Role.OTHER_INCOME))
_MOVES = (
    (False, Role.OFFICE),
    (True, Role.INTEREST_INCOME),
    (False, Role.INTEREST_COST),
    (True, Role.OTHER_INCOME),
)
_FIRST_JOURNAL = 60_000
_FIRST_MOVE = 70_000


@dataclass
class _Numbers:
    """Names and numbers of one month's records of one sort."""

    profile: Profile
    month: Month
    next: int
    dice: Dice = field(init=False)

    def __post_init__(self) -> None:
        self.dice = Dice(self.profile.seed, self.profile.account, self.month, self.next)

    def take(self) -> tuple[str, int]:
        number, self.next = self.next, self.next + 1
        identifier = stable_uuid(self.profile.seed, self.profile.account, self.month, number)
        return identifier, self.month.index * 100_000 + number


def journals_of(profile: Profile, month: Month) -> Iterator[Journal]:
    """All journals dated in the month; nothing in an idle month."""
    if profile.is_idle(month):
        return
    numbers = _Numbers(profile, month, _FIRST_JOURNAL)
    dice = numbers.dice
    yield _payroll(numbers, dice)
    yield _journal(
        numbers,
        JournalKind.DEPRECIATION,
        month.last,
        (Role.DEPRECIATION, Role.FIXED_ASSETS),
        dice.money(50, 400),
    )
    states = [State.BOOKED] * max(2, profile.documents // 8) + [State.DRAFT, State.VOIDED]
    for state in states:
        day = month.day(dice.between(1, 31))
        sides = dice.pick(_ACCRUALS)
        yield _journal(numbers, JournalKind.MANUAL, day, sides, dice.money(10, 200), state=state)
    if month.number == 1:
        yield _journal(
            numbers, JournalKind.OPENING, month.first, (Role.BANK, Role.EQUITY), dice.money(2000, 9000)
        )
    if month.number == 12 and profile.closes_year:
        yield from _year_end(numbers, dice)


def cash_moves_of(profile: Profile, month: Month) -> Iterator[CashMove]:
    """All money spent or received without a document in the month; nothing in an idle month."""
    if profile.is_idle(month):
        return
    numbers = _Numbers(profile, month, _FIRST_MOVE)
    dice = numbers.dice
    states = [State.BOOKED] * max(2, profile.documents // 10) + [State.VOIDED, State.DELETED]
    for state in states:
        incoming, role = dice.pick(_MOVES)
        yield make_cash_move(numbers.take(), month.day(dice.between(1, 31)), (incoming, role), state, dice)
    yield make_cash_move(numbers.take(), month.last, (False, Role.PAYROLL_DUE), State.BOOKED, dice)


def make_journal(profile: Profile, month: Month, number: int) -> Journal:
    """One more manual journal of the month."""
    numbers = _Numbers(profile, month, number)
    day, amount = month.day(numbers.dice.between(1, 31)), numbers.dice.money(10, 200)
    return _journal(numbers, JournalKind.MANUAL, day, (Role.OFFICE, Role.PAYABLE), amount)


def make_bank_move(profile: Profile, month: Month, number: int) -> CashMove:
    """One more bank transaction of the month."""
    numbers = _Numbers(profile, month, number)
    day = month.day(numbers.dice.between(1, 31))
    return make_cash_move(numbers.take(), day, (False, Role.OFFICE), State.BOOKED, numbers.dice)


def make_cash_move(
    named: tuple[str, int], day: date, what: tuple[bool, Role], state: State, dice: Dice
) -> CashMove:
    """Money in or out of a bank account."""
    incoming, role = what
    return CashMove(
        id=named[0],
        serial=named[1],
        state=state,
        dated_on=day,
        incoming=incoming,
        amount=dice.money(2, 90),
        role=role,
        through=Role.BANK,
        memo=role.value.replace("_", " "),
    )


def _payroll(numbers: _Numbers, dice: Dice) -> Journal:
    wages = dice.money(3000, 9000) + numbers.profile.documents * 20
    tax = (wages * Decimal("0.338")).quantize(CENT)
    postings = (
        Posting(Role.WAGES, wages),
        Posting(Role.SOCIAL_TAX, tax),
        Posting(Role.PAYROLL_DUE, -wages - tax),
    )
    return _make(numbers, JournalKind.PAYROLL, numbers.month.last, postings)


def _year_end(numbers: _Numbers, dice: Dice) -> Iterator[Journal]:
    """Tax and the year's result: on result accounts, yet neither income nor expense."""
    day = numbers.month.last
    yield _journal(
        numbers, JournalKind.YEAR_END, day, (Role.INCOME_TAX, Role.INCOME_TAX_DUE), dice.money(500, 4000)
    )
    yield _journal(
        numbers, JournalKind.YEAR_END, day, (Role.YEAR_RESULT, Role.EQUITY), dice.money(5000, 20000)
    )
    yield _journal(numbers, JournalKind.YEAR_END, day, (Role.TRANSFERS, Role.EQUITY), dice.money(100, 900))


def _journal(
    numbers: _Numbers,
    kind: JournalKind,
    day: date,
    sides: tuple[Role, Role],
    amount: Decimal,
    *,
    state: State = State.BOOKED,
) -> Journal:
    debit, credit = sides
    return _make(numbers, kind, day, (Posting(debit, amount), Posting(credit, -amount)), state)


def _make(
    numbers: _Numbers,
    kind: JournalKind,
    day: date,
    postings: tuple[Posting, ...],
    state: State = State.BOOKED,
) -> Journal:
    identifier, serial = numbers.take()
    return Journal(
        id=identifier,
        serial=serial,
        kind=kind,
        state=state,
        dated_on=day,
        memo=kind.value.replace("_", " "),
        postings=postings,
    )
