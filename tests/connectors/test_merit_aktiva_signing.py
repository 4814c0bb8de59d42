"""Merit Aktiva's signature, hosts and clock."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from connectors.api import Call
from connectors.merit_aktiva import MERIT_AKTIVA
from connectors.merit_aktiva.calls import signed
from connectors.protocol import Access, MonthCounts
from support.connecting import SteppingClock, account_with, answering
from support.merit_company import ACCESS, JANUARY, Company, read


def test_a_call_is_signed_with_the_utc_time() -> None:
    body = b'{"PeriodStart":"20260101","PeriodEnd":"20260131"}'
    at = datetime(2026, 2, 3, 4, 15, 6, tzinfo=UTC)

    call = signed(Call(method="POST", path="/v2/getinvoices", body=body), Access(ACCESS), at)

    assert call.params == {
        "ApiId": ACCESS["api_id"],
        "timestamp": "20260203041506",
        "signature": "qcOQcvgDoBLNdX+tetHRu6e1CAtm+q9y8M1r+IduPe4=",
    }


async def test_the_signature_s_signs_are_percent_encoded() -> None:
    company = Company()
    clock = SteppingClock(at=datetime(2026, 2, 3, 4, 15, 6, tzinfo=UTC))

    async with answering(company, clock=clock) as session:
        await MERIT_AKTIVA.test(session, account_with(MERIT_AKTIVA, ACCESS, {"country": "EE"}))

    assert company.requests[0].content == b"{}"
    assert "signature=apcDY5c%2FxPO0YY3SN%2BLWb%2FAtYPu5f%2FB5JvLFXkH33Ug%3D" in str(company.requests[0].url)


async def test_a_retry_has_a_new_timestamp_and_signature() -> None:
    company = Company()
    company.answers["v1/gettaxes"] = httpx.Response(503)

    async with answering(company) as session:
        with pytest.raises(Exception, match="503"):
            await MERIT_AKTIVA.test(session, account_with(MERIT_AKTIVA, ACCESS, {"country": "EE"}))

    sent = [dict(request.url.params) for request in company.requests]
    assert len({one["timestamp"] for one in sent}) == len({one["signature"] for one in sent}) == 3


@pytest.mark.parametrize(
    ("country", "host"),
    [("EE", "aktiva.merit.ee"), ("FI", "app.passelimerit.fi"), ("PL", "program.360ksiegowosc.pl")],
)
async def test_each_country_has_its_host(country: str, host: str) -> None:
    company = Company()

    await read(company, country=country)

    assert {request.url.host for request in company.requests} == {host}


async def test_a_clock_that_is_off_is_corrected_once_by_the_provider_s() -> None:
    provider_ahead = timedelta(minutes=30)
    clock = SteppingClock()
    provider_now = clock.now() + provider_ahead
    company = Company()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params["timestamp"] != f"{provider_now:%Y%m%d%H%M%S}":
            told = f"{provider_now:%a, %d %b %Y %H:%M:%S GMT}"
            return httpx.Response(401, text="api-wrongsignature", headers={"Date": told})
        return company(request)

    async with answering(answer, clock=clock) as session:
        account = account_with(MERIT_AKTIVA, ACCESS, {"country": "EE"})
        reading = await MERIT_AKTIVA.read_months(session, account, [JANUARY])

    assert isinstance(reading.months[JANUARY], MonthCounts)
    assert reading.calls == 6
