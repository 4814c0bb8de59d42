"""docs/settings.md: every setting of every service, as their own models have them."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, get_args, get_origin

from connectors.settings import ConnectorSettings
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

SERVICES = ("credentials", "sync-orchestrator", "connector-workers", "summary-writer", "notifier")
# Needed or refused by what another setting says; the models check it when a service starts.
CONDITIONAL = ("VAULT__ROLE_ID", "VAULT__SECRET_ID_FILE")

HEAD = """# Settings
Written by `make contracts` from each service's `settings.py`, never by hand.

Environment variables: the service's prefix and the name, such as `CREDENTIALS__HTTP__PORT`. One that is
missing or malformed stops the start with its name and without its value. Seconds, hours and days may have
decimals; lists and objects are JSON.
"""
REQUIRED = """
## What a service does not start without
`VAULT__ROLE_ID` and `VAULT__SECRET_ID_FILE` belong to the login by AppRole; with `VAULT__AUTH` `jwt` or
`kubernetes` there are `VAULT__ROLE` and `VAULT__TOKEN_FILE` instead. In a container set `HTTP__HOST`, too.
"""
SHARED = {
    "KAFKA__": "Protocols with `SASL_` need `USERNAME` and `PASSWORD`, the others refuse them;\n"
    "`CA_FILE` needs a protocol with `SSL`.",
    "MONGO__": "User and password stand in the URL. Each service has a database of its own.",
    "VAULT__": "",
    "HTTP__": "",
    "USERS__": "",
}
OTHERS = """
## Not ours
`OTEL_EXPORTER_OTLP_ENDPOINT` and OpenTelemetry's other standard variables say where traces and metrics go;
without it nothing is sent.
"""


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable without its service's prefix."""

    name: str
    field: FieldInfo
    required: bool

    @property
    def default(self) -> str:
        if self.required:
            return "**required**"
        value = self.field.get_default(call_default_factory=True)
        if value in (None, (), {}) or value is PydanticUndefined:
            return ""
        return f"`{_plain(value)}`"

    @property
    def meaning(self) -> str:
        choices = [f"`{one}`" for one in get_args(self.field.annotation)] if _is_choice(self.field) else []
        parts = [self.field.description or "", f"One of {', '.join(choices)}." if choices else ""]
        return " ".join(filter(None, [*parts, _bounds(self.field)])).replace("|", "\\|")


def settings_page() -> str:
    shared = [
        f"\n## `…__{prefix}`\n{told}\n\n{_table(_of_shared(prefix))}".replace("\n\n\n", "\n\n")
        for prefix, told in SHARED.items()
    ]
    own = [_own(service) for service in SERVICES]
    connectors = (
        "\n## `CONNECTORS__` of credentials and connector-workers\n"
        "[What they are](../libs/connectors/README.md#endpoints-and-operators-keys) for each system.\n\n"
        + _table(list(_leaves(ConnectorSettings)))
    )
    return "".join([HEAD, REQUIRED, "\n", _required(), *shared, *own, connectors, OTHERS])


def required_of(service: str) -> list[str]:
    """Without the prefix, and with AppRole's two where the service has a vault."""
    found = list(_leaves(_model(service)))
    return [each.name for each in found if each.required or each.name in CONDITIONAL]


def prefix_of(service: str) -> str:
    return str(_model(service).model_config["env_prefix"])


def _required() -> str:
    needed = {service: required_of(service) for service in SERVICES}
    names = dict.fromkeys(name for names in needed.values() for name in names)
    rows = "".join(
        f"| `{name}` | {' | '.join('✓' if name in needed[each] else '' for each in SERVICES)} |\n"
        for name in names
    )
    heads = " | ".join(f"`{prefix_of(service)}`" for service in SERVICES)
    return f"| | {heads} |\n{'|---' * (len(SERVICES) + 1)}|\n{rows}"


def _of_shared(prefix: str) -> list[Setting]:
    """As the first service that has them; all use the same model."""
    everywhere = (
        each for service in SERVICES for each in _leaves(_model(service)) if each.name.startswith(prefix)
    )
    return [*{each.name: each for each in everywhere}.values()]


def _own(service: str) -> str:
    own = [each for each in _leaves(_model(service)) if not each.name.startswith(tuple(SHARED))]
    return f"\n## `{prefix_of(service)}`\n\n{_table(own)}" if own else ""


def _table(settings: list[Setting]) -> str:
    rows = "".join(f"| `{each.name}` | {each.default} | {each.meaning} |\n" for each in settings)
    return f"| setting | default | |\n|---|---|---|\n{rows}"


def _model(service: str) -> type[BaseSettings]:
    model: type[BaseSettings] = import_module(f"{service.replace('-', '_')}.settings").Settings
    return model


def _leaves(model: type[BaseModel], path: str = "", *, needed: bool = True) -> Iterator[Setting]:
    for name, field in model.model_fields.items():
        kind, here, required = field.annotation, f"{path}{name.upper()}", needed and field.is_required()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _leaves(kind, f"{here}__", needed=required)
        else:
            yield Setting(here, field, required)


def _is_choice(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is Literal


def _bounds(field: FieldInfo) -> str:
    words = {"ge": "from {}", "gt": "above {}", "le": "to {}"}
    found = [
        text.format(f"{getattr(one, name):g}")
        for one in field.metadata
        for name, text in words.items()
        if isinstance(getattr(one, name, None), int | float)
    ]
    return f"({', '.join(found)})" if found else ""


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return str(list(value))
    return f"{value:g}" if isinstance(value, float) else str(value)
