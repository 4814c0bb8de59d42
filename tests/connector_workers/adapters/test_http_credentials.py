"""What each answer of the credentials service means to a reading."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import httpx
import pytest
from connector_workers.adapters.http_credentials import HttpCredentials
from connector_workers.ports import LeaseDelayedError, LeaseRefusedError, Observation
from service_kit.errors import DependencyDownError, PermanentError
from service_kit.health import Health
from service_kit.telemetry import CurrentSpan, within
from support.readings import BOOKS, CONNECTION, requested
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.connections import ConnectionHealth

LEASE = {
    "connection_id": str(CONNECTION),
    "generation": 3,
    "access_id": "access-7",
    "access": {"access_token": "canary-secret"},
    "expires_at": "2026-05-02T08:15:00Z",
    "settings": {"tenant_id": "org-1"},
    "account_key": "xero/org-1",
    "books": {"external_id": "org-1", "name": "Acme Ltd"},
    "health": "ok",
}


class FakeToken:
    async def header(self) -> dict[str, str]:
        return {"Authorization": "Bearer our-token"}


class Service:
    """Answers as told, and keeps what it was asked; only what is `at_hand` is given to several at once."""

    def __init__(
        self, *answers: httpx.Response | Exception, at_hand: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        self.answers = list(answers)
        self.at_hand = at_hand
        self.asked_together: list[int] = []
        self.asked: list[httpx.Request] = []
        self.health = Health()
        self.client = HttpCredentials(
            httpx.MockTransport(self._answer),
            "http://credentials:8080/",
            token=FakeToken(),
            health=self.health,
            timeout_s=5,
            pauses_s=(0.0, 0.0),
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/connections:lease"):
            self.asked_together.append(len(json.loads(request.content)["leases"]))
            return httpx.Response(200, json={"leases": list(self.at_hand)})
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "status": status}, headers=headers)


async def test_a_lease_is_asked_for_with_our_token_and_the_refused_access() -> None:
    service = Service(httpx.Response(200, json=LEASE))

    lease = await service.client.lease(requested(), refused_access="access-6")

    (request,) = service.asked
    assert request.url == f"http://credentials:8080/internal/connections/{CONNECTION}:lease"
    assert request.headers["Authorization"] == "Bearer our-token"
    assert json.loads(request.content) == {
        "company_id": "company-1",
        "generation": 3,
        "refused_access": "access-6",
        "needed_s": 130.0,
    }
    assert lease.account.access.values == {"access_token": "canary-secret"}
    assert (lease.access_id, lease.account.account_key) == ("access-7", "xero/org-1")
    assert (lease.books.name if lease.books else None, lease.health) == ("Acme Ltd", ConnectionHealth.OK)


async def test_leases_at_hand_are_fetched_together() -> None:
    requests = [requested(connection_id=uuid4()) for _ in range(5)]
    leases = [{**LEASE, "connection_id": str(request.connection_id)} for request in requests]
    service = Service(at_hand=leases)

    given = await asyncio.gather(*map(service.client.lease, requests))

    assert service.asked_together == [5]
    assert service.asked == []
    assert {lease.access_id for lease in given} == {"access-7"}


async def test_a_lease_that_is_not_at_hand_is_asked_for_alone() -> None:
    service = Service(problem(409, "NEEDS_AUTH"), at_hand=[{**LEASE, "generation": 2}])

    with pytest.raises(LeaseRefusedError):
        await service.client.lease(requested())

    assert service.asked_together == [1]
    assert [request.url.path for request in service.asked] == [f"/internal/connections/{CONNECTION}:lease"]


async def test_a_lease_shows_no_secret_when_printed() -> None:
    service = Service(httpx.Response(200, json=LEASE))

    lease = await service.client.lease(requested())

    assert "canary-secret" not in repr(lease)


async def test_an_answer_that_does_not_fit_quotes_no_secret() -> None:
    service = Service(httpx.Response(200, json={**LEASE, "access": "canary-secret"}))

    with pytest.raises(ValueError, match="access") as caught:
        await service.client.lease(requested())

    assert "canary-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (problem(404, "CONNECTION_NOT_FOUND"), ProblemCode.CONNECTION_DELETED),
        (problem(409, "NEEDS_AUTH"), ProblemCode.NEEDS_AUTH),
        (problem(409, "NO_PERMISSION"), ProblemCode.NO_PERMISSION),
    ],
)
async def test_a_connection_that_cannot_be_read_is_refused(answer: httpx.Response, code: ProblemCode) -> None:
    with pytest.raises(LeaseRefusedError) as caught:
        await Service(answer).client.lease(requested())

    assert caught.value.problem is code


@pytest.mark.parametrize(
    ("answer", "reason", "seconds"),
    [
        (problem(409, "GENERATION_OLD"), WaitReason.QUEUED, 2.0),
        (problem(503, "PROVIDER_DOWN"), WaitReason.PROVIDER_DOWN, 0.0),
        (problem(503, "PROVIDER_DOWN", **{"Retry-After": "90"}), WaitReason.PROVIDER_DOWN, 90.0),
    ],
)
async def test_a_connection_that_can_be_read_later_is_delayed(
    answer: httpx.Response, reason: WaitReason, seconds: float
) -> None:
    with pytest.raises(LeaseDelayedError) as caught:
        await Service(answer).client.lease(requested())

    assert (caught.value.reason, caught.value.retry_after_s) == (reason, seconds)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.Response(502, text="<html>"),
        problem(503, "SERVICE_DOWN"),
        problem(401, "UNAUTHENTICATED"),
    ],
)
async def test_a_service_out_of_reach_is_tried_again_and_then_reported(
    answer: httpx.Response | Exception,
) -> None:
    service = Service(answer)

    with pytest.raises(DependencyDownError):
        await service.client.lease(requested())

    assert len(service.asked) == 3
    assert "credentials" in service.health.troubles


async def test_a_short_outage_is_not_noticed() -> None:
    service = Service(httpx.ConnectError("refused"), httpx.Response(200, json=LEASE))

    await service.client.lease(requested())

    assert service.health.troubles == {}


async def test_an_answer_nobody_expects_is_a_fault() -> None:
    with pytest.raises(PermanentError):
        await Service(problem(422, "INVALID_REQUEST")).client.lease(requested())


@pytest.mark.parametrize("status", [204, 404, 409])
async def test_an_observation_is_told_with_books(status: int) -> None:
    service = Service(httpx.Response(status))

    await service.client.observe(requested(), Observation(health=ConnectionHealth.OK, books=BOOKS))

    sent: dict[str, Any] = json.loads(service.asked[0].content)
    assert (sent["outcome"], sent["generation"], sent["code"]) == ("ok", 3, None)
    assert sent["books"]["external_id"] == "org-1"


async def test_the_trace_goes_along() -> None:
    service = Service(httpx.Response(200, json=LEASE))
    traceparent = f"00-{0xABC:032x}-{0xDEF:016x}-01"

    with CurrentSpan("reading", context=within(traceparent)) as span:
        await service.client.lease(requested())

    assert (
        service.asked[0]
        .headers["traceparent"]
        .startswith(f"00-{0xABC:032x}-{span.get_span_context().span_id:016x}-")
    )
