"""The vault: whether it is open, and whether each service may do there what it needs."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import httpx
from sandbox.embedded.provisioning import service_roles

from ledgerbus_cli.doctor.findings import Finding, bad, good, look

PART, ROLES = "vault", "vault roles"
_SERVICE = "identity/oidc/token/ledgerbus-service"
# One path of each of a service's policies: what it may not use there, a policy is missing for.
_NEEDS: Mapping[str, tuple[str, ...]] = {
    "credentials": (_SERVICE, "ledgerbus/data/_service/signing-key", "ledgerbus-companies/sign/login"),
    "sync-orchestrator": (_SERVICE,),
    "connector-workers": (_SERVICE,),
    "notifier": (_SERVICE, "ledgerbus-transit/hmac/webhooks"),
}
_SETUP = "Run `ledgerbus setup` again: it is safe to repeat."


async def check_vault(http: httpx.AsyncClient, address: str, secret_ids: Path | None) -> list[Finding]:
    """Open or not; if it is, the services' roles and policies."""
    address = address.rstrip("/")
    try:
        health = (await http.get(f"{address}/v1/sys/health")).json()
    except (httpx.HTTPError, ValueError) as error:
        told = f"The vault does not answer at {address} ({type(error).__name__})."
        return [bad(PART, told, "Start it, or correct --vault; until then nothing can be leased or saved.")]
    if not health["initialized"]:
        return [
            bad(PART, f"The vault at {address} has never been initialised.", "Initialise it, then set up.")
        ]
    if health["sealed"]:
        told = f"The vault at {address} is sealed: it answers, but gives nothing out."
        return [bad(PART, told, "Unseal it (`vault operator unseal`); the services go on by themselves.")]
    reached = good(PART, f"The vault at {address} is open (version {health.get('version', 'not told')}).")
    return [reached, *await _roles(http, address, secret_ids)]


async def _roles(http: httpx.AsyncClient, address: str, secret_ids: Path | None) -> list[Finding]:
    if secret_ids is None:
        advice = "Name the folder of the services' secret-ids with --secret-ids."
        return [look(ROLES, "The services' roles were not looked at.", advice)]
    roles = {name: role for name, role in service_roles(secret_ids).items() if name in _NEEDS}
    found = await asyncio.gather(
        *(_role(http, address, name, role.secret_id_file) for name, role in roles.items())
    )
    troubles = [finding for finding in found if finding]
    return troubles or [good(ROLES, f"{len(roles)} services can sign in and have their policies.")]


async def _role(http: httpx.AsyncClient, address: str, name: str, secret_id_file: Path) -> Finding | None:
    try:
        secret_id = (await asyncio.to_thread(secret_id_file.read_text)).strip()
    except OSError as error:
        return bad(ROLES, f"{name}'s secret-id cannot be read: {error.strerror}.", _SETUP)
    try:
        body = {"role_id": name, "secret_id": secret_id}
        login = await http.post(f"{address}/v1/auth/approle/login", json=body)
        if login.is_error:
            return bad(ROLES, f"{name} cannot sign in: its role or secret-id is unknown.", _SETUP)
        denied = await _denied(http, address, name, login.json()["auth"]["client_token"])
    except httpx.HTTPError as error:
        return bad(ROLES, f"{name} cannot sign in ({type(error).__name__}).", "Look at the vault's log.")
    return (
        bad(ROLES, f"{name} may not use {', '.join(denied)}: a policy is missing.", _SETUP)
        if denied
        else None
    )


async def _denied(http: httpx.AsyncClient, address: str, name: str, token: str) -> list[str]:
    headers = {"X-Vault-Token": token}
    try:
        paths = {"paths": _NEEDS[name]}
        answer = await http.post(f"{address}/v1/sys/capabilities-self", json=paths, headers=headers)
        granted = answer.raise_for_status().json()
        return [path for path in _NEEDS[name] if "deny" in granted[path]]
    finally:
        await http.post(f"{address}/v1/auth/token/revoke-self", headers=headers)
