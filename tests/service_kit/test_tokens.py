"""Whose token is believed."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from fastapi import APIRouter, Depends, FastAPI
from service_kit.errors import DependencyDownError
from service_kit.problems import install_problems
from service_kit.tokens import TokenVerifier, User, service_of, user_of

ISSUER = "https://platform.example"


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


@pytest.fixture
def client(key: RSAPrivateKey, tmp_path: Path) -> httpx.AsyncClient:
    published = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())) | {
        "kid": "k1",
        "alg": "RS256",
    }
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [published]}))
    verifier = TokenVerifier(ISSUER, "ledgerbus", (tmp_path / "jwks.json").as_uri(), httpx.AsyncClient())
    app, router = FastAPI(), APIRouter()

    @router.get("/me")
    async def me(user: User = Depends(user_of(verifier))) -> dict[str, str]:  # noqa: B008 (FastAPI's way)
        return {"id": user.id, "company_id": user.company_id, "role": user.role}

    @router.get("/internal")
    async def internal(name: str = Depends(service_of(verifier, "connector-workers"))) -> dict[str, str]:
        return {"service": name}

    app.include_router(router)
    install_problems(app)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service")


@pytest.fixture
def signed(key: RSAPrivateKey) -> Callable[..., str]:
    def sign(*, algorithm: str = "RS256", kid: str = "k1", with_key: Any = None, **changes: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": "ledgerbus",
            "sub": "member-1",
            "company_id": "firm-1",
            "role": "owner",
        }
        claims |= {"iat": now, "exp": now + 60} | changes
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(kept, with_key or key, algorithm=algorithm, headers={"kid": kid})

    return sign


async def get(client: httpx.AsyncClient, path: str, token: str | None) -> httpx.Response:
    return await client.get(path, headers={"Authorization": f"Bearer {token}"} if token else {})


async def test_good_token_tells_who_calls(client: httpx.AsyncClient, signed: Callable[..., str]) -> None:
    answer = await get(client, "/me", signed())

    assert answer.json() == {"id": "member-1", "company_id": "firm-1", "role": "owner"}


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://somebody.example"},
        {"aud": "another"},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"sub": None},
        {"role": "king"},
        {"company_id": None},
        {"kid": "unknown"},
        {"algorithm": "HS256", "with_key": "x" * 32},
    ],
)
async def test_any_other_token_is_refused(
    client: httpx.AsyncClient, signed: Callable[..., str], changes: dict[str, Any]
) -> None:
    answer = await get(client, "/me", signed(**changes))

    assert answer.status_code == 401
    assert answer.json()["code"] == "UNAUTHENTICATED"
    assert answer.headers["content-type"] == "application/problem+json"


async def test_token_signed_by_another_key_is_refused(
    client: httpx.AsyncClient, signed: Callable[..., str]
) -> None:
    answer = await get(client, "/me", signed(with_key=generate_private_key(65537, 2048)))

    assert answer.status_code == 401


@pytest.mark.parametrize("token", [None, "rubbish", "a.b.c"])
async def test_missing_or_broken_token_is_refused(client: httpx.AsyncClient, token: str | None) -> None:
    assert (await get(client, "/me", token)).status_code == 401


async def test_unsigned_token_is_refused(client: httpx.AsyncClient) -> None:
    claims = {"iss": ISSUER, "aud": "ledgerbus", "sub": "m", "company_id": "firm-1", "role": "owner"}
    unsigned = jwt.encode(
        claims | {"exp": int(time.time()) + 60}, "", algorithm="none", headers={"kid": "k1"}
    )

    assert (await get(client, "/me", unsigned)).status_code == 401


async def test_only_named_services_may_call_inside(
    client: httpx.AsyncClient, signed: Callable[..., str]
) -> None:
    allowed = await get(client, "/internal", signed(service="connector-workers"))
    other = await get(client, "/internal", signed(service="notifier"))
    person = await get(client, "/internal", signed())

    assert (allowed.status_code, other.status_code, person.status_code) == (200, 403, 403)


def verifier_of(published: list[bytes], now: list[float]) -> TokenVerifier:
    """Its issuer publishes one after the other, the last for ever; nothing: it is away."""

    def answer(_: httpx.Request) -> httpx.Response:
        body = published.pop(0) if len(published) > 1 else published[0]
        return httpx.Response(200 if body else 503, content=body)

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return TokenVerifier(
        ISSUER, "ledgerbus", "https://platform.example/jwks", http, monotonic_s=lambda: now[0]
    )


def jwks(key: RSAPrivateKey, kid: str) -> bytes:
    own = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    return json.dumps({"keys": [own | {"kid": kid, "alg": "RS256"}]}).encode()


async def test_a_key_that_is_taken_back_is_believed_for_a_quarter_of_an_hour(
    key: RSAPrivateKey, signed: Callable[..., str]
) -> None:
    now = [0.0]
    verifier = verifier_of([jwks(key, "k1"), b"", jwks(key, "k2")], now)

    await verifier.claims(signed())
    now[0] = 9_000.0
    for _ in range(3):
        await verifier.claims(signed())  # the issuer is away: that takes nobody's key back
    now[0] = 9_010.0
    with pytest.raises(jwt.InvalidTokenError):
        await verifier.claims(signed())


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"keys": []}', b'{"keys": 7}', b""])
async def test_an_issuer_that_publishes_no_keys_is_an_outage_and_nobodys_fault(
    body: bytes, signed: Callable[..., str]
) -> None:
    with pytest.raises(DependencyDownError):
        await verifier_of([body], [0.0]).claims(signed())
