"""QuickBooks' form, identity and rights, over recorded answers."""

import httpx
import pytest
from connectors.errors import ForbiddenError, FormError
from connectors.protocol import Access, Grant
from connectors.quickbooks import QUICKBOOKS
from support.connecting import answering
from support.quickbooks_answers import REALM, Answering, account
from support.quickbooks_readings import MARCH


async def test_books_are_known_by_realm_and_the_instant_of_their_making() -> None:
    async with answering(Answering()) as session:
        found = await QUICKBOOKS.identify(session, account())

    assert (found.known, found.calls) == (True, 2)
    assert found.books.external_id == f"{REALM}@2023-05-02T15:00:00Z"
    assert (found.books.name, found.books.currency) == ("Pine Works Ltd", "GBP")


async def test_without_that_instant_nobody_can_tell_whose_books_they_are() -> None:
    answers = Answering()

    def nameless(request: httpx.Request) -> httpx.Response:
        if "companyinfo" in request.url.path:
            return httpx.Response(200, json={"CompanyInfo": {"CompanyName": "Pine Works Ltd", "Id": "1"}})
        return answers(request)

    async with answering(nameless) as session:
        found = await QUICKBOOKS.identify(session, account())

    assert (found.known, found.books.external_id) == (False, None)


@pytest.mark.parametrize(
    ("environment", "host"),
    [("production", "quickbooks.api.intuit.com"), ("sandbox", "sandbox-quickbooks.api.intuit.com")],
)
async def test_each_environment_has_its_own_host(environment: str, host: str) -> None:
    answers = Answering()

    async with answering(answers) as session:
        await QUICKBOOKS.test(session, account(environment))

    assert {one.url.host for one in answers.requests} == {host}


async def test_a_probe_asks_for_one_row_of_each_list_and_tells_a_missing_right() -> None:
    denied = {"Fault": {"Error": [{"code": "5020"}], "type": "ValidationFault"}}
    answers = Answering(items={"from VendorCredit": denied})

    async with answering(answers) as session:
        with pytest.raises(ForbiddenError) as caught:
            await QUICKBOOKS.probe_rights(session, account(), MARCH)

    assert len(answers.queries[0]) == 10
    assert "maxresults 1" in answers.queries[0][0]
    assert "administrator" in caught.value.cause


FIELDS = {"refresh_token": "RT1-made-up", "realm_id": REALM}


def test_a_form_s_fields_are_sorted() -> None:
    given = FIELDS | {
        "environment": "Sandbox",
        "client_id": "ABq7",
        "client_secret": "s",
        "access_token": "eyJ",
        "expires_at": "2026-04-01T10:00:00+00:00",
    }

    credentials = QUICKBOOKS.split(given)

    assert credentials.settings == {"realm_id": REALM, "environment": "sandbox"}
    assert credentials.grant == Grant(FIELDS | {"client_id": "ABq7", "client_secret": "s"})
    assert credentials.access is not None
    assert credentials.access.values == Access({"access_token": "eyJ"}).values


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, "refresh_token"),
        ({"realm_id": REALM}, "refresh_token"),
        ({"refresh_token": "RT1-made-up"}, "realm_id"),
        (FIELDS | {"realm_id": "../../evil.example"}, "realm_id"),
        (FIELDS | {"realm_id": "123"}, "realm_id"),
        (FIELDS | {"environment": "staging"}, "environment"),
    ],
)
def test_fields_that_do_not_fit_are_named(fields: dict[str, str], named: str) -> None:
    with pytest.raises(FormError) as caught:
        QUICKBOOKS.split(fields)

    assert [problem.field for problem in caught.value.problems] == [named]


def test_a_company_is_one_token_set_and_one_account_whoever_consents() -> None:
    first, again = (Grant({"realm_id": REALM, "refresh_token": token}) for token in ("RT1-a", "RT1-b"))
    other = Grant({"realm_id": "9130350000000048", "refresh_token": "RT1-a"})
    settings = {"realm_id": REALM, "environment": "production"}

    assert QUICKBOOKS.owner_key(first) == QUICKBOOKS.owner_key(again) != QUICKBOOKS.owner_key(other)
    assert QUICKBOOKS.account_key(first, settings) == QUICKBOOKS.account_key(again, settings)
    assert REALM not in QUICKBOOKS.account_key(first, settings)
