"""One page of a collection: parameters, order, links."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request

from sandbox.e_conomic.errors import RefusedError, bad_filter
from sandbox.e_conomic.filters import Filter, find, parse_filter

Row = dict[str, Any]

LARGEST_PAGE = 1000
_USUAL_PAGE = 20


@dataclass(frozen=True, slots=True)
class Shape:
    """What a collection's rows may be filtered and sorted by; the first of them orders it otherwise."""

    order: tuple[str, ...]
    filters: frozenset[str]

    @classmethod
    def of(cls, names: str, *, filters: str | None = None) -> Shape:
        """Names apart by blanks, the same for both unless told."""
        order = tuple(names.split())
        return cls(order, frozenset((names if filters is None else filters).split()))


SHAPES: Mapping[str, Shape] = {
    "accounting-years": Shape.of("year fromDate toDate"),
    "accounts": Shape.of(
        "accountNumber accountType balance blockDirectEntries debitCredit name",
        filters="accountNumber accountType balance barred blockDirectEntries debitCredit name",
    ),
    "vat-accounts": Shape.of("vatCode", filters=""),
    "invoices/booked": Shape.of("bookedInvoiceNumber date currency exchangeRate"),
    "entries": Shape.of(
        "entryNumber amount supplierInvoiceNumber amountInBaseCurrency currency date dueDate text entryType"
        " customer.customerNumber supplier.supplierNumber voucherNumber remainder remainderInBaseCurrency"
    ),
}


class Query:
    """The parameters of a call, in any case; those that nobody knows change nothing but the links."""

    def __init__(self, request: Request, shape: Shape, address: str) -> None:
        self._sent = {name.lower(): value for name, value in request.query_params.items()}
        self._shape = shape
        self._address = address
        self.filter = self._filter()
        self.size = self._number("pagesize", _USUAL_PAGE)
        self.skipped = self._number("skippages", 0)
        if not 1 <= self.size <= LARGEST_PAGE:
            raise bad_filter("pagesize", shape.filters)

    def days(self, first: date, last: date) -> tuple[date, date]:
        """The days of this range that the filter lets through."""
        told = self.filter.days() if self.filter else (first, last)
        return max(first, told[0]), min(last, told[1])

    def page(self, rows: Iterable[Row], without_filter: Callable[[int], int]) -> Row:
        """The answer; how many rows there are without the filter is an estimate."""
        found = self._sorted([row for row in rows if self.filter is None or self.filter.holds(row)])
        last = max(0, (len(found) - 1) // self.size)
        start = self.skipped * self.size
        links = {"firstPage": self._link(0), "lastPage": self._link(last)}
        if self.skipped:
            links["previousPage"] = self._link(self.skipped - 1)
        if self.skipped < last:
            links["nextPage"] = self._link(self.skipped + 1)
        return {
            "collection": found[start : start + self.size],
            "pagination": {
                "maxPageSizeAllowed": LARGEST_PAGE,
                "skipPages": self.skipped,
                "pageSize": self.size,
                "results": len(found),
                "resultsWithoutFilter": without_filter(len(found)),
                **links,
            },
            "metaData": {},
            "self": f"{self._address}?{_text(self._sent)}" if self._sent else self._address,
        }

    def _filter(self) -> Filter | None:
        text = self._sent.get("filter")
        return parse_filter(text, self._shape.filters) if text else None

    def _number(self, name: str, usual: int) -> int:
        text = self._sent.get(name)
        if text is None:
            return usual
        if not text.isdecimal():
            raise bad_filter(name, self._shape.filters)
        return int(text)

    def _sorted(self, rows: list[Row]) -> list[Row]:
        for name in reversed(self._sent.get("sort", self._shape.order[0]).split(",")):
            path = name.removeprefix("-")
            if path not in self._shape.order:
                raise RefusedError(400, f"{path} cannot be sorted by.", code="E00400")
            rows.sort(key=lambda row, path=path: _rank(find(row, path)), reverse=name.startswith("-"))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        return rows

    def _link(self, skipped: int) -> str:
        return (
            f"{self._address}?{_text({**self._sent, 'skippages': str(skipped), 'pagesize': str(self.size)})}"
        )


def tidy(value: Any) -> Any:
    """What is sent: properties that are false or null are left out."""
    if isinstance(value, dict):
        return {name: tidy(one) for name, one in value.items() if one is not None and one is not False}
    return [tidy(one) for one in value] if isinstance(value, list) else value


def _rank(value: Any) -> tuple[bool, Any]:
    return value is not None, 0 if value is None else value


def _text(parameters: Mapping[str, str]) -> str:
    return urlencode(parameters, quote_via=quote, safe="")
