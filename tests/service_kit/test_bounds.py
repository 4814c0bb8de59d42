"""What a caller may send at most, at the server that the services run."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from service_kit.bounded_bodies import MAX_BYTES, BoundedBodies
from service_kit.problems import install_problems
from support.kafka import eventually


class Body(BaseModel):
    text: str


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.add_middleware(BoundedBodies)
    install_problems(app)

    @app.post("/echo")
    async def echo(body: Body) -> int:
        return len(body.text)

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, http="h11", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    await eventually(lambda: server.started, within_s=10)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        yield client
    server.should_exit = True
    await serving


async def test_a_body_up_to_the_bound_is_taken_and_a_larger_one_is_refused(http: httpx.AsyncClient) -> None:
    frame = len('{"text":""}')

    taken = await http.post("/echo", json={"text": "x" * (MAX_BYTES - frame)})
    refused = await http.post("/echo", json={"text": "x" * (MAX_BYTES - frame + 1)})

    assert taken.json() == MAX_BYTES - frame
    assert (refused.status_code, refused.json()["code"]) == (413, "REQUEST_TOO_LARGE")


async def test_a_body_that_never_says_its_length_is_bounded_too(http: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"x" * 65_536

    try:
        refused = await http.post("/echo", content=endless(), headers={"Content-Type": "application/json"})
    except httpx.TransportError:  # the server hangs up while we still send
        return
    assert refused.status_code == 413


@pytest.mark.parametrize(
    "headers", [{"X-Huge": "x" * 2_000_000}, {f"X-{n}": "x" * 100 for n in range(1_500)}]
)
async def test_headers_are_bounded(http: httpx.AsyncClient, headers: dict[str, str]) -> None:
    try:
        refused = await http.post("/echo", json={"text": ""}, headers=headers)
    except httpx.TransportError:  # the server has answered and hung up while we still sent
        refused = httpx.Response(400)
    alive = await http.post("/echo", json={"text": "abc"})

    assert refused.status_code in {400, 431}
    assert alive.json() == 3
