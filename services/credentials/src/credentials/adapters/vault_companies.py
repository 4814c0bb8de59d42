"""Work in Vault as one company: under a short token whose policy reaches nothing of any other."""

import asyncio
import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import hvac
from hvac.exceptions import Forbidden, Unauthorized
from pydantic import TypeAdapter
from service_kit.vault import VaultClient
from sync_contracts.ids import PlatformId

T = TypeVar("T")

# `deploy/vault` makes both: where the login is signed, and where the signature is taken for a token.
_NAME = "ledgerbus-companies"
_SIGNED_FOR_S = 60
_KEPT = 1_000
_USED_UP_AT = 2 / 3
_IDS: TypeAdapter[str] = TypeAdapter(PlatformId)


@dataclass(frozen=True, slots=True)
class _SignedIn:
    client: hvac.Client
    until_s: float


class VaultCompanies:
    """Signs in for a company when somebody needs it and keeps its token for two thirds of its life."""

    def __init__(self, vault: VaultClient) -> None:
        self._vault = vault
        self._signed_in: dict[str, _SignedIn] = {}  # the longest unused first
        self._signing_in: dict[str, asyncio.Task[_SignedIn]] = {}

    @property
    def mount(self) -> str:
        return self._vault.mount

    async def run(self, company_id: str, work: Callable[[hvac.Client], T]) -> T:
        """The work's answer; DependencyDownError while Vault cannot do it, or refuses it to this company."""
        signed_in = await self._as(company_id)
        try:
            return await self._vault.attempt(signed_in.client, work)
        except (Forbidden, Unauthorized):
            if self._signed_in.get(company_id) is signed_in:
                del self._signed_in[company_id]
        again = await self._as(company_id)
        return await self._vault.attempt(again.client, work, refused="permission denied")

    async def _as(self, company_id: str) -> _SignedIn:
        found = self._signed_in.pop(company_id, None)
        if found is None or time.monotonic() >= found.until_s:
            found = await self._sign_in(company_id)
        self._signed_in[company_id] = found
        while len(self._signed_in) > _KEPT:
            del self._signed_in[next(iter(self._signed_in))]
        return found

    async def _sign_in(self, company_id: str) -> _SignedIn:
        task = self._signing_in.get(company_id)
        if task is None:
            task = asyncio.create_task(self._new(company_id))
            self._signing_in[company_id] = task
            task.add_done_callback(lambda _: self._signing_in.pop(company_id))
        return await asyncio.shield(task)

    async def _new(self, company_id: str) -> _SignedIn:
        claims = claims_for(_IDS.validate_python(company_id))
        signature = await self._vault.run(lambda client: sign(client, claims))
        client, asked_s = self._vault.client(), time.monotonic()
        auth = await self._vault.attempt(
            client,
            lambda nobody: nobody.auth.jwt.jwt_login(
                "company", f"{claims}.{signature}", use_token=False, path=_NAME
            )["auth"],
            refused="sign-in refused",
        )
        client.token = auth["client_token"]
        return _SignedIn(client, asked_s + float(auth["lease_duration"]) * _USED_UP_AT)


def claims_for(company_id: str) -> str:
    """What is signed; Vault compares subjects without regard to case, so they are told in hexadecimal."""
    now = int(time.time())
    head = {"alg": "ES256", "typ": "JWT"}
    body = {
        "iss": "ledgerbus-credentials",
        "aud": _NAME,
        "sub": company_id.encode().hex(),
        "company": company_id,
        "iat": now,
        "exp": now + _SIGNED_FOR_S,
    }
    return ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (head, body)
    )


def sign(client: hvac.Client, claims: str) -> str:
    answer = client.secrets.transit.sign_data(
        "login",
        hash_input=base64.b64encode(claims.encode()).decode(),
        hash_algorithm="sha2-256",
        marshaling_algorithm="jws",
        mount_point=_NAME,
    )
    return str(answer["data"]["signature"]).split(":")[2]
