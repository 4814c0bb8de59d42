"""Settings by which connectors ask the sandbox instead of the accounting systems."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
from connectors.registry import CONNECTORS
from sync_contracts.providers import Provider


async def connector_settings(sandbox: str, callback: str) -> Mapping[str, str]:
    """The sandbox's addresses and the operator's keys it gives out; consents come back to `callback`."""
    async with httpx.AsyncClient(base_url=sandbox, trust_env=False, timeout=30) as client:
        accounts: list[dict[str, Any]] = (await client.get("/_accounts")).raise_for_status().json()
    endpoints: dict[str, dict[str, str]] = {}
    operators: dict[str, dict[str, str]] = {}
    for account in accounts:
        provider = Provider(account["provider"])
        endpoints.setdefault(provider, {}).update(account["endpoints"])
        given = account["credentials"] | {"redirect_uri": callback}
        wanted = {entry.name for entry in CONNECTORS[provider].form.operator_fields}
        operators.setdefault(provider, {}).update({name: given[name] for name in wanted & given.keys()})
    return {
        "CONNECTORS__ENDPOINTS": json.dumps(endpoints),
        "CONNECTORS__OPERATORS": json.dumps(operators),
    }
