"""Every route of every service refuses every token that is not good for it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sandbox.embedded import VaultAccess
from service_kit.service_token import ServiceToken
from service_kit.settings import VaultSettings
from starlette.routing import Route as HttpRoute
from support.forged_tokens import Forger
from support.issuer import Issuer, bearer

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

SERVICES = ("credentials", "sync-orchestrator", "connector-workers", "summary-writer", "notifier")
# Whoever asks is answered: they tell nothing of any company, or carry a signature of their own.
OPEN = {"/live", "/ready", "/v1/oauth/callback", "/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"}
MAY_CALL = {
    "/internal/connections:lookup": "sync-orchestrator",
    "/internal/connections:lease": "connector-workers",
    "/internal/connections/{connection_id}:lease": "connector-workers",
    "/internal/connections/{connection_id}:observe": "connector-workers",
}
ANY_ID = str(uuid4())


@dataclass(frozen=True)
class Route:
    """One method at one address of a service."""

    app: FastAPI
    method: str
    template: str

    @property
    def is_internal(self) -> bool:
        return self.template.startswith("/internal/")

    async def status(self, headers: dict[str, str]) -> int:
        path = self.template
        for name, value in {"provider": "xero", "client_id": "client-1", "month": "2026-04"}.items():
            path = path.replace(f"{{{name}}}", value)
        while "{" in path:
            path = f"{path.partition('{')[0]}{ANY_ID}{path.partition('}')[2]}"
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="http://service"
        ) as http:
            answer = await http.request(self.method, path, headers=headers, json={})
        return answer.status_code

    def __str__(self) -> str:
        return f"{self.app.title}: {self.method} {self.template}"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer(tmp_path_factory.mktemp("issuer"))


def vault_settings(vault: VaultAccess, service: str) -> VaultSettings:
    role = vault.roles[service]
    return VaultSettings(
        address=vault.address, mount=vault.mount, role_id=role.role_id, secret_id_file=role.secret_id_file
    )


@pytest.fixture(scope="module")
def environment() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as environment:
        yield environment


@pytest.fixture(scope="module")
def published(issuer: Issuer) -> dict[str, Any]:
    """The issuer's public key."""
    jwks = Path(issuer.settings.jwks_url.removeprefix("file://")).read_text()
    return dict(json.loads(jwks)["keys"][0])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def routes(vault: VaultAccess, issuer: Issuer, environment: pytest.MonkeyPatch) -> list[Route]:
    """All that need a token; the apps never start: who is refused is refused before anything is looked up."""
    found: list[Route] = []
    for service in SERVICES:
        package = service.replace("-", "_")
        settings = {
            "KAFKA__BOOTSTRAP_SERVERS": "localhost:9",
            "MONGO__URL": "mongodb://localhost:9",
            "MONGO__DATABASE": "any",
            "VAULT": vault_settings(vault, service).model_dump_json(),
            "USERS": issuer.settings.model_dump_json(),
            "HTTP__PORT": "0",
            "CREDENTIALS_URL": "http://localhost:9",
            "PUBLIC_URL": "http://localhost:9",
        }
        for name, value in settings.items():
            environment.setenv(f"{package.upper()}__{name}", value)
        app = import_module(f"{package}.app").build_app(import_module(f"{package}.settings").Settings())
        found += [
            Route(app, method, route.path_format)
            for route in _walked(app.routes)
            if route.path_format not in OPEN
            for method in sorted(route.methods or ())
        ]
    return found


def _walked(routes: Iterable[Any]) -> Iterator[HttpRoute]:
    """FastAPI keeps an included router whole."""
    for route in routes:
        if isinstance(route, HttpRoute):
            yield route
        else:
            yield from _walked(route.original_router.routes)


@pytest_asyncio.fixture(loop_scope="module")
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


async def answered(routes: list[Route], headers: dict[str, str], *, otherwise_than: int) -> list[str]:
    """The routes that do not refuse these headers in the expected way."""
    statuses = await asyncio.gather(*(route.status(headers) for route in routes))
    return [
        f"{route} answers {status}"
        for route, status in zip(routes, statuses, strict=True)
        if status != otherwise_than
    ]


