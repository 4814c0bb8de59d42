from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI, Request
from notifier.delivery import Answer, Outcome
from notifier.endpoint import MAX_PER_COMPANY
from notifier.routes.webhooks import build_router
from service_kit.problems import install_problems
from service_kit.tokens import User
from support.webhooks import BROKEN, World, event
from sync_contracts.event import Role

HOOK = {"url": "https://hooks.example.com/in", "types": ["sync.completed.v1"]}


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async def asking(request: Request) -> User:
        company, role = request.headers["who"].split("/")
        return User(id="person-1", company_id=company, role=Role(role))

    app = FastAPI()
    install_problems(app)
    app.include_router(build_router(world.webhooks, asking))
    owner = {"who": "company-1/owner"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service/v1", headers=owner) as calls:
        yield calls


async def added(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await client.post("webhooks", json=HOOK | more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_the_secret_is_shown_once(client: httpx.AsyncClient) -> None:
    made = await added(client)

    listed = (await client.get("webhooks")).json()["webhooks"]
    one = (await client.get(f"webhooks/{made['webhook_id']}")).json()

    assert made["secret"].startswith("whsec_")
    assert listed == [one]
    assert one == {name: value for name, value in made.items() if name != "secret"}


async def test_a_rotation_shows_another_secret_and_how_long_the_old_one_signs(
    client: httpx.AsyncClient,
) -> None:
    made = await added(client)

    rotated = (await client.post(f"webhooks/{made['webhook_id']}:rotate", json={"overlap_hours": 1})).json()

    assert rotated["secret"] != made["secret"]
    assert rotated["rotating_until"] == "2026-05-02T09:00:00Z"


async def test_what_is_left_out_of_a_change_stays(client: httpx.AsyncClient) -> None:
    made = await added(client, description="platform")

    changed = (
        await client.patch(f"webhooks/{made['webhook_id']}", json={"types": ["connection.saved.v1"]})
    ).json()

    assert (changed["types"], changed["url"]) == (["connection.saved.v1"], made["url"])
    assert changed["description"] == "platform"


async def test_switching_is_idempotent(client: httpx.AsyncClient) -> None:
    made = await added(client)
    address = f"webhooks/{made['webhook_id']}:enabled"

    off = [(await client.delete(address)).json()["disabled_by"] for _ in range(2)]
    on = [(await client.put(address)).json()["enabled"] for _ in range(2)]

    assert (off, on) == (["person"] * 2, [True] * 2)


async def test_a_removed_endpoint_is_not_found_any_more(client: httpx.AsyncClient, world: World) -> None:
    made = await added(client)
    await world.webhooks.tell(event())

    removed = await client.delete(f"webhooks/{made['webhook_id']}")
    again = await client.delete(f"webhooks/{made['webhook_id']}")

    assert (removed.status_code, again.status_code, again.json()["code"]) == (204, 404, "WEBHOOK_NOT_FOUND")
    assert world.deliveries.deliveries == {}


async def test_a_test_event_is_signed_sent_at_once_and_not_stored(
    client: httpx.AsyncClient, world: World
) -> None:
    made = await added(client)
    address = f"webhooks/{made['webhook_id']}:test"

    good = (await client.post(address)).json()
    world.receiver.answer = Answer(outcome=Outcome.TIMED_OUT)
    bad = (await client.post(address)).json()

    assert good == {"ok": True, "outcome": "delivered", "status": 204}
    assert bad == {"ok": False, "outcome": "timed_out", "status": None}
    assert b"webhook.test.v1" in world.receiver.received[0][1]
    assert world.receiver.received[0][2]["webhook-signature"].startswith("v1,")
    assert world.deliveries.deliveries == {}


async def test_deliveries_are_listed_newest_first_by_state_and_page(
    client: httpx.AsyncClient, world: World
) -> None:
    made = await added(client)
    world.receiver.answer = BROKEN
    for _ in range(3):
        await world.webhooks.tell(event())
    await world.run()
    address = f"webhooks/{made['webhook_id']}/deliveries"

    first = (await client.get(address, params={"limit": 2})).json()
    second = (await client.get(address, params={"limit": 2, "after": first["next"]})).json()
    dead = (await client.get(address, params={"state": "dead"})).json()

    assert [each["sequence"] for each in first["deliveries"] + second["deliveries"]] == [3, 2, 1]
    assert (second["next"], dead) == (None, {"deliveries": [], "next": None})
    shown = first["deliveries"][0]
    assert (shown["state"], shown["attempts"], shown["last_outcome"]) == ("pending", 1, "refused")
    assert shown["message_id"] in world.receiver.ids


async def test_a_replay_tells_how_many_it_sends_again(client: httpx.AsyncClient, world: World) -> None:
    made = await added(client)
    await world.webhooks.tell(event())
    await world.run()
    address = f"webhooks/{made['webhook_id']}:replay"

    whole = await client.post(address, json={})
    elsewhere = await client.post(address, json={"client_id": "client-9"})
    tomorrow = await client.post(address, json={"since": "2026-05-03T00:00:00Z"})

    assert whole.json() == {"again": 1, "added": 0}
    assert elsewhere.json() == tomorrow.json() == {"again": 0, "added": 0}


async def test_a_member_may_neither_look_nor_change_and_another_company_finds_nothing(
    client: httpx.AsyncClient, world: World
) -> None:
    made = await added(client)
    name = f"webhooks/{made['webhook_id']}"
    calls = [
        ("GET", name),
        ("PATCH", name),
        ("DELETE", name),
        ("PUT", f"{name}:enabled"),
        ("DELETE", f"{name}:enabled"),
        ("POST", f"{name}:rotate"),
        ("POST", f"{name}:test"),
        ("POST", f"{name}:replay"),
        ("GET", f"{name}/deliveries"),
    ]

    for method, path in calls:
        body: dict[str, Any] | None = None if method in {"GET", "DELETE", "PUT"} else {}
        member = await client.request(method, path, json=body, headers={"who": "company-1/member"})
        stranger = await client.request(method, path, json=body, headers={"who": "company-2/owner"})
        assert (member.status_code, member.json()["code"]) == (403, "FORBIDDEN"), path
        assert (stranger.status_code, stranger.json()["code"]) == (404, "WEBHOOK_NOT_FOUND"), path

    for method, wanted in (("GET", 403), ("POST", 403)):
        answer = await client.request(method, "webhooks", json=HOOK, headers={"who": "company-1/member"})
        assert answer.status_code == wanted
    assert (await client.get("webhooks", headers={"who": "company-2/owner"})).json() == {"webhooks": []}
    assert len(world.endpoints.endpoints) == 1


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"url": "http://hooks.example.com/"}, "WEBHOOK_URL_REFUSED", "url"),
        ({"url": "https://me:pw@hooks.example.com/"}, "WEBHOOK_URL_REFUSED", "url"),
        ({"url": "https://localhost/"}, "WEBHOOK_URL_REFUSED", "url"),
        ({"url": "ftp://hooks.example.com/"}, "INVALID_REQUEST", "body.url"),
        ({"url": "nothing"}, "INVALID_REQUEST", "body.url"),
        ({"types": []}, "INVALID_REQUEST", "body.types"),
        ({"types": ["job.counted.v1"]}, "INVALID_REQUEST", "body.types.0"),
        ({"description": "x" * 201}, "INVALID_REQUEST", "body.description"),
        ({"secret": "whsec_mine"}, "INVALID_REQUEST", "body.secret"),
    ],
)
async def test_bad_input_is_refused_with_its_field_and_not_quoted(
    client: httpx.AsyncClient, world: World, change: dict[str, Any], code: str, field: str
) -> None:
    made = await added(client)

    answers = [
        await client.post("webhooks", json=HOOK | change),
        await client.patch(f"webhooks/{made['webhook_id']}", json=change),
    ]

    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert field in answer.json()["fields"]
        assert "me:pw" not in answer.text
        assert "whsec_mine" not in answer.text
    assert len(world.endpoints.endpoints) == 1


