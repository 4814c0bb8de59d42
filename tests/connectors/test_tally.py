from datetime import UTC, datetime
from decimal import Decimal

import pytest
from connectors.errors import ProviderDownError, ThrottledError, UnreadableAnswerError
from connectors.money import converted, rounded
from connectors.protocol import MonthCounts, MonthFailure, MonthWait
from connectors.tally import Tally, fingerprint
from hypothesis import given
from hypothesis import strategies as st
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.metrics import DOCUMENT_COUNTS, Metric, Source
from sync_contracts.month import Month

APRIL, MAY = Month(2026, 4), Month(2026, 5)
NOW = datetime(2026, 5, 2, 8, 0, tzinfo=UTC)
SOURCES = {
    **dict.fromkeys(DOCUMENT_COUNTS, Source.DOCUMENTS),
    Metric.SALES_NET: Source.DOCUMENTS,
    Metric.SALES_VAT: Source.DOCUMENTS,
    Metric.INCOME_TOTAL: Source.PROFIT_AND_LOSS,
    Metric.DOCUMENT_COUNT: Source.DOCUMENTS,
}
MONEY = st.decimals(min_value=-(10**7), max_value=10**7, places=2)


def new_tally() -> Tally:
    return Tally([APRIL, MAY], SOURCES, "EUR")


def add_sale(tally: Tally, number: int, net: Decimal, *, rate: Decimal | None = Decimal(1)) -> None:
    money = {Metric.SALES_NET: net, Metric.SALES_VAT: Decimal(0)}
    tally.add_document(APRIL, f"sale/{number}", Metric.SALES_INVOICE_COUNT, money, rate=rate)


def counts(tally: Tally, month: Month = APRIL) -> MonthCounts:
    result = tally.results(NOW)[month]
    assert isinstance(result, MonthCounts)
    return result


def test_an_empty_month_is_all_zeros() -> None:
    result = counts(new_tally())

    assert {metric: value.value for metric, value in result.values.items()} == dict.fromkeys(SOURCES, 0)
    assert str(result.values[Metric.SALES_NET].value) == "0.00"
    assert result.values[Metric.SALES_NET].unit == "EUR"
    assert result.values[Metric.DOCUMENT_COUNT].unit == "documents"
    assert (result.record_count, result.notes) == (0, ())


@given(st.lists(MONEY, max_size=30))
def test_sums_are_exact(amounts: list[Decimal]) -> None:
    tally = new_tally()

    for number, net in enumerate(amounts):
        add_sale(tally, number, net)

    values = counts(tally).values
    assert values[Metric.SALES_NET].value == sum(amounts, Decimal(0))
    assert values[Metric.SALES_INVOICE_COUNT].value == len(amounts)
    assert values[Metric.DOCUMENT_COUNT].value == len(amounts)


@given(st.lists(MONEY, min_size=1, max_size=20), st.decimals("0.01", "100", places=4))
def test_foreign_documents_are_converted_one_by_one(amounts: list[Decimal], rate: Decimal) -> None:
    tally = new_tally()

    for number, net in enumerate(amounts):
        add_sale(tally, number, net, rate=rate)

    assert counts(tally).values[Metric.SALES_NET].value == sum(
        (converted(net, rate, "EUR") for net in amounts), Decimal(0)
    )


@pytest.mark.parametrize("rate", [None, Decimal(0), Decimal(-1)])
def test_a_sum_with_an_unknown_rate_is_absent_and_said(rate: Decimal | None) -> None:
    tally = new_tally()
    add_sale(tally, 1, Decimal(100))
    add_sale(tally, 2, Decimal(50), rate=rate)

    result = counts(tally)

    assert Metric.SALES_NET not in result.values
    assert Metric.SALES_VAT not in result.values
    assert result.values[Metric.SALES_INVOICE_COUNT].value == 2
    assert result.notes == ("UNCONVERTED 1",)


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("2.345", "EUR", "2.35"),
        ("-2.345", "EUR", "-2.35"),
        ("2.344", "EUR", "2.34"),
        ("2.5", "JPY", "3"),
        ("2.0005", "KWD", "2.001"),
        ("-0.001", "EUR", "0.00"),
    ],
)
def test_rounding_is_half_up_to_the_minor_unit(amount: str, currency: str, expected: str) -> None:
    assert str(rounded(Decimal(amount), currency)) == expected


