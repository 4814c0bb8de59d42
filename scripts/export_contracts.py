"""Writes what follows from the code: JSON Schemas, AsyncAPI and OpenAPI documents, tables of pages.

`--check` writes nothing and exits with 1 when a committed file differs; `--release` freezes today's schemas.
"""

import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from faststream.specification.asyncapi import AsyncAPI
from kafka_access_page import kafka_access_page
from metrics_table import metrics_page
from provider_tables import providers_page
from pydantic.json_schema import models_json_schema
from settings_page import SERVICES, prefix_of, settings_page
from sync_contracts.codes import SENTENCES
from sync_contracts.event import Event, Meta
from sync_contracts.examples import EXAMPLES
from sync_contracts.requests import SyncRequest
from sync_contracts.runs import RunAccepted, RunRejected, SyncCompleted
from sync_contracts.topics import EVENTS

ROOT = Path(__file__).parent.parent
SCHEMAS = ROOT / "schemas"
TABLES_BEGIN, TABLES_END = "<!-- tables: begin -->", "<!-- tables: end -->"

ANY_SETTINGS = {
    "KAFKA__BOOTSTRAP_SERVERS": "localhost:9092",
    "MONGO__URL": "mongodb://localhost",
    "MONGO__DATABASE": "any",
    "VAULT__ADDRESS": "http://localhost:8200",
    "VAULT__ROLE_ID": "any",
    "VAULT__SECRET_ID_FILE": "/dev/null",
    "USERS__ISSUER": "https://issuer.example",
    "USERS__JWKS_URL": "https://issuer.example/jwks",
    "HTTP__PORT": "0",
    "CREDENTIALS_URL": "http://localhost:8001",
    "PUBLIC_URL": "http://localhost:8002",
}

SCHEMA_REF = "#/components/schemas/{model}"
HEAD = "| field | type and bounds | required | example |\n|---|---|---|---|"

Json = dict[str, Any]


def main() -> int:
    files = dict(exports())
    if "--release" in sys.argv:
        files |= dict(released())
    if "--check" in sys.argv:
        differing = [path for path, text in files.items() if not path.exists() or path.read_text() != text]
        for path in differing:
            print(f"{path.relative_to(ROOT)} does not equal the code's: run `make contracts`")
        return 1 if differing else 0
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return 0


def exports() -> list[tuple[Path, str]]:
    schemas = [
        (SCHEMAS / "generated" / f"{event.topic}.schema.json", _json(schema(event))) for event in EVENTS
    ]
    apps = {service: _unconnected(service) for service in SERVICES}
    channels = {service: _asyncapi(service, app) for service, app in apps.items()}
    apis = [entry for service in SERVICES for entry in _apis(service, apps[service], channels[service])]
    pages = [
        (SCHEMAS / "README.md", _readme()),
        (ROOT / "docs" / "providers.md", providers_page()),
        (ROOT / "docs" / "metrics.md", metrics_page()),
        (ROOT / "docs" / "settings.md", settings_page()),
        (ROOT / "docs" / "kafka-access.md", kafka_access_page(channels)),
    ]
    return [*schemas, *apis, *pages]


def released() -> list[tuple[Path, str]]:
    """The frozen state: each message's schema and one sample of it."""
    folder = SCHEMAS / "released"
    samples = [
        (folder / f"{event.topic}.sample.json", event.model_dump_json(indent=2) + "\n") for event in EXAMPLES
    ]
    return [(folder / f"{event.topic}.schema.json", _json(schema(event))) for event in EVENTS] + samples


def schema(event: type[Event]) -> Json:
    """What a writer may send for requests; what we send for everything else."""
    found = event.model_json_schema(mode="validation" if issubclass(event, SyncRequest) else "serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"ledgerbus:{event.topic}",
    } | found


def _apis(service: str, app: FastAPI, channels: Json) -> list[tuple[Path, str]]:
    folder = SCHEMAS / "generated"
    return [
        (folder / "asyncapi" / f"{service}.json", _json(channels)),
        (folder / "openapi" / f"{service}.json", _json(app.openapi())),
    ]


def _asyncapi(service: str, app: FastAPI) -> Json:
    document = AsyncAPI(app.state.broker, title=f"ledgerbus {service}", version="1").to_specification()
    return _with_messages(document.to_jsonable())