async def test_a_disabled_webhook_is_not_replayed(client: httpx.AsyncClient) -> None:
    made = await added(client)
    await client.delete(f"webhooks/{made['webhook_id']}:enabled")

    answer = await client.post(f"webhooks/{made['webhook_id']}:replay", json={})

    assert (answer.status_code, answer.json()["code"]) == (409, "WEBHOOK_DISABLED")


async def test_a_company_has_a_bounded_number_of_webhooks(client: httpx.AsyncClient) -> None:
    for _ in range(MAX_PER_COMPANY):
        await added(client)

    answer = await client.post("webhooks", json=HOOK)

    assert (answer.status_code, answer.json()["code"]) == (409, "WEBHOOKS_TOO_MANY")


async def test_what_does_not_exist_is_not_found(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"webhooks/{uuid4()}")).json()["code"] == "WEBHOOK_NOT_FOUND"


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("rotate", {"overlap_hours": False}),
        ("replay", {"until": 0}),
        ("replay", {"dead_only": "yes"}),
    ],
)
async def test_a_field_of_another_type_is_refused(
    client: httpx.AsyncClient, verb: str, body: dict[str, Any]
) -> None:
    made = await added(client)

    assert (await client.post(f"webhooks/{made['webhook_id']}:{verb}", json=body)).status_code == 422


async def test_a_place_larger_than_any_number_kept_is_refused(client: httpx.AsyncClient) -> None:
    made = await added(client)

    answer = await client.get(f"webhooks/{made['webhook_id']}/deliveries", params={"after": str(2**63)})

    assert answer.status_code == 422


async def test_an_id_with_a_verb_behind_it_is_no_endpoint(client: httpx.AsyncClient) -> None:
    made = await added(client)

    assert (await client.patch(f"webhooks/{made['webhook_id']}:rotate", json={})).status_code == 405