def test_conversion_divides() -> None:
    assert converted(Decimal("250.00"), Decimal("0.7812"), "EUR") == Decimal("320.02")


def test_conversion_with_the_books_own_units_for_a_foreign_one_multiplies() -> None:
    rate = Decimal("1.2801")
    tally = new_tally()

    tally.add_document(
        APRIL,
        "sale/1",
        Metric.SALES_INVOICE_COUNT,
        {Metric.SALES_NET: Decimal("250.00"), Metric.SALES_VAT: Decimal(0)},
        rate=rate,
        rate_is_own=True,
    )

    assert counts(tally).values[Metric.SALES_NET].value == Decimal("320.03")  # exactly 320.025


def test_the_fingerprint_depends_on_the_records_and_not_on_their_order() -> None:
    assert fingerprint(["b", "a"]) == fingerprint(["a", "b"])
    assert fingerprint(["a"]) != fingerprint(["a", "b"])
    # printf 'a\nb' | sha256sum
    assert fingerprint(["b", "a"]) == "7e18f737311b2dc3b2f269dd78396b0351f14fb66efa879f768cb23181883c78"


def test_the_first_problem_of_a_month_stays_and_other_months_are_whole() -> None:
    tally = new_tally()
    tally.fail([APRIL], UnreadableAnswerError("a"))
    tally.fail([APRIL], ProviderDownError("b"))

    results = tally.results(NOW)

    assert results[APRIL] == MonthFailure(ProblemCode.UNREADABLE_ANSWER, "a")
    assert isinstance(results[MAY], MonthCounts)
    assert tally.open_months == [MAY]


def test_a_throttle_is_a_wait() -> None:
    tally = new_tally()
    tally.fail([MAY], ThrottledError("429", retry_after_s=34, budget_key="k", daily=True))

    result = tally.results(NOW)[MAY]

    assert result == MonthWait(WaitReason.DAILY_LIMIT, datetime(2026, 5, 2, 8, 0, 34, tzinfo=UTC), "k")


def test_a_value_from_elsewhere_says_so_and_one_that_is_not_known_is_absent() -> None:
    tally = new_tally()
    tally.put(APRIL, Metric.INCOME_TOTAL, Decimal("12.5"), Source.LEDGER)
    tally.put(MAY, Metric.INCOME_TOTAL, None)

    april, may = counts(tally), counts(tally, MAY)

    assert april.values[Metric.INCOME_TOTAL].source is Source.LEDGER
    assert str(april.values[Metric.INCOME_TOTAL].value) == "12.50"
    assert Metric.INCOME_TOTAL not in may.values


def test_notes_are_told_once_with_their_number() -> None:
    tally = new_tally()
    tally.note(APRIL, "NOT_BOOKED", times=1)
    tally.note(APRIL, "NOT_BOOKED", times=1)
    tally.note(APRIL, "PLAIN")
    tally.note(APRIL, "PLAIN")

    assert counts(tally).notes == ("NOT_BOOKED 2", "PLAIN")


def test_a_document_may_add_its_amounts_without_being_counted() -> None:
    tally = new_tally()

    tally.add_document(APRIL, "claim/1", None, {Metric.SALES_NET: Decimal(5)}, rate=Decimal(2))

    result = counts(tally)
    assert result.values[Metric.SALES_NET].value == Decimal("2.50")
    assert result.values[Metric.DOCUMENT_COUNT].value == 0
    assert result.record_count == 1