async def test_the_services_have_the_routes_that_are_tested_here(routes: list[Route]) -> None:
    assert {route.template for route in routes if route.is_internal} == set(MAY_CALL)
    assert len(routes) >= 20


async def test_no_person_s_route_believes_a_forged_token(
    routes: list[Route], issuer: Issuer, published: dict[str, Any]
) -> None:
    claims = {"iss": issuer.settings.issuer, "aud": "ledgerbus", "sub": "user-1"}
    forged = Forger(published, {**claims, "company_id": "firm-1", "role": "owner"}).all()
    of_people = [route for route in routes if not route.is_internal]

    for wrong, token in forged.items():
        assert await answered(of_people, bearer(token), otherwise_than=401) == [], wrong


WRONG_CLAIMS: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "somebody-else"},
    "another issuer": {"iss": "https://elsewhere.example"},
    "expired": {"exp": 1_000_000_000},
    "not yet valid": {"nbf": 4_000_000_000},
    "issued in the future": {"iat": 4_000_000_000},
    "no end": {"exp": None},
    "another role": {"role": "root"},
    "no role": {"role": None},
    "no company": {"company_id": None},
    "a company that is a path": {"company_id": "../firm-1"},
    "companies": {"company_id": ["firm-1", "firm-2"]},
    "no person": {"sub": None},
}


@pytest.mark.parametrize("wrong", WRONG_CLAIMS)
async def test_no_person_s_route_takes_a_token_with_wrong_claims(
    routes: list[Route], issuer: Issuer, wrong: str
) -> None:
    token = issuer.token(**{"company_id": "firm-1", "role": "owner", **WRONG_CLAIMS[wrong]})
    of_people = [route for route in routes if not route.is_internal]

    assert await answered(of_people, bearer(token), otherwise_than=401) == []


async def test_no_route_takes_the_other_kind_of_token(
    routes: list[Route], issuer: Issuer, vault: VaultAccess, http: httpx.AsyncClient
) -> None:
    internal = [route for route in routes if route.is_internal]
    of_people = [route for route in routes if not route.is_internal]
    service = await ServiceToken(vault_settings(vault, "connector-workers"), http).header()

    assert await answered(internal, issuer.person(), otherwise_than=401) == []
    assert await answered(internal, issuer.service("connector-workers"), otherwise_than=401) == []
    assert await answered(of_people, service, otherwise_than=401) == []


async def test_a_member_changes_nothing(routes: list[Route], issuer: Issuer) -> None:
    changing = [route for route in routes if not route.is_internal and route.method != "GET"]

    assert await answered(changing, issuer.person(role="member"), otherwise_than=403) == []


@pytest.mark.parametrize("service", [*SERVICES, "cli"])
async def test_a_service_calls_only_what_it_is_listed_for(
    routes: list[Route], vault: VaultAccess, http: httpx.AsyncClient, service: str
) -> None:
    header = await ServiceToken(vault_settings(vault, service), http).header()
    closed = [route for route in routes if route.is_internal and MAY_CALL[route.template] != service]
    opened = [route for route in routes if route.is_internal and MAY_CALL[route.template] == service]

    assert await answered(closed, header, otherwise_than=403) == []
    assert await answered(opened, header, otherwise_than=422) == []  # an empty body


async def test_no_internal_route_believes_a_forged_token_of_a_service(
    routes: list[Route], vault: VaultAccess, http: httpx.AsyncClient
) -> None:
    internal = [route for route in routes if route.is_internal]
    good = (await ServiceToken(vault_settings(vault, "connector-workers"), http).header())["Authorization"]
    token = good.removeprefix("Bearer ")
    keys = (await http.get(f"{vault.address}/v1/identity/oidc/.well-known/keys")).json()["keys"]
    [published] = [key for key in keys if key["kid"] == jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, options={"verify_signature": False})
    head, _, signature = token.split(".")
    forged = Forger(published, {**claims, "service": "connector-workers"}).all()
    forged["another body under a good signature"] = (
        f"{head}.{forged['no signature'].split('.')[1]}.{signature}"
    )

    for wrong, made in forged.items():
        assert await answered(internal, bearer(made), otherwise_than=401) == [], wrong
