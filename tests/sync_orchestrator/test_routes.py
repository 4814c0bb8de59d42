"""What people see over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import httpx
from fastapi import FastAPI, Request
from service_kit.problems import install_problems
from service_kit.tokens import User
from support.orchestration import bulk, failed, waiting
from support.orchestrator_world import World
from sync_contracts.codes import ProblemCode, WaitReason, sentence
from sync_contracts.event import Role
from sync_orchestrator import routes


@asynccontextmanager
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async def caller(request: Request) -> User:
        company_id = request.headers.get("company", "company-1")
        return User(id="user-1", company_id=company_id, role=Role.MEMBER)

    app = FastAPI()
    install_problems(app)
    app.include_router(routes.build_router(world.cases.read, caller))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        yield client


async def test_a_runs_progress_tells_what_it_waits_for() -> None:
    world = World()
    await world.cases.accept.bulk(bulk())
    await world.cases.release()
    first, *_ = await world.jobs()
    retry_at = world.clock.now() + timedelta(minutes=1)
    await world.cases.track.waiting(waiting(first, retry_at))

    async with http(world) as client:
        run = (await client.get(f"/v1/runs/{first.run_id}")).json()
        jobs = (await client.get(f"/v1/runs/{first.run_id}/jobs")).json()

    assert (run["state"], run["kind"], run["months"]) == ("open", "bulk", ["2026-04"])
    assert run["progress"]["waiting"] == {"rate_limited": 1, "queued": 2}
    assert run["progress"]["retry_at"] == jobs[0]["retry_at"] == "2026-05-02T08:01:00Z"
    assert jobs[0]["message"] == sentence(WaitReason.RATE_LIMITED)
    assert [job["client_id"] for job in jobs] == ["client-1", "client-2", "client-3"]


async def test_lines_are_paged_with_trouble_first() -> None:
    world = World()
    await world.cases.accept.bulk(bulk(clients=5))
    await world.cases.release()
    *_, last = await world.jobs()
    await world.cases.track.failed(failed(last))
    await world.all_written()

    async with http(world) as client:
        pages = [
            (await client.get(f"/v1/runs/{last.run_id}/lines", params={"page": page, "size": 2})).json()
            for page in (1, 2, 3, 4)
        ]

    clients = [line["client_id"] for page in pages for line in page["lines"]]
    assert clients == ["client-5", "client-1", "client-2", "client-3", "client-4"]
    assert [page["total"] for page in pages] == [5] * 4
    assert pages[0]["lines"][0]["code"] == ProblemCode.NEEDS_AUTH
    assert pages[0]["lines"][0]["months"] == ["2026-04"]


async def test_runs_are_listed_newest_first_by_state() -> None:
    world = World()
    await world.cases.accept.bulk(bulk("req-1"))
    await world.all_written()
    world.clock.forward(seconds=1)
    await world.cases.accept.bulk(bulk("req-2"))

    async with http(world) as client:
        every = (await client.get("/v1/runs")).json()
        ended = (await client.get("/v1/runs", params={"state": "ended"})).json()

    assert [run["request_id"] for run in every] == ["req-2", "req-1"]
    assert [(run["request_id"], run["ending"]) for run in ended] == [("req-1", "completed")]


async def test_another_companys_run_does_not_exist() -> None:
    world = World()
    await world.cases.accept.bulk(bulk())

    async with http(world) as client:
        answers = [
            await client.get(f"/v1/runs/{run_id}{part}", headers={"company": "company-2"})
            for run_id in (world.accepted.run_id, uuid4())
            for part in ("", "/lines", "/jobs")
        ]
        listed = (await client.get("/v1/runs", headers={"company": "company-2"})).json()

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "RUN_NOT_FOUND")}
    assert listed == []
