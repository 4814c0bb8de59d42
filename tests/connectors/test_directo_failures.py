"""What of Directo cannot be read fails the months it touches, over recorded answers."""

from typing import Any

import pytest
from connectors.protocol import MonthCounts, MonthFailure
from support.directo_database import (
    FEBRUARY,
    INVOICED,
    JANUARY,
    RECEIPT,
    SALE,
    Database,
    credit,
    debit,
    document,
    read,
)
from sync_contracts.codes import ProblemCode


@pytest.mark.parametrize(
    ("resource", "rows", "name"),
    [
        ("accounts", [{"code": "1020"}], "accounts.class"),
        ("accounts", [{"class": 0}], "accounts.code"),
        ("transactions", [{**SALE, "rows": [{"rn": 1, "debitamount": 1.0}]}], "transactions.rows.account"),
        ("transactions", [{"type": "FIN", "date": "2026-01-05", "rows": []}], "transactions.number"),
        (
            "transactions",
            [document("FIN", 1, "2026-01-05", {"account": "1020", "debitamount": 5.0}, {"account": "3100"})],
            "transactions.rows.creditamount",
        ),
        (
            "transactions",
            [document("FIN", 1, "2026-01-05", {"account": "1020"}, {"account": "3100", "creditamount": 5.0})],
            "transactions.rows.debitamount",
        ),
        ("transactions", [{"type": "FIN", "number": 1, "date": "2026-01-05"}], "transactions.rows"),
        ("invoices", [{"number": 1, "date": "2026-01-05"}], "invoices.confirmed"),
    ],
)
async def test_a_field_that_the_key_lacks_is_named(resource: str, rows: list[Any], name: str) -> None:
    database = Database(SALE)
    database.answers[resource] = rows

    result = (await read(database, settings=INVOICED)).months[JANUARY]

    assert isinstance(result, MonthFailure)
    assert result.code is ProblemCode.NO_PERMISSION
    assert result.detail == f"the key's field list lacks {name}"


@pytest.mark.parametrize(
    "spoiled",
    [
        {**SALE, "type": None},
        {**SALE, "number": None},
        {**SALE, "rows": [debit("9999", 1.0), credit("3100", 1.0)]},
        {**SALE, "rows": [{"debitamount": 1.0}, credit("3100", 1.0)]},
        {**SALE, "rows": [{"account": "1210", "debitamount": "12,00"}]},
        {**SALE, "rows": [{"account": "1210", "debitamount": []}]},
        {**SALE, "rows": [{"account": "1210", "debitamount": True}]},
    ],
)
async def test_a_bad_row_fails_its_month_only(spoiled: dict[str, Any]) -> None:
    database = Database(spoiled, document("FIN", 3, "2026-02-03", debit("5050", 1.0), credit("2225", 1.0)))

    months = (await read(database, JANUARY, FEBRUARY)).months

    failed = months[JANUARY]
    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.UNREADABLE_ANSWER
    assert isinstance(months[FEBRUARY], MonthCounts)


@pytest.mark.parametrize(
    "spoiled",
    [
        {**SALE, "date": "05.01.2026"},
        {**SALE, "date": None},
        {**SALE, "date": ["2026-01-05"]},
        {**SALE, "rows": None},
        {**SALE, "rows": [credit("3100", 1.0, date="n/a")]},
        {**SALE, "rows": [credit("3100", 1.0, date="1900-01-01")]},
    ],
)
async def test_a_date_that_cannot_be_read_fails_every_month(spoiled: dict[str, Any]) -> None:
    months = (await read(Database(RECEIPT, spoiled), JANUARY, FEBRUARY)).months

    assert {type(one) for one in months.values()} == {MonthFailure}
    assert {getattr(one, "code", None) for one in months.values()} == {ProblemCode.UNREADABLE_ANSWER}


async def test_an_account_of_an_unknown_class_is_never_guessed() -> None:
    database = Database(SALE)
    database.answers["accounts"].append({"code": "3100", "class": "7"})

    result = (await read(database)).months[JANUARY]

    assert isinstance(result, MonthFailure)
