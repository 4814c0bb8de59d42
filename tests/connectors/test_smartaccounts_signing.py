"""SmartAccounts' form, signature and clock."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from connectors.api import Call
from connectors.errors import FormError
from connectors.protocol import Access, MonthCounts
from connectors.smartaccounts import SMARTACCOUNTS
from connectors.smartaccounts.calls import signed
from support.connecting import SteppingClock, account_with, answering
from support.smartaccounts_company import ACCESS, CHART, JANUARY, Company

WINTER = datetime(2026, 1, 15, 6, 9, 10, tzinfo=UTC)
SUMMER = datetime(2026, 7, 15, 6, 9, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "params", "timestamp", "signature"),
    [
        (WINTER, {}, "15012026080910", "ef297ab29e18ba2a5f4366a0634248d3154ad73447b64b0c2fc8c84c32d11486"),
        (
            SUMMER,
            {"dateFrom": "01.02.2024", "dateTo": "29.02.2024", "dateType": "date", "pageNumber": "2"},
            "15072026090910",
            "6ec9b9c5446706d66188c74758356286451df98101b03193a3c528a8b5d9909a",
        ),
        (
            WINTER,
            {"clientName": "Põhjala Aed, AS"},
            "15012026080910",
            "027670421f8c5ffbd90eaeebc8547d87129dc770771ee6a74e1872765af432c1",
        ),
    ],
)
def test_a_query_is_signed_in_estonian_time(
    at: datetime, params: dict[str, str], timestamp: str, signature: str
) -> None:
    call = signed(Call(path="/settings/accounts:get", params=params), Access(ACCESS), at)

    assert list(call.params) == ["timestamp", "apikey", *params, "signature"]
    assert call.params["timestamp"] == timestamp
    assert call.params["signature"] == signature


def test_a_body_is_signed_behind_the_query() -> None:
    call = signed(Call(path="/settings/accounts:get", body=b"{}"), Access(ACCESS), WINTER)

    assert call.params["signature"] == "67ca91193d290a7c733b6636a85e4e17de9d96bbb758754ba54966d872cd3376"


async def test_what_is_sent_is_what_was_signed_and_the_signature_is_last() -> None:
    company = Company()

    async with answering(company, clock=SteppingClock(at=WINTER)) as session:
        await SMARTACCOUNTS.test(session, account_with(SMARTACCOUNTS, ACCESS, {}))

    assert company.requests[0].method == "GET"
    assert str(company.requests[0].url) == (
        "https://sa.smartaccounts.eu/en/api/settings/accounts:get"
        "?timestamp=15012026080910&apikey=7c4a1e90d2b85f3360ad"
        "&signature=ef297ab29e18ba2a5f4366a0634248d3154ad73447b64b0c2fc8c84c32d11486"
    )


async def test_a_retry_has_a_new_timestamp_and_signature() -> None:
    company = Company()
    company.answers[CHART] = httpx.Response(502)

    async with answering(company) as session:
        with pytest.raises(Exception, match="502"):
            await SMARTACCOUNTS.test(session, account_with(SMARTACCOUNTS, ACCESS, {}))

    sent = [dict(request.url.params) for request in company.requests]
    assert len({one["timestamp"] for one in sent}) == len({one["signature"] for one in sent}) == 3


async def test_a_clock_that_is_off_is_corrected_once_by_the_provider_s() -> None:
    clock, company = SteppingClock(), Company()
    provider_now = clock.now() + timedelta(minutes=40)
    estonian = provider_now + timedelta(hours=3)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params["timestamp"] != f"{estonian:%d%m%Y%H%M%S}":
            told = f"{provider_now:%a, %d %b %Y %H:%M:%S GMT}"
            return httpx.Response(401, headers={"Date": told})
        return company(request)

    async with answering(answer, clock=clock) as session:
        account = account_with(SMARTACCOUNTS, ACCESS, {})
        reading = await SMARTACCOUNTS.read_months(session, account, [JANUARY])

    assert isinstance(reading.months[JANUARY], MonthCounts)
    assert reading.calls == 5


def test_the_form_asks_for_both_keys_and_strips_what_came_along() -> None:
    with pytest.raises(FormError) as caught:
        SMARTACCOUNTS.split({})
    credentials = SMARTACCOUNTS.split({"api_key": " 7c4a 1e90\n", "api_secret": "\u00a05e0d"})

    assert [problem.field for problem in caught.value.problems] == ["api_key", "api_secret"]
    assert credentials.grant.values == {"api_key": "7c4a1e90", "api_secret": "5e0d"}
    assert credentials.settings == {}
    assert [field.name for field in SMARTACCOUNTS.form.fields if field.secret] == ["api_secret"]
