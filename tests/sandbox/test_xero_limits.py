from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sandbox.clock import Clock
from support.sandbox_server import RunningSandbox, running_sandbox
from support.xero_calls import XeroCaller, xero_caller

# The clock stands still unless a test moves it: no call ever leaves its minute by itself.
NOON = datetime(2026, 4, 10, 12, tzinfo=UTC)


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clients=4, documents=4, clock=Clock(NOON)) as running:
        yield running


@pytest.fixture
def app(sandbox: RunningSandbox) -> XeroCaller:
    return xero_caller(sandbox)


def limit(sandbox: RunningSandbox, **limits: int) -> None:
    sandbox.http.post("/xero/_limits", json=limits).raise_for_status()


def pass_time(sandbox: RunningSandbox, seconds: float) -> None:
    sandbox.http.post("/_control/clock", json={"advance_s": seconds}).raise_for_status()


def test_every_answer_tells_what_is_left(app: XeroCaller) -> None:
    app.get("Organisation")
    headers = app.get("Invoices", page=1).headers

    assert headers["X-DayLimit-Remaining"] == "4998"
    assert headers["X-MinLimit-Remaining"] == "58"
    assert headers["X-AppMinLimit-Remaining"] == "9998"


def test_the_61st_call_of_a_minute_is_refused_until_the_minute_is_over(
    sandbox: RunningSandbox, app: XeroCaller
) -> None:
    statuses = [app.get("Organisation").status_code for _ in range(60)]
    refused = app.get("Organisation")

    assert statuses == [200] * 60
    assert (refused.status_code, refused.headers["X-Rate-Limit-Problem"]) == (429, "minute")
    assert refused.headers["X-MinLimit-Remaining"] == "0"
    assert (refused.headers["Retry-After"], refused.content) == ("60", b"")
    pass_time(sandbox, 60)
    assert app.get("Organisation").status_code == 200
    counted = sandbox.http.get("/_calls").json()
    assert counted["calls"]["xero"]["xero-0001"]["throttled"] == 1
    assert counted["limits"]["xero"]["organisation"][app.credentials["tenant_id"]] == {
        "limit": 60,
        "granted": 61,
        "refused": 1,
        "peak": 60,
    }


def test_the_minute_rolls(sandbox: RunningSandbox, app: XeroCaller) -> None:
    limit(sandbox, minute=2)
    app.get("Organisation")
    pass_time(sandbox, 40)
    app.get("Organisation")

    refused = app.get("Organisation")
    pass_time(sandbox, 20)

    assert refused.headers["Retry-After"] == "20"
    assert [app.get("Organisation").status_code for _ in range(2)] == [200, 429]


def test_the_day_may_say_to_wait_for_hours(sandbox: RunningSandbox, app: XeroCaller) -> None:
    limit(sandbox, day=1)
    app.get("Organisation")
    pass_time(sandbox, 1000)

    refused = app.get("Organisation", headers=fresh_bearer(sandbox))

    assert refused.headers["X-Rate-Limit-Problem"] == "day"
    assert refused.headers["Retry-After"] == "85400"


def test_an_organisation_has_its_own_minute_and_the_app_has_one(
    sandbox: RunningSandbox, app: XeroCaller
) -> None:
    other = xero_caller(sandbox, 2)
    limit(sandbox, minute=1)

    assert [one.get("Organisation").status_code for one in (app, other, app)] == [200, 200, 429]

    limit(sandbox, app_minute=2)
    refused = xero_caller(sandbox, 3).get("Organisation")
    assert (refused.status_code, refused.headers["X-Rate-Limit-Problem"]) == (429, "appminute")


def test_more_than_five_at_once_are_refused_without_a_time(sandbox: RunningSandbox, app: XeroCaller) -> None:
    sandbox.fault(app.account, "hang", times=5)
    hanging = [threading.Thread(target=app.get, args=("Organisation",)) for _ in range(5)]
    for thread in hanging:
        thread.start()
    wait_for_calls(sandbox, 5)

    refused = app.get("Organisation")
    sandbox.http.delete("/_control").raise_for_status()
    for thread in hanging:
        thread.join(timeout=10)

    assert (refused.status_code, refused.headers["X-Rate-Limit-Problem"]) == (429, "concurrent")
    assert "Retry-After" not in refused.headers
    assert app.get("Organisation").status_code == 200


def test_throttling_can_be_asked_for(sandbox: RunningSandbox, app: XeroCaller) -> None:
    sandbox.fault(app.account, "throttle_429", times=1, problem="Minute limit", retry_after_s=34)

    refused = app.get("Organisation")

    assert (refused.status_code, refused.headers["X-Rate-Limit-Problem"]) == (429, "Minute limit")
    assert refused.headers["Retry-After"] == "34"


def fresh_bearer(sandbox: RunningSandbox) -> dict[str, str]:
    return {"Authorization": f"Bearer {xero_caller(sandbox).credentials['access_token']}"}


def wait_for_calls(sandbox: RunningSandbox, count: int) -> None:
    """Until so many calls of the first account have arrived."""
    arrived = threading.Event()
    for _ in range(500):
        calls = sandbox.http.get("/_calls").json()["calls"].get("xero", {}).get("xero-0001", {})
        if calls.get("total", 0) >= count:
            return
        arrived.wait(0.01)
    raise AssertionError("the calls did not arrive")
