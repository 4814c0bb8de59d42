"""The older interface: what it is asked, and its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import quoteattr

from sandbox.books.ledger import Books
from sandbox.directo.company import Company
from sandbox.directo.errors import RefusedError
from sandbox.directo.filters import day_between
from sandbox.directo.ledger import transactions
from sandbox.directo.rows import Row, transaction_row

# Fields of a row that this interface does not have.
_NOT_HERE = frozenset({"customer", "supplier", "cu"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A period of the ledger, both days included, and perhaps one type."""

    first: date
    last: date
    kind: str | None

    @classmethod
    def of(cls, params: Mapping[str, str]) -> Asked:
        """What the parameters ask for; without those that lead to a component the address is wrong."""
        if params.get("get") != "1" or params.get("what") != "transaction":
            raise RefusedError(404, "Invalid url given")
        first, last = (day_between(params.get(name, "")) for name in ("date1", "date2"))
        return cls(first, last, params.get("type"))


def transaction_rows(company: Company, books: Books, asked: Asked) -> list[Row]:
    """The documents asked for."""
    return [
        transaction_row(company, made)
        for month in books.months(asked.first, asked.last)
        for made in transactions(books, month)
        if asked.first <= made.dated_on <= asked.last and asked.kind in {None, made.kind}
    ]


def rendered(rows: list[Row], *, has_container: bool) -> bytes:
    """The records as elements; some databases leave the container out."""
    elements = "".join(_transaction(row) for row in rows)
    inner = f"<transactions>{elements}</transactions>" if has_container else elements
    return f'<?xml version="1.0" encoding="utf-8"?>\n<transport>{inner}</transport>'.encode()


def _transaction(row: Row) -> str:
    header = {name: value for name, value in row.items() if name != "rows"}
    lines = "".join(f"<row{_attributes(line)}/>" for line in row["rows"])
    return f"<transaction{_attributes(header)}><rows>{lines}</rows></transaction>"


def _attributes(fields: Mapping[str, Any]) -> str:
    """A value that is null is no attribute; amounts have four decimals."""
    return "".join(
        f" {name}={quoteattr(_text(value))}"
        for name, value in fields.items()
        if value is not None and name not in _NOT_HERE
    )


def _text(value: object) -> str:
    return f"{Decimal(str(value)):.4f}" if isinstance(value, float) else str(value)
