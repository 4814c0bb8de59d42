"""What Scoro's rows count, over recorded answers."""

from typing import Any

import pytest
from connectors.scoro import SCORO
from support.scoro_readings import claim, january, row, value
from support.scoro_site import BILLS, EXPENSES, INVOICES, Site
from sync_contracts.metrics import Metric


@pytest.mark.parametrize(
    ("net", "vat", "credited"),
    [(80, 19.2, [7]), (-80, -19.2, [7]), (-80, -19.2, []), (-80, 19.2, None), ("-80.00", "-19.20", [])],
)
async def test_a_credit_invoice_is_subtracted_whatever_its_sign(net: Any, vat: Any, credited: Any) -> None:
    site = Site()
    site.rows[INVOICES] = [row(1, net, vat_sum=vat, credited_invoices=credited)]

    counts = await january(site)

    assert value(counts, Metric.SALES_CREDIT_NOTE_COUNT) == value(counts, Metric.DOCUMENT_COUNT) == 1
    assert value(counts, Metric.SALES_NET) == value(counts, Metric.INCOME_TOTAL) == -80
    assert str(value(counts, Metric.SALES_VAT)) == "-19.20"


async def test_a_negative_bill_takes_back() -> None:
    site = Site()
    site.rows[BILLS] = [row(1, 50, vat_sum=12), row(2, -20, vat_sum=4.8)]

    counts = await january(site)

    assert value(counts, Metric.PURCHASE_CREDIT_NOTE_COUNT) == 1
    assert value(counts, Metric.PURCHASE_NET) == value(counts, Metric.EXPENSE_TOTAL) == 30
    assert str(value(counts, Metric.PURCHASE_VAT)) == "7.20"


async def test_expenses_are_no_purchases_but_cost() -> None:
    site = Site()
    site.rows[EXPENSES] = [claim(1, 30), claim(2, "-4.50")]

    counts = await january(site)

    assert value(counts, Metric.PURCHASE_NET) == value(counts, Metric.DOCUMENT_COUNT) == 0
    assert str(value(counts, Metric.EXPENSE_TOTAL)) == "25.50"
    assert counts.notes == ("EXPENSE_CLAIMS 2", "BILLING_FIGURES")


@pytest.mark.parametrize("rate", [None, "", 0, "0.00"])
async def test_a_foreign_document_without_a_rate_leaves_its_sums_unknown(rate: Any) -> None:
    site = Site()
    site.rows[INVOICES] = [row(1, 9, currency="USD", currency_rate=rate), row(2, 1)]
    site.rows[EXPENSES] = [claim(1, 9, currency="USD", currency_rate=rate)]
    site.rows[BILLS] = [row(1, 4)]

    counts = await january(site)

    assert set(SCORO.sources) - set(counts.values) == {
        Metric.SALES_NET,
        Metric.SALES_VAT,
        Metric.INCOME_TOTAL,
        Metric.EXPENSE_TOTAL,
    }
    assert value(counts, Metric.SALES_INVOICE_COUNT) == 2
    assert value(counts, Metric.PURCHASE_NET) == 4
    assert "UNCONVERTED 2" in counts.notes


@pytest.mark.parametrize("rate", [None, 0, 7, "n/a"])
async def test_a_rate_means_nothing_in_the_base_currency(rate: Any) -> None:
    site = Site()
    site.rows[INVOICES] = [row(1, 9, currency_rate=rate)]

    counts = await january(site)

    assert value(counts, Metric.SALES_NET) == 9
    assert counts.notes == ("BILLING_FIGURES",)


async def test_half_a_cent_is_rounded_up_in_each_document() -> None:
    site = Site()
    site.rows[INVOICES] = [row(number, "0.10", currency="USD", currency_rate=1.25) for number in (1, 2)]

    assert str(value(await january(site), Metric.SALES_NET)) == "0.26"


@pytest.mark.parametrize("told", [True, 1, "1", "true"])
async def test_what_is_deleted_is_not_counted(told: Any) -> None:
    site = Site()
    for module in (INVOICES, BILLS):
        site.rows[module] = [row(1, 9, is_deleted=told), row(2, 4, is_deleted=None)]
    site.rows[EXPENSES] = [claim(1, 9, is_deleted=told), claim(2, 4, is_deleted="0")]

    counts = await january(site)

    assert value(counts, Metric.DOCUMENT_COUNT) == 2
    assert value(counts, Metric.EXPENSE_TOTAL) == 8


@pytest.mark.parametrize(("only_sent", "net"), [("no", 10), ("yes", 7)])
async def test_unsent_invoices_are_counted_unless_the_connection_says_otherwise(
    only_sent: str, net: int
) -> None:
    site = Site()
    site.rows[INVOICES] = [row(1, 7), row(2, 2, is_sent=False), row(3, 1, is_sent=None)]
    site.rows[BILLS] = [row(1, 4, is_sent=False)]

    counts = await january(site, only_sent=only_sent)

    assert value(counts, Metric.SALES_NET) == net
    assert value(counts, Metric.PURCHASE_NET) == 4


@pytest.mark.parametrize("own", ["kauri-ou", "Kauri-OU", None, ""])
async def test_rows_of_the_site_s_other_entities_are_left_out_and_noted(own: str | None) -> None:
    site = Site()
    site.rows[INVOICES] = [row(1, 7, account_id=own), row(2, 2, account_id="kauri-holding")]
    site.rows[EXPENSES] = [claim(1, 4, account_id="kauri-holding")]

    counts = await january(site)

    assert value(counts, Metric.SALES_NET) == 7
    assert value(counts, Metric.EXPENSE_TOTAL) == 0
    assert counts.notes == ("OTHER_ENTITY 2", "BILLING_FIGURES")
