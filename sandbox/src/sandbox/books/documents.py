"""The documents of one month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from sandbox.books.chart import Role
from sandbox.books.dice import Dice, stable_uuid
from sandbox.books.month import Month
from sandbox.books.profile import BASE_RATES, EURO_RATES, Profile
from sandbox.books.records import CENT, ZERO, Document, Kind, State

_SHARES = {
    Kind.SALES_INVOICE: 0.48,
    Kind.SALES_CREDIT_NOTE: 0.07,
    Kind.PURCHASE_INVOICE: 0.38,
    Kind.PURCHASE_CREDIT_NOTE: 0.07,
}
_COUNTED = tuple(_SHARES)
_UNCOUNTED_STATES = (State.DRAFT, State.VOIDED, State.SUBMITTED, State.DELETED)
_SALES_ROLES = (Role.SERVICE_SALES, Role.GOODS_SALES, Role.SERVICE_SALES, Role.OTHER_INCOME)
_PURCHASE_ROLES = (Role.GOODS, Role.SERVICES, Role.OFFICE, Role.RENT)
_PARTNERS = (
    "Kivisild OÜ",
    "Põhjala Aed AS",
    "Blue Harbor Inc",
    "Żółw sp. z o.o.",
    "Oak & Sons Ltd",
    "Fjord Fisk AS",
)
# Rates at which a cent amount often ends in exactly half a cent.
_HALF_RATES = {"NOK": Decimal("0.08"), "PLN": Decimal("0.16")}
_USUAL_HALF_RATE = Decimal("0.8")
_NUMBER_PREFIX = {
    Kind.SALES_INVOICE: "",
    Kind.SALES_CREDIT_NOTE: "K",
    Kind.PURCHASE_INVOICE: "F-",
    Kind.PURCHASE_CREDIT_NOTE: "FK-",
    Kind.PREPAYMENT_INVOICE: "E",
    Kind.DELIVERY_ORDER: "S",
}


def documents_of(profile: Profile, month: Month) -> Iterator[Document]:
    """All documents dated in the month, whatever their state; nothing in an idle month."""
    if profile.is_idle(month):
        return
    plan = _plan(profile, Dice(profile.seed, profile.account, month, "plan"))
    for number, (kind, state) in enumerate(plan, start=1):
        yield make_document(profile, month, number, kind, state)


def make_document(profile: Profile, month: Month, number: int, kind: Kind, state: State) -> Document:
    """One document of the month; `number` tells it from the others."""
    dice = Dice(profile.seed, profile.account, month, number)
    dated_on = _day(month, number, dice)
    currency, rate, halves = _currency(profile, dice)
    lines = _lines(kind, dice)
    if halves:
        lines = (_to_half_cents(lines[0], rate, rate_is_own=profile.rates_are_own),)
    rounds = profile.rounds_totals and (kind.is_sales or profile.rounds_bills)
    net = sum((amount for _, amount in lines), ZERO)
    vat = _vat(profile, currency, net, dice)
    # Money received or paid is posted within the next month, so two months tell one month's ledger.
    last_day = month.last if profile.is_idle(month.shift(1)) else month.shift(1).last
    late = (
        profile.posts_late and kind is Kind.PURCHASE_INVOICE and last_day > month.last and dice.chance(0.12)
    )
    posted_on = month.shift(1).day(dice.between(1, 9)) if late else dated_on
    paid_on = min(posted_on + timedelta(days=dice.between(0, 40)), last_day)
    return Document(
        id=stable_uuid(profile.seed, profile.account, month, number),
        serial=month.index * 100_000 + number,
        kind=kind,
        state=state,
        number=f"{_NUMBER_PREFIX[kind]}{month.year % 100:02}{month.number:02}{number:05}",
        partner=dice.pick(_PARTNERS),
        dated_on=dated_on,
        posted_on=posted_on,
        due_on=dated_on + timedelta(days=14),
        paid_on=paid_on if dice.chance(0.6) else None,
        paid_through=Role.CASH if dice.chance(0.15) else Role.BANK,
        currency=currency,
        rate=rate,
        rate_is_own=profile.rates_are_own,
        lines=lines,
        net=net,
        vat=vat,
        rounding=_rounding(net + vat) if rounds and dice.chance(0.3) else ZERO,
    )


def _plan(profile: Profile, dice: Dice) -> list[tuple[Kind, State]]:
    plan: list[tuple[Kind, State]] = []
    for kind, share in _SHARES.items():
        usual = profile.documents * share
        count = max(
            1 if profile.documents >= 4 or not kind.is_credit else 0,
            round(usual * dice.between(90, 110) / 100),
        )
        plan += [(kind, State.BOOKED)] * count
    for position in range(max(4, profile.documents // 10)):
        plan.append((dice.pick(_COUNTED), _UNCOUNTED_STATES[position % len(_UNCOUNTED_STATES)]))
    for kind in profile.left_out:
        plan += [(kind, State.BOOKED)] * max(1, profile.documents // 25)
    return plan


def _day(month: Month, number: int, dice: Dice) -> date:
    """A day of the month; its first and last days are never without a document."""
    drawn = month.day(dice.between(1, 31))
    return {1: month.first, 2: month.last}.get(number % 12, drawn)


def _currency(profile: Profile, dice: Dice) -> tuple[str, Decimal, bool]:
    """A currency, its rate as the profile has rates, and whether amounts shall end in half a cent."""
    if not dice.chance(0.18):
        return profile.currency, Decimal(1), False
    currency = dice.pick([code for code in EURO_RATES if code != profile.currency])
    if dice.chance(0.25):
        half_rate = _HALF_RATES.get(profile.currency, _USUAL_HALF_RATE)
        return currency, 1 / half_rate if profile.rates_are_own else half_rate, True
    usual = EURO_RATES[currency] / BASE_RATES[profile.currency]
    usual = 1 / usual if profile.rates_are_own else usual
    return currency, (usual * dice.between(970, 1030) / 1000).quantize(Decimal("0.000001")), False


def _lines(kind: Kind, dice: Dice) -> tuple[tuple[Role, Decimal], ...]:
    roles = _SALES_ROLES if kind.is_sales else _PURCHASE_ROLES
    highest = 300 if kind.is_credit else 1500
    return tuple((dice.pick(roles), dice.money(5, highest)) for _ in range(dice.between(1, 3)))


def _to_half_cents(line: tuple[Role, Decimal], rate: Decimal, *, rate_is_own: bool) -> tuple[Role, Decimal]:
    role, amount = line
    while (amount * 100 * rate if rate_is_own else amount * 100 / rate) % 1 != Decimal("0.5"):
        amount += CENT
    return role, amount


def _vat(profile: Profile, currency: str, net: Decimal, dice: Dice) -> Decimal:
    """Usual VAT; none on most foreign documents, nor on some at home."""
    if dice.chance(0.7 if currency != profile.currency else 0.08):
        return ZERO
    return (net * profile.vat_rate).quantize(CENT, ROUND_HALF_UP)


def _rounding(gross: Decimal) -> Decimal:
    """What brings the total to the next five cents."""
    return (gross / 5).quantize(CENT, ROUND_HALF_UP) * 5 - gross
