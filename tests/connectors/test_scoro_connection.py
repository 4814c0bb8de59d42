"""Scoro's test, companies and rights, over recorded answers."""

from typing import Any

import pytest
from connectors.protocol import Identified, MonthFailure
from connectors.scoro import SCORO
from support.connecting import account_with, answering
from support.scoro_readings import JANUARY, read
from support.scoro_site import ACCESS, BILLS, COMPANY, EXPENSES, INVOICES, SETTINGS, Site
from sync_contracts.codes import ProblemCode
from sync_contracts.jobs import Books


async def of_a_test(site: Site, **settings: str) -> Identified:
    async with answering(site) as session:
        return await SCORO.test(session, account_with(SCORO, ACCESS, {**SETTINGS, **settings}))


async def test_a_test_names_the_company_in_two_calls() -> None:
    site = Site()

    found = await of_a_test(site)

    assert found.books == Books(external_id="16024517", name="Kauri Stuudio OÜ", currency="EUR")
    assert (found.known, found.calls) == (True, 2)
    assert site.asked(INVOICES) == [{"per_page": 1, "page": 1}]


@pytest.mark.parametrize("number", [None, "", " ", 0])
async def test_without_a_registry_number_nobody_knows_whose_books_they_are(number: Any) -> None:
    site = Site()
    site.rows[COMPANY][0]["reg_no"] = number

    found = await of_a_test(site)

    assert not found.known
    assert found.books.name == "Kauri Stuudio OÜ"


async def test_several_companies_tell_their_common_currency_and_nothing_else() -> None:
    site = Site()
    site.rows[COMPANY].append({"company_name": "Kauri Holding OÜ", "base_currency": "EUR", "reg_no": "1"})

    found = await of_a_test(site)

    assert found.books == Books(currency="EUR")
    assert not found.known


@pytest.mark.parametrize("more", [[], ["SEK"], [None]])
async def test_without_one_base_currency_nothing_is_read(more: list[Any]) -> None:
    site = Site()
    site.rows[COMPANY] = [
        {"company_name": "Kauri", "base_currency": currency}
        for currency in [*more, *(["EUR"] if more else [])]
    ]

    reading = await read(site)

    failed = reading.months[JANUARY]
    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.UNREADABLE_ANSWER
    assert reading.calls == 0


async def test_rights_are_probed_in_every_module() -> None:
    site = Site()

    async with answering(site) as session:
        await SCORO.probe_rights(session, account_with(SCORO, ACCESS, SETTINGS), JANUARY)

    days = {"from_date": "2026-01-01", "to_date": "2026-01-31"}
    for module in (INVOICES, BILLS, EXPENSES):
        assert site.asked(module) == [{"filter": {"date": days}, "per_page": 1, "page": 1}]
