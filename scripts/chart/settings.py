"""Are the variables of a container really settings of its service, and do their values pass?"""

import importlib
import json
import re
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from connectors.settings import ConnectorSettings
from pydantic import BaseModel, ValidationError

from chart.helm import CHART, Manifest

SERVICES = ("credentials", "sync-orchestrator", "connector-workers", "summary-writer", "notifier")
SECRET = re.compile(r"PASSWORD|USERNAME|MONGO__URL|OPERATORS|HEADERS|VAULT_TOKEN")
# What the chart says itself, from its values; everything else is offered as services.<name>.settings.
MANAGED = re.compile(
    r"(HTTP|USERS)__\w+|VAULT__(?!TIMEOUT_S)\w+|MONGO__(URL|DATABASE)|CREDENTIALS_URL|PUBLIC_URL|\w*_FILE"
    r"|KAFKA__(BOOTSTRAP_SERVERS|SECURITY_PROTOCOL|SASL_MECHANISM|USERNAME|PASSWORD)|WEBHOOKS__(ALLOW_\w+|PORTS)"
)


def wrong_settings(deployment: Manifest, service: str) -> Iterator[str]:
    """What the service would not know, or not start with."""
    variables = variables_of(deployment["spec"]["template"]["spec"]["containers"][0])
    model = _settings(service)
    known = {_prefix(model) + leaf for leaf in _leaves(model)}
    known |= {_prefix(ConnectorSettings) + leaf for leaf in _leaves(ConnectorSettings)}
    ours = {name for name in variables if not name.startswith("OTEL_")}  # those are OpenTelemetry's own
    yield from (f"{service} has no setting {name}" for name in ours - known)
    with patch.dict("os.environ", variables, clear=True):
        for kind in (model, ConnectorSettings):
            try:
                kind()
            except ValidationError as error:
                yield from (
                    f"{service} would not start: {fault['loc']}: {fault['msg']}" for fault in error.errors()
                )


def variables_of(container: Manifest) -> dict[str, str]:
    """With something in the place of what only the cluster's Secrets know."""
    return {
        one["name"]: one["value"]
        if "value" in one
        else "{}"
        if one["name"].endswith("OPERATORS")
        else "secret"
        for one in container["env"]
    }


def open_secrets(container: Manifest) -> Iterator[str]:
    for one in container["env"]:
        if SECRET.search(one["name"]) and "secretKeyRef" not in one.get("valueFrom", {}):
            yield f"{one['name']} is no reference to a Secret"


def wrong_offers() -> Iterator[str]:
    """Do the values offer exactly the settings that there are?"""
    schema = json.loads((CHART / "values.schema.json").read_text())
    for service in SERVICES:
        offered = schema["properties"]["services"]["properties"][service]["properties"]["settings"]
        names = sorted(leaf for leaf in _leaves(_settings(service)) if not MANAGED.fullmatch(leaf))
        if offered["propertyNames"]["enum"] != names:
            yield f"values.schema.json has to offer for {service}: {json.dumps(names)}"


def _settings(service: str) -> Any:
    return importlib.import_module(f"{service.replace('-', '_')}.settings").Settings


def _prefix(model: Any) -> str:
    return str(model.model_config["env_prefix"])


def _leaves(model: type[BaseModel], path: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        kind, here = field.annotation, f"{path}{name.upper()}"
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _leaves(kind, f"{here}__")
        else:
            yield here
