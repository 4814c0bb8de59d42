"""Tripletex' sessions, companies and rights, over recorded answers."""

import httpx
import pytest
from connectors.errors import ForbiddenError, RejectedRequestError
from connectors.protocol import Grant, MonthFailure
from connectors.tripletex import TRIPLETEX
from support.connecting import SteppingClock, account_with, answering, json_of
from support.tripletex_company import MARCH, SESSION, Company, read
from sync_contracts.codes import ProblemCode
from sync_contracts.jobs import Books
from sync_contracts.providers import Provider


async def test_an_accountant_reads_its_client_s_books() -> None:
    company = Company()

    reading = await read(company, company_id="5512873")

    users = {one.url.path: one.headers["authorization"] for one in company.requests}
    own, client = (
        "Basic MDpkNWUxZjNhMC03YjQyLTRjMTktOWE2Ni0wZjJiOGMzZTFkNTc=",
        "Basic NTUxMjg3MzpkNWUxZjNhMC03YjQyLTRjMTktOWE2Ni0wZjJiOGMzZTFkNTc=",
    )
    assert users["/v2/company/>withLoginAccess"] == own
    assert users["/v2/invoice"] == client
    assert reading.books == Books(external_id="5512873", name="Kystfisk AS", currency="NOK")


async def test_a_company_that_the_token_does_not_open_is_a_missing_right() -> None:
    settings = {"environment": "production", "company_id": "77"}

    async with answering(Company()) as session:
        account = account_with(TRIPLETEX, {"session_token": SESSION}, settings)
        with pytest.raises(ForbiddenError, match="company"):
            await TRIPLETEX.test(session, account)


@pytest.mark.parametrize("company_id", ["0", "3300121"])
async def test_a_test_takes_at_most_two_calls_and_names_the_company(company_id: str) -> None:
    company = Company()
    settings = {"environment": "production", "company_id": company_id}

    async with answering(company) as session:
        account = account_with(TRIPLETEX, {"session_token": SESSION}, settings)
        found = await TRIPLETEX.test(session, account)

    assert found.books.name == "Fjell og Fjord AS"
    assert found.known
    assert found.calls == len(company.requests) <= 2


async def test_special_signs_in_paths_are_encoded() -> None:
    company = Company()

    await read(company)

    assert company.requests[0].url.raw_path.startswith(b"/v2/token/session/%3EwhoAmI?fields=")


async def test_other_books_are_told_before_anything_is_read() -> None:
    reading = await read(Company(), expected=Books(external_id="1"))

    failed = reading.months[MARCH]
    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.WRONG_COMPANY
    assert reading.calls == 0


async def test_a_probe_asks_one_row_of_each_list() -> None:
    company = Company()
    settings = {"environment": "production", "company_id": "0"}

    async with answering(company) as session:
        account = account_with(TRIPLETEX, {"session_token": SESSION}, settings)
        await TRIPLETEX.probe_rights(session, account, MARCH)
        company.answers["/supplierInvoice"] = httpx.Response(403, json={"code": 9000})
        with pytest.raises(ForbiddenError, match="supplierInvoice"):
            await TRIPLETEX.probe_rights(session, account, MARCH)

    assert {one.url.params["count"] for one in company.requests} == {"1"}
    assert len(company.requests) == 4 + 2


async def test_signing_in_sends_the_tokens_in_the_body_and_never_in_the_address() -> None:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(201, json={"value": {"id": 1, "token": SESSION}})

    operators = {Provider.TRIPLETEX: {"consumer_token_test": "eyJjb25zdW1lciI6MX0="}}
    grant = Grant({"employee_token": "eyJlbXBsb3llZSI6MX0="})
    clock = SteppingClock()
    async with answering(answer, clock=clock, operators=operators) as session:
        signed_in = await TRIPLETEX.sign_in(session, grant, {"environment": "test", "company_id": "0"})

    (request,) = requests
    assert (request.method, str(request.url)) == (
        "POST",
        "https://api-test.tripletex.tech/v2/token/session/:create",
    )
    assert "authorization" not in request.headers
    assert json_of(request) == {
        "consumerToken": "eyJjb25zdW1lciI6MX0=",
        "employeeToken": "eyJlbXBsb3llZSI6MX0=",
        "expirationDate": "2026-05-04",
    }
    assert signed_in.access.values == {"session_token": SESSION}
    assert signed_in.access.expires_at is not None
    assert (signed_in.access.expires_at - clock.now()).total_seconds() == 24 * 3600
    assert signed_in.grant == grant
    assert signed_in.calls == 1


async def test_without_the_installation_s_token_the_operator_is_told() -> None:
    async with answering(lambda _: httpx.Response(500)) as session:
        with pytest.raises(RejectedRequestError, match="consumer token"):
            await TRIPLETEX.sign_in(
                session, Grant({"employee_token": "eyJ"}), {"environment": "test", "company_id": "0"}
            )


def test_an_accountant_s_clients_share_one_limit_and_environments_do_not() -> None:
    grant = Grant({"employee_token": "eyJ"})

    def key(environment: str, company_id: str) -> str:
        return TRIPLETEX.account_key(grant, {"environment": environment, "company_id": company_id})

    assert key("production", "1") == key("production", "2") != key("test", "1")
