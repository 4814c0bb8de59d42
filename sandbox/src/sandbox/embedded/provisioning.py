"""What services need of a vault: the mount, the policies, the roles, the issuer of identity tokens."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import hvac
from hvac.exceptions import InvalidPath, InvalidRequest

from sandbox.embedded.company_logins import provide_company_logins
from sandbox.embedded.private import write_private
from sandbox.embedded.token_logins import TokenLogin

MOUNT = "ledgerbus"
TRANSIT_MOUNT, WEBHOOKS_KEY = "ledgerbus-transit", "webhooks"
IDENTITY_ROLE = "ledgerbus-service"
AUDIENCE = "ledgerbus-internal"

_DEPLOY = Path(__file__).parents[4] / "deploy" / "vault"
_KEPT_VERSIONS = 4  # a refresh writes two: its marker and its result
_TOKEN_TTL, _TOKEN_MAX_TTL = "20m", "12h"
_IDENTITY_TTL, _KEY_LIFE = "15m", "24h"
_MOUNT_WAIT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AppRole:
    """How one service logs in; its role_id is its name."""

    role_id: str
    secret_id_file: Path


def service_roles(secret_ids: Path) -> Mapping[str, AppRole]:
    """Each service's role, with the file in the given folder that holds its secret-id."""
    return {name: AppRole(role_id=name, secret_id_file=secret_ids / name) for name in _policies_by_service()}


def provision(client: hvac.Client, secret_ids: Path | None = None, tokens: TokenLogin | None = None) -> None:
    """Bring a vault into the wanted state; safe to repeat.

    Services sign in by AppRole, with secret-ids that are handed over as files, or by tokens, or both.
    """
    _mount_secrets(client)
    companies = provide_company_logins(client, _policy("company"))
    _make_webhooks_key(client)
    for policy in sorted((_DEPLOY / "policies").glob("*.hcl")):
        text = policy.read_text().replace("COMPANIES", companies)
        client.sys.create_or_update_policy(_policy(policy.stem), text)
    _issue_identities(client)
    policies = {service: [_policy(n) for n in names] for service, names in _policies_by_service().items()}
    entities = {service: _entity(client, service) for service in policies}
    if secret_ids is not None:
        _by_approle(client, policies, entities, secret_ids)
    if tokens is not None:
        _by_token(client, policies, entities, tokens)


def _policies_by_service() -> dict[str, list[str]]:
    roles: dict[str, list[str]] = json.loads((_DEPLOY / "roles.json").read_text())
    return roles


def _policy(name: str) -> str:
    return f"ledgerbus-{name}"


def _mount_secrets(client: hvac.Client) -> None:
    if f"{MOUNT}/" not in client.sys.list_mounted_secrets_engines()["data"]:
        client.sys.enable_secrets_engine("kv", path=MOUNT, options={"version": "2"})
    deadline = time.monotonic() + _MOUNT_WAIT_S
    while True:
        try:
            client.secrets.kv.v2.configure(max_versions=_KEPT_VERSIONS, cas_required=True, mount_point=MOUNT)
        except InvalidRequest:  # a fresh mount upgrades itself for a moment and refuses everything
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _make_webhooks_key(client: hvac.Client) -> None:
    if f"{TRANSIT_MOUNT}/" not in client.sys.list_mounted_secrets_engines()["data"]:
        client.sys.enable_secrets_engine("transit", path=TRANSIT_MOUNT)
    client.secrets.transit.create_key(
        WEBHOOKS_KEY, mount_point=TRANSIT_MOUNT
    )  # does nothing to an existing key


def _enable_approle(client: hvac.Client) -> str:
    if "approle/" not in client.sys.list_auth_methods()["data"]:
        client.sys.enable_auth_method("approle")
    accessor: str = client.sys.list_auth_methods()["data"]["approle/"]["accessor"]
    return accessor


def _issue_identities(client: hvac.Client) -> None:
    identity = client.secrets.identity
    identity.create_named_key(
        IDENTITY_ROLE, rotation_period=_KEY_LIFE, verification_ttl=_KEY_LIFE, allowed_client_ids=[AUDIENCE]
    )
    identity.create_or_update_role(
        IDENTITY_ROLE,
        key=IDENTITY_ROLE,
        client_id=AUDIENCE,
        ttl=_IDENTITY_TTL,
        template='{"service": {{identity.entity.name}}}',
    )


def _entity(client: hvac.Client, service: str) -> str:
    identity = client.secrets.identity
    identity.create_or_update_entity_by_name(service, metadata={"service": service})
    entity: str = identity.read_entity_by_name(service)["data"]["id"]
    return entity


def _by_approle(
    client: hvac.Client, policies: Mapping[str, list[str]], entities: Mapping[str, str], secret_ids: Path
) -> None:
    accessor, approle = _enable_approle(client), client.auth.approle
    for service, names in policies.items():
        approle.create_or_update_approle(
            service, token_policies=names, token_ttl=_TOKEN_TTL, token_max_ttl=_TOKEN_MAX_TTL
        )
        approle.update_role_id(service, role_id=service)
        # A login carries its role_id as the alias; without this each service would be a nameless entity.
        _name(client, entities[service], service, accessor)
        _hand_over(client, service, secret_ids / service)


def _by_token(
    client: hvac.Client, policies: Mapping[str, list[str]], entities: Mapping[str, str], tokens: TokenLogin
) -> None:
    accessor = tokens.accessor(client)
    for service, names in policies.items():
        tokens.add(client, service, names, _TOKEN_TTL, _TOKEN_MAX_TTL)
        _name(client, entities[service], tokens.alias(service), accessor)


def _name(client: hvac.Client, entity: str, alias: str, accessor: str) -> None:
    client.secrets.identity.create_or_update_entity_alias(alias, canonical_id=entity, mount_accessor=accessor)


def _hand_over(client: hvac.Client, service: str, file: Path) -> None:
    if file.exists() and _is_valid(client, service, file.read_text()):
        return
    answer = client.auth.approle.generate_secret_id(service)
    write_private(file, answer["data"]["secret_id"])


def _is_valid(client: hvac.Client, service: str, secret_id: str) -> bool:
    try:
        answer = client.auth.approle.read_secret_id(service, secret_id)
    except (InvalidPath, InvalidRequest):
        return False
    return getattr(answer, "status_code", 200) == 200  # an unknown one is answered 204, without a body
