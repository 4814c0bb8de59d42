"""Fortnox's test and rights, over recorded answers."""

import pytest
from connectors.errors import WrongCompanyError
from connectors.fortnox import FORTNOX
from support.connecting import account_with, answering
from support.fortnox_company import MARCH, TENANT, Company, failed, read
from sync_contracts.codes import ProblemCode
from sync_contracts.jobs import Books


async def test_other_books_are_known_by_the_database_s_number() -> None:
    company = Company()

    reading = await read(company, expected=Books(external_id="1733022"))

    assert failed(reading) == {MARCH: ProblemCode.WRONG_COMPANY}
    assert reading.books == Books(external_id=TENANT, name="Björk & Lind AB", currency="SEK")
    assert reading.calls == 0


async def test_a_test_compares_company_and_tenant_id_within_two_calls() -> None:
    company = Company()

    async with answering(company) as session:
        account = account_with(FORTNOX, {"access_token": "eyJ"}, {"tenant_id": TENANT})
        found = await FORTNOX.test(session, account)
        stranger = account_with(FORTNOX, {"access_token": "eyJ"}, {"tenant_id": "1733022"})
        with pytest.raises(WrongCompanyError) as caught:
            await FORTNOX.test(session, stranger)

    assert (found.books.name, found.known, found.calls) == ("Björk & Lind AB", True, 2)
    assert "tenant id" in caught.value.cause


async def test_a_probe_asks_for_one_row_of_each_list() -> None:
    company = Company()

    async with answering(company) as session:
        account = account_with(FORTNOX, {"access_token": "eyJ"}, {"tenant_id": TENANT})
        await FORTNOX.probe_rights(session, account, MARCH)

    assert [one.url.path for one in company.requests] == [
        "/3/financialyears",
        "/3/invoices",
        "/3/supplierinvoices",
    ]
    assert {one.url.params["limit"] for one in company.requests} == {"1"}
