"""Directo's list of sales invoices, whose fields are chosen per key; *unconfirmed*: their names."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.api import Api
from connectors.directo.calls import dated, require
from connectors.directo.documents import is_given
from connectors.errors import ForbiddenError, UnreadableAnswerError
from connectors.rows import Row, amount_or_text, day, identifier

DAY = ("date", "invoicedate")
NET = ("netamount", "total_wo_vat")
VAT = ("vat", "vatamount", "total_tax")
GROSS = ("totalamount", "total")
_CONFIRMED = {"1": True, "true": True, "0": False, "false": False}


@dataclass(frozen=True, slots=True)
class Invoice:
    """A confirmed invoice in its own currency; an amount is None where the key's field list lacks it."""

    number: str
    net: Decimal | None
    vat: Decimal | None
    is_foreign: bool


async def invoice_rows(api: Api, first: date, last: date) -> list[Row]:
    """The invoices dated in these days, the unconfirmed ones too."""
    rows = await dated(api, "invoices", first, last)
    require("invoices", rows, ("number", "confirmed"))
    return rows


def without_right() -> ForbiddenError:
    """For a list that is empty although the ledger has sales."""
    return ForbiddenError(
        "the list of invoices is empty, the ledger's is not",
        cause="The key lacks the right to invoices: have it granted, or choose sales from the ledger.",
    )


def day_of(row: Row) -> date:
    return day({"date": _told(row, DAY)}, "date")


def is_confirmed(row: Row) -> bool:
    found = _CONFIRMED.get(str(row.get("confirmed")).lower())
    if found is None:
        raise UnreadableAnswerError("confirmed is neither true nor false")
    return found


def invoice(row: Row, currency: str) -> Invoice:
    net, vat, gross = (_amount(row, names) for names in (NET, VAT, GROSS))
    if net is None and None not in {gross, vat}:
        net = (gross or Decimal(0)) - (vat or Decimal(0))
    told = _told(row, ("currency",))
    return Invoice(identifier(row, "number").strip(), net, vat, told is not None and told != currency)


def _amount(row: Row, names: tuple[str, ...]) -> Decimal | None:
    told = _told(row, names)
    return None if told is None else amount_or_text({names[0]: told}, names[0])


def _told(row: Row, names: tuple[str, ...]) -> Any:
    """The first of the names that the row has something under."""
    return next((row[name] for name in names if is_given(row.get(name))), None)
