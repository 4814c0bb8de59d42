"""Whose books a connection to Trigon reads, over recorded answers."""

from typing import Any

import pytest
from connectors.errors import ForbiddenError, UnreadableAnswerError, WrongCompanyError
from connectors.protocol import MonthFailure
from connectors.trigon import TRIGON
from support.connecting import account_with
from support.trigon_firm import (
    ACCESS,
    BANK,
    COUNTS,
    ENTRIES,
    EXPENSES,
    FIRM,
    MARCH,
    PURCHASES,
    SALES,
    SETTINGS,
    Firm,
    read,
    session_with,
)
from sync_contracts.codes import ProblemCode


async def name_found(firm: Firm) -> str | None:
    async with session_with(firm) as session:
        found = await TRIGON.test(session, account_with(TRIGON, ACCESS, SETTINGS))
    assert found.calls == 1
    return found.books.name


async def test_a_test_is_one_call_and_names_the_firm() -> None:
    assert await name_found(Firm()) == "Sammal ja Pojad OÜ"


@pytest.mark.parametrize("firms", [[], [{**FIRM, "permissions": ["list"]}]])
async def test_a_firm_that_the_role_may_not_list_or_view_asks_for_both_rights(
    firms: list[dict[str, Any]],
) -> None:
    firm = Firm()
    firm.firms = firms

    with pytest.raises(ForbiddenError) as caught:
        await name_found(firm)

    assert caught.value.code is ProblemCode.NO_PERMISSION
    assert "List and View" in caught.value.cause


async def test_of_many_firms_the_one_with_the_code_is_taken() -> None:
    firm = Firm()
    firm.firms = [{**FIRM, "id": "fr-30", "regCode": "10000001"}, FIRM]

    assert await name_found(firm) == "Sammal ja Pojad OÜ"


@pytest.mark.parametrize(
    ("firms", "kind"),
    [
        ([{**FIRM, "regCode": "10000001"}], WrongCompanyError),
        ([FIRM, {**FIRM, "id": "fr-32"}], UnreadableAnswerError),
        ([{**FIRM, "id": ""}], UnreadableAnswerError),
    ],
)
async def test_no_other_firm_is_ever_read(firms: list[dict[str, Any]], kind: type[Exception]) -> None:
    firm = Firm()
    firm.firms = firms

    with pytest.raises(kind):
        await name_found(firm)


async def test_a_firm_s_id_cannot_lead_to_another_address() -> None:
    firm = Firm()
    firm.firms = [{**FIRM, "id": "../../admin?x=/"}]

    await read(firm)

    assert {request.url.raw_path.split(b"?")[0] for request in firm.requests[1:]} == {
        b"/base/v1/firms/..%2F..%2Fadmin%3Fx%3D%2F/" + name.encode()
        for name in (SALES, PURCHASES, ENTRIES, BANK, EXPENSES, COUNTS)
    } - {b"/base/v1/firms/..%2F..%2Fadmin%3Fx%3D%2F/" + EXPENSES.encode()}


async def test_without_an_address_the_operator_is_named_and_nothing_is_asked() -> None:
    firm = Firm()
    settings = {**SETTINGS, "environment": "test"}

    async with session_with(firm) as session:
        reading = await TRIGON.read_months(session, account_with(TRIGON, ACCESS, settings), [MARCH])
        with pytest.raises(Exception, match="no address") as caught:
            await TRIGON.test(session, account_with(TRIGON, ACCESS, settings))

    failed = reading.months[MARCH]
    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.PROVIDER_REJECTED_REQUEST
    assert "no address for trigon" in failed.detail
    assert "operator" in getattr(caught.value, "cause", "")
    assert not firm.requests
