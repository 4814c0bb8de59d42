"""e-conomic's form, test and rights, over recorded answers."""

import httpx
import pytest
from connectors.e_conomic import E_CONOMIC
from connectors.errors import ForbiddenError, FormError
from connectors.limits import Scope
from support.connecting import account_with, answering
from support.economic_agreement import APRIL, GRANT, OPERATORS, Agreement, failure, read
from sync_contracts.codes import ProblemCode
from sync_contracts.jobs import Books


async def test_other_books_are_told_before_anything_is_read() -> None:
    reading = await read(Agreement(), expected=Books(external_id="1"))

    assert failure(reading.months[APRIL]) is ProblemCode.WRONG_COMPANY
    assert reading.calls == 0


async def test_a_test_takes_two_calls_and_tells_the_company() -> None:
    agreement = Agreement()

    async with answering(agreement, operators=OPERATORS) as session:
        found = await E_CONOMIC.test(session, account_with(E_CONOMIC, {"agreement_grant_token": GRANT}, {}))

    assert found.books == Books(external_id="1800321", name="Fyn Bageri ApS", currency="DKK")
    assert found.known
    assert found.calls == len(agreement.requests) == 2


@pytest.mark.parametrize(
    ("path", "half"), [("/invoices/booked", "Sales"), ("/accounting-years", "Bookkeeping")]
)
async def test_a_probe_names_the_half_that_is_missing(path: str, half: str) -> None:
    agreement = Agreement()
    agreement.answers[path] = httpx.Response(403, json={"httpStatusCode": 403})

    async with answering(agreement, operators=OPERATORS) as session:
        books = account_with(E_CONOMIC, {"agreement_grant_token": GRANT}, {})
        with pytest.raises(ForbiddenError) as caught:
            await E_CONOMIC.probe_rights(session, books, APRIL)

    assert caught.value.cause.startswith(f"{half} data is missing")
    assert {one.url.params["pagesize"] for one in agreement.requests} == {"1"}


async def test_a_grant_is_stripped_and_needs_no_call_to_sign_in() -> None:
    credentials = E_CONOMIC.split({"agreement_grant_token": f" {GRANT}\n", "app_public_token": "p"})

    async with answering(lambda _: httpx.Response(500)) as session:
        signed_in = await E_CONOMIC.sign_in(session, credentials.grant, credentials.settings)

    assert credentials.grant.values == signed_in.access.values == {"agreement_grant_token": GRANT}
    assert signed_in.access.expires_at is None
    assert GRANT not in E_CONOMIC.account_key(credentials.grant, credentials.settings)


@pytest.mark.parametrize("token", ["", "ø" * 40, "x" * 201])
def test_what_is_no_token_is_refused_without_quoting_it(token: str) -> None:
    with pytest.raises(FormError) as caught:
        E_CONOMIC.split({"agreement_grant_token": token})

    assert [problem.field for problem in caught.value.problems] == ["agreement_grant_token"]
    assert not token or token not in str(caught.value) + caught.value.problems[0].message


def test_a_day_of_an_agreement_and_four_calls_at_a_time_are_its_limits() -> None:
    day, app = E_CONOMIC.budgets

    assert (day.scope, day.is_daily, day.concurrent) == (Scope.ACCOUNT, True, 1)
    assert day.calls is not None
    assert 45_000 <= day.calls < 50_000
    assert (app.scope, app.concurrent) == (Scope.APP, 4)
