from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI, Request
from service_kit.problems import install_problems
from service_kit.tokens import User
from summary_writer.routes import build_router
from summary_writer.summary import Reading
from support.fakes import FakeClock
from support.summaries import READ_AT, MemorySummaries, counted
from sync_contracts.event import Role

MINUTE = timedelta(minutes=1)


@pytest.fixture
def store() -> MemorySummaries:
    return MemorySummaries(FakeClock())


@pytest.fixture
def client(store: MemorySummaries) -> httpx.AsyncClient:
    async def member(_: Request) -> User:
        return User(id="member-1", company_id="company-1", role=Role.MEMBER)

    app = FastAPI()
    install_problems(app)
    app.include_router(build_router(store, member))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service")


async def test_lists_the_callers_company_with_amounts_as_text(
    client: httpx.AsyncClient, store: MemorySummaries
) -> None:
    message = counted(net="1650.50", notes=("UNCONVERTED 2",))
    await store.write([Reading.of(message), Reading.of(counted(company_id="company-2"))])

    answer = await client.get("/v1/summaries")

    (summary,) = answer.json()["items"]
    assert answer.json()["next"] is None
    assert summary["values"]["sales_net"] == {
        "value": "1650.50",
        "unit": "EUR",
        "source": "documents",
        "basis": "accounting_date",
    }
    assert (summary["client_id"], summary["provider"], summary["month"]) == ("client-17", "xero", "2026-04")
    assert (summary["run_id"], summary["job_id"]) == (str(message.job.run_id), str(message.job.job_id))
    assert summary["notes"] == ["UNCONVERTED 2"]


async def test_pages_lead_through_all_summaries_of_a_filter(
    client: httpx.AsyncClient, store: MemorySummaries
) -> None:
    months = [f"2025-{n:02d}" for n in range(1, 13)]
    await store.write([Reading.of(counted(month=month)) for month in months])
    query: dict[str, str] = {"from": "2025-02", "to": "2025-11", "client_id": "client-17", "limit": "4"}

    pages = []
    while True:
        page = (await client.get("/v1/summaries", params=query)).json()
        pages.append([item["month"] for item in page["items"]])
        if page["next"] is None:
            break
        query["after"] = page["next"]

    assert [len(page) for page in pages] == [4, 4, 2]
    assert [month for page in pages for month in page] == months[1:11]


async def test_history_tells_what_was_replaced_newest_first(
    client: httpx.AsyncClient, store: MemorySummaries
) -> None:
    for n, net in enumerate(["1.00", "2.00", "3.00"]):
        await store.write([Reading.of(counted(net=net, read_at=READ_AT + n * MINUTE))])
    address = "/v1/summaries/client-17/xero/2026-04/history"

    page = (await client.get(address, params={"limit": 2})).json()
    rest = (await client.get(address, params={"before": page["next"]})).json()

    replaced = [change["replaced"]["values"]["sales_net"]["value"] for change in page["items"]]
    assert replaced == ["2.00", "1.00"]
    assert [change["replaced"] for change in rest["items"]] == [None]
    assert rest["next"] is None


@pytest.mark.parametrize(
    "query",
    [{"from": "2025-13"}, {"provider": "unknown"}, {"limit": "0"}, {"after": "x"}, {"client_id": "a b"}],
)
async def test_a_query_that_does_not_fit_is_a_problem_that_names_the_field(
    client: httpx.AsyncClient, query: dict[str, str]
) -> None:
    answer = await client.get("/v1/summaries", params=query)

    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_REQUEST")
    assert answer.json()["fields"] == [f"query.{name}" for name in query]


@pytest.mark.parametrize("month", ["2026-04", "2026-05"])
async def test_a_month_that_the_company_has_not_read_has_no_history(
    client: httpx.AsyncClient, store: MemorySummaries, month: str
) -> None:
    await store.write([Reading.of(counted(company_id="company-2"))])

    answer = await client.get(f"/v1/summaries/client-17/xero/{month}/history")

    assert (answer.status_code, answer.json()["code"]) == (404, "SUMMARY_NOT_FOUND")
