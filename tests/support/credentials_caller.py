"""The credentials service's HTTP API on fakes, and who calls it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from credentials.app import build_routers
from fastapi import FastAPI
from service_kit.bounded_bodies import BoundedBodies
from service_kit.problems import install_problems
from service_kit.tokens import TokenVerifier, service_of, user_of
from support.credentials_fakes import CredentialsWorld
from support.issuer import Issuer
from support.loopback import loopback_client

CONNECTION = "/v1/clients/client-1/connections/xero"
FIELDS = {"fields": {"refresh_token": "ann-1"}}


@dataclass(frozen=True)
class Issuers:
    """Whose tokens the service believes: the platform's for people, the vault's for services."""

    platform: Issuer
    vault: Issuer

    @classmethod
    def in_folder(cls, folder: Path) -> "Issuers":
        vault = Issuer(folder, address="https://vault.example", audience="ledgerbus-internal")
        return cls(Issuer(folder), vault)


@dataclass
class Caller:
    """A client of the API on fakes, and headers to call it with."""

    http: httpx.AsyncClient
    platform: Issuer
    vault: Issuer
    world: CredentialsWorld

    @property
    def owner(self) -> dict[str, str]:
        return self.platform.person()

    async def saved(self, client_id: str = "client-1", *, company_id: str = "firm-1") -> str:
        """A saved connection's id."""
        answer = await self.http.put(
            f"/v1/clients/{client_id}/connections/xero",
            json=FIELDS,
            headers=self.platform.person(company_id=company_id),
        )
        return str(answer.json()["connection_id"])

    async def internal(self, path: str, service: str, **body: object) -> httpx.Response:
        return await self.http.post(f"/internal/{path}", json=body, headers=self.vault.service(service))


@asynccontextmanager
async def calling(world: CredentialsWorld, issuers: Issuers) -> AsyncIterator[Caller]:
    """A caller of the API over these fakes."""
    platform, vault = issuers.platform, issuers.vault
    async with loopback_client() as keys:
        users, services = (TokenVerifier.of_users(one.settings, keys) for one in (platform, vault))
        app = FastAPI()
        install_problems(app)
        routers = build_routers(
            world.outside,
            world.use,
            ("https://app.example",),
            current_user=user_of(users),
            orchestrator=service_of(services, "sync-orchestrator"),
            workers=service_of(services, "connector-workers"),
        )
        for router in routers:
            app.include_router(router)
        app.add_middleware(BoundedBodies, max_bytes=100_000)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as http:
            yield Caller(http, platform, vault, world)
