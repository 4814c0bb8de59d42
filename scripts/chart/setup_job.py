"""Would the command take what the setup job gives it, and make the roles that the services ask for?"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import typer
from ledgerbus_cli.main import app
from service_kit.settings import KafkaAccess
from typer.exceptions import TyperException

from chart.helm import NAMESPACE, ROOT, Manifest
from chart.settings import variables_of


def wrong_setup(manifests: Sequence[Manifest]) -> Iterator[str]:
    jobs = [one for one in manifests if one["kind"] == "Job"]
    for job in jobs:
        container = job["spec"]["template"]["spec"]["containers"][0]
        try:
            context = _command("setup").make_context("setup", list(container["args"]))
        except TyperException as error:
            yield f"`ledgerbus setup` refuses its arguments: {error}"
            return
        known = {f"LEDGERBUS_KAFKA_{name.upper()}" for name in KafkaAccess.model_fields}
        unknown = variables_of(container).keys() - known - {"VAULT_TOKEN", "VAULT_NAMESPACE", "VAULT_CACERT"}
        yield from (f"`ledgerbus setup` reads no {name}" for name in unknown)
        if accounts := context.params["service_accounts"]:
            yield from _wrong_accounts(manifests, accounts)


def _command(name: str) -> Any:
    return typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]


def _wrong_accounts(manifests: Sequence[Manifest], accounts: str) -> Iterator[str]:
    """Each pod that signs in by its account is one that the vault is told of, with a role of that name."""
    roles = json.loads((ROOT / "deploy" / "vault" / "roles.json").read_text())
    for one in manifests:
        if one["kind"] != "Deployment":
            continue
        pod = one["spec"]["template"]["spec"]
        role = next(
            (each["value"] for each in pod["containers"][0]["env"] if each["name"].endswith("VAULT__ROLE")),
            None,
        )
        if role is None:
            continue
        if role not in roles:
            yield f"deploy/vault/roles.json has no role {role}"
        if accounts.format(service=role) != f"{NAMESPACE}/{pod['serviceAccountName']}":
            yield f"the vault would not know the account {pod['serviceAccountName']}"