def _with_messages(document: Json) -> Json:
    """Each channel with the message it carries, where a handler takes those of several."""
    parts = document["components"]
    messages = {name.partition(":")[0]: message for name, message in parts["messages"].items()}
    carried = [event for event in EVENTS if event.topic in messages]
    for event in carried:
        messages[event.topic]["payload"] = {"$ref": SCHEMA_REF.format(model=event.__name__)}
    _, shapes = models_json_schema([(event, "validation") for event in carried], ref_template=SCHEMA_REF)
    wanted = {message["payload"]["$ref"].rpartition("/")[2] for message in messages.values()}
    others = {name: shape for name, shape in parts["schemas"].items() if name in wanted}
    return document | {"components": parts | {"schemas": others | shapes["$defs"]}}


def _unconnected(service: str) -> FastAPI:
    """The service as it would be wired; nothing connects before it starts."""
    package = service.replace("-", "_")
    before = dict(os.environ)
    os.environ |= {f"{prefix_of(service)}{name}": value for name, value in ANY_SETTINGS.items()}
    try:
        settings = import_module(f"{package}.settings").Settings()
    finally:  # whoever asks goes on, and starts processes
        os.environ.clear()
        os.environ |= before
    app: FastAPI = import_module(f"{package}.app").build_app(settings)
    return app


def _json(content: object) -> str:
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _readme() -> str:
    text = (SCHEMAS / "README.md").read_text()
    head, rest = text.split(TABLES_BEGIN)
    tail = rest.split(TABLES_END)[1]
    wanted = [
        event for event in EVENTS if issubclass(event, (SyncRequest, RunAccepted, RunRejected, SyncCompleted))
    ]
    tables = "\n".join([_meta_table(), *(_message_table(event) for event in wanted)])
    return f"{head}{TABLES_BEGIN}\n\n{tables}\n{_codes_table()}\n{TABLES_END}{tail}"


def _meta_table() -> str:
    sample = json.loads(EXAMPLES[0].meta.model_dump_json())
    rows = _field_rows(Meta.model_json_schema(mode="validation"), sample)
    return f"### `meta` of every message\n\n{HEAD}\n{rows}"


def _message_table(event: type[Event]) -> str:
    sample = next(example for example in EXAMPLES if type(example) is event)
    rows = _field_rows(schema(event), json.loads(sample.model_dump_json()))
    doc = (event.__doc__ or "").strip()
    return f"### `{event.topic}`\n\n{doc}\n\n{HEAD}\n{rows}"


def _field_rows(root: Json, sample: Json) -> str:
    required = set(root.get("required", []))
    return "".join(
        _rows(name, body, root, name in required, sample.get(name))
        for name, body in root["properties"].items()
    )


def _rows(path: str, body: Json, root: Json, required: bool, value: Any) -> str:
    inner = _target(body, root)
    note = body.get("description") or inner.get("description", "")
    kind = _kind(inner, root) + (f". {note}" if note else "")
    item = _target(inner.get("items", {}), root)
    holder, suffix = (item, "[].") if "properties" in item else (inner, ".")
    fields = {} if path == "meta" else holder.get("properties", {})
    shown = "" if fields or value is None or path == "meta" else f"`{json.dumps(value, ensure_ascii=False)}`"
    cells = [f"`{path}`", kind, "yes" if required else "no", shown]
    text = "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
    below = value[0] if isinstance(value, list) and value else value
    for name, field in fields.items():
        sample = below.get(name) if isinstance(below, dict) else None
        text += _rows(f"{path}{suffix}{name}", field, root, name in holder.get("required", []), sample)
    return text


def _target(body: Json, root: Json) -> Json:
    choices = [choice for choice in body.get("anyOf", []) if choice.get("type") != "null"]
    body = choices[0] if len(choices) == 1 else body
    return dict(root["$defs"][body["$ref"].rsplit("/", 1)[-1]]) if "$ref" in body else body


def _kind(body: Json, root: Json) -> str:
    if "enum" in body:
        return "one of " + ", ".join(f"`{value}`" for value in body["enum"])
    kind = body.get("format") or body.get("type", "value")
    if kind == "array":
        kind = f"list of {_kind(_target(body.get('items', {}), root), root)}"
    names = {
        "minLength": "at least {} long",
        "maxLength": "at most {} long",
        "minimum": "from {}",
        "maximum": "to {}",
    }
    names |= {"minItems": "at least {}", "maxItems": "at most {}", "pattern": "matches `{}`"}
    bounds = [text.format(body[name]) for name, text in names.items() if name in body]
    return ", ".join([str(kind), *bounds])


def _codes_table() -> str:
    kinds = {"RefusalCode": "refused", "ProblemCode": "skipped, failed", "WaitReason": "waiting"}
    rows = "".join(
        f"| `{code}` | {kinds[type(code).__name__]} | {text} |\n" for code, text in SENTENCES.items()
    )
    return f"### Codes\n\n| code | when | what to do |\n|---|---|---|\n{rows}"


if __name__ == "__main__":
    sys.exit(main())
