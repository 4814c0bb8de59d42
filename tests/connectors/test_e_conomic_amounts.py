"""What e-conomic's invoices, vouchers and entries count, over recorded answers."""

from decimal import Decimal
from typing import Any

import pytest
from connectors.protocol import MonthCounts
from support.economic_agreement import APRIL, Agreement, account, april, bill, entry, failure, invoice, read
from sync_contracts.codes import ProblemCode
from sync_contracts.metrics import Metric
from sync_contracts.month import Month


@pytest.mark.parametrize(
    ("net", "gross", "is_credit"),
    [("-1.0", "-1.25", True), ("0.0", "-5.0", True), ("0.0", "0.0", False), ("0.0", "5.0", False)],
)
async def test_the_sign_tells_a_credit_note(net: str, gross: str, is_credit: bool) -> None:
    agreement = Agreement()
    row = invoice(1, net, "0.0") | {"grossAmountInBaseCurrency": gross}
    agreement.sales.append(row)

    counts = await april(agreement)

    assert counts.values[Metric.SALES_CREDIT_NOTE_COUNT].value == is_credit
    assert counts.values[Metric.SALES_INVOICE_COUNT].value == (not is_credit)


async def test_vat_of_a_foreign_invoice_is_rounded_half_up() -> None:
    agreement = Agreement()
    foreign = {"currency": "USD", "exchangeRate": "650.0", "netAmountInBaseCurrency": "6.5"}
    agreement.sales.append(invoice(1, "1.0", "0.01", **foreign, grossAmountInBaseCurrency="6.57"))

    counts = await april(agreement)

    assert counts.values[Metric.SALES_VAT].value == Decimal("0.07")
    assert counts.notes == ()


async def test_vat_without_a_rate_is_what_gross_has_more_than_net() -> None:
    agreement = Agreement()
    row = invoice(
        1,
        "10.0",
        "2.5",
        currency="EUR",
        netAmountInBaseCurrency="74.5",
        grossAmountInBaseCurrency="93.15",
        roundingAmount="0.02",
    )
    del row["exchangeRate"]
    agreement.sales.append(row)

    assert (await april(agreement)).values[Metric.SALES_VAT].value == Decimal("18.63")


@pytest.mark.parametrize(("rounding", "notes"), [("0.30", ()), ("0.0", ("VAT_DIFFERS 1",))])
async def test_vat_that_gross_and_net_contradict_is_noted(rounding: str, notes: tuple[str, ...]) -> None:
    agreement = Agreement()
    agreement.sales.append(
        invoice(1, "100.0", "25.0", grossAmountInBaseCurrency="125.30", roundingAmount=rounding)
    )

    counts = await april(agreement)

    assert counts.values[Metric.SALES_VAT].value == 25
    assert counts.notes == notes


async def test_reversed_charge_cancels_itself() -> None:
    agreement = Agreement()
    agreement.entries.extend(
        [
            bill(1, 2750, "400.0", 7),
            bill(2, 6800, "-400.0", 7, supplier={"supplierNumber": 1}),
            bill(3, 7240, "100.0", 7),
            bill(4, 7210, "-100.0", 7),
        ]
    )

    counts = await april(agreement)

    assert counts.values[Metric.PURCHASE_NET].value == 400
    assert counts.values[Metric.PURCHASE_VAT].value == 0


async def test_only_supplier_invoices_of_a_supplier_are_bills() -> None:
    agreement = Agreement()
    agreement.entries.extend(
        [
            entry(1, 6800, "-50.0", 1),
            entry(2, 2750, "50.0", 1),
            entry(3, 6800, "70.0", 2, entryType="supplierPayment", supplier={"supplierNumber": 1}),
            entry(4, 5820, "-70.0", 2, entryType="supplierPayment"),
            bill(5, 6800, "-20.0", 3),
            bill(6, 2750, "20.0", 3),
        ]
    )

    counts = await april(agreement)

    assert counts.values[Metric.PURCHASE_INVOICE_COUNT].value == 0
    assert counts.values[Metric.PURCHASE_CREDIT_NOTE_COUNT].value == 0
    assert counts.values[Metric.PURCHASE_NET].value == 0


async def test_two_bills_in_one_voucher_are_two() -> None:
    agreement = Agreement()
    agreement.entries.extend(
        [
            bill(1, 2750, "30.0", 9),
            bill(2, 6800, "-10.0", 9, supplier={"supplierNumber": 1}),
            bill(3, 6800, "-20.0", 9, supplier={"supplierNumber": 2}),
        ]
    )

    counts = await april(agreement)

    assert counts.values[Metric.PURCHASE_INVOICE_COUNT].value == 2
    assert counts.values[Metric.ENTRY_COUNT].value == 1


async def test_a_voucher_s_number_names_another_one_in_another_month() -> None:
    agreement = Agreement()
    agreement.entries.extend(
        [entry(1, 2750, "10.0", 5, date="2026-03-31"), entry(2, 2750, "20.0", 5, date="2026-04-01")]
    )

    reading = await read(agreement, Month(2026, 3), APRIL)

    for result in reading.months.values():
        assert isinstance(result, MonthCounts)
        assert result.values[Metric.ENTRY_COUNT].value == 1


@pytest.mark.parametrize("kind", ["openingEntry", "transferredOpeningEntry"])
async def test_opening_balances_are_no_entries(kind: str) -> None:
    agreement = Agreement()
    agreement.entries.extend(
        [entry(1, 5820, "5.0", None, entryType=kind), entry(2, 6800, "-5.0", None, entryType=kind)]
    )

    counts = await april(agreement)

    assert {one.value for one in counts.values.values()} == {0}
    assert counts.record_count == 2


async def test_customer_invoices_made_by_hand_are_noted() -> None:
    agreement = Agreement()
    by_hand = {"entryType": "manualDebtorInvoice"}
    agreement.entries.extend(
        [
            entry(1, 5600, "10.0", 1, **by_hand, customer={"customerNumber": 3}),
            entry(2, 1010, "-10.0", 1, **by_hand),
        ]
    )

    counts = await april(agreement)

    assert counts.values[Metric.DOCUMENT_COUNT].value == 0
    assert counts.values[Metric.INCOME_TOTAL].value == 10
    assert counts.notes == ("MANUAL_CUSTOMER_INVOICES 1",)


@pytest.mark.parametrize(
    "row",
    [
        entry(1, 9999, "1.0"),
        entry(1, 2750, "1.0", None),
        entry(1, 2750, "1.0", entryType="supplierCreditNote"),
        {**entry(1, 2750, "1.0"), "amountInBaseCurrency": "about one"},
        {**entry(1, 2750, "1.0"), "date": "soon"},
    ],
)
async def test_a_row_that_does_not_fit_fails_its_month(row: dict[str, Any]) -> None:
    agreement = Agreement()
    agreement.entries.append(row)
    agreement.filters = False

    assert failure((await read(agreement)).months[APRIL]) is ProblemCode.UNREADABLE_ANSWER


@pytest.mark.parametrize(("kind", "side"), [("somethingNew", "debit"), ("profitAndLoss", "both")])
async def test_an_account_of_an_unknown_kind_fails_the_months_that_use_it(kind: str, side: str) -> None:
    agreement = Agreement()
    agreement.lists["/accounts"].append(account(4000, kind, side))
    agreement.entries.append(entry(1, 4000, "1.0", date="2026-03-01"))

    reading = await read(agreement, Month(2026, 3), APRIL)

    assert failure(reading.months[Month(2026, 3)]) is ProblemCode.UNREADABLE_ANSWER
    assert isinstance(reading.months[APRIL], MonthCounts)
